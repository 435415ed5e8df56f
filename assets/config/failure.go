package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

var retrySchema = schema{
	args: []string{"on", "max_attempts", "delay", "backoff", "max_delay"},
	instead: map[string]string{
		"attempts":    "How many attempts there are, the first included, is `max_attempts`.",
		"retries":     "How many attempts there are, the first included, is `max_attempts`.",
		"max_retries": "How many attempts there are, the first included, is `max_attempts`.",
		"jitter":      "Each pause is random already: from none at all to what `delay` and `backoff` give.",
		"timeout":     "How long one attempt may take is an argument of the asset, `timeout`; all of them together, `max_runtime`.",
		"max_runtime": "It is an argument of the asset, beside the retry blocks.",
		"classes":     "Which errors the block is about is `on`.",
		"class":       "Which errors the block is about is `on`.",
	},
}

var inputSchema = schema{args: []string{"on_failure"}}

var callbackSchema = schema{
	args: []string{"command", "on", "timeout"},
	instead: map[string]string{
		"url":    "A callback is a command. It may be one that posts: command = [\"curl\", \"--json\", \"@-\", \"https://…\"].",
		"shell":  "A command is a program and its arguments: command = [\"sh\", \"-c\", \"…\"].",
		"events": "What it is told of is `on`.",
	},
}

const (
	mostAttempts       = 100
	defaultMaxDelay    = 5 * time.Minute
	defaultCallbackMax = 30 * time.Second
	longestCallback    = time.Hour
)

// readFailure reads what happens when an attempt fails, of an asset or of the defaults:
// blocks of a type that are given replace those of otherwise whole.
func (l *loader) readFailure(a *args, b *hclsyntax.Block, otherwise assets.Failure) assets.Failure {
	f := otherwise
	if blocks := blocksOf(b.Body, "retry"); len(blocks) > 0 {
		f.Retry = l.readRetries(a.s, blocks, a.what)
	}
	if blocks := blocksOf(b.Body, "callback"); len(blocks) > 0 {
		f.Callbacks = nil
		for _, cb := range blocks {
			if c, ok := l.readCallback(a.s, cb, "the callback block of "+a.what); ok {
				f.Callbacks = append(f.Callbacks, c)
			}
		}
	}
	if a.has("timeout") {
		f.Timeout = a.limit("timeout", "How long may one attempt take? Leave it out if there is no limit.")
	}
	if a.has("max_runtime") {
		f.MaxRuntime = a.limit("max_runtime", "How long may all attempts and the pauses between them take together? Leave it out if there is no limit.")
	}
	if f.MaxRuntime > 0 && f.MaxRuntime < f.Timeout {
		name := "max_runtime"
		if !a.has(name) {
			name = "timeout"
		}
		a.wrong(name, "\"max_runtime\" is shorter than \"timeout\"", fmt.Sprintf("All attempts together may take %s, and one of them alone %s. Give them more time, or the one less.", f.MaxRuntime, f.Timeout))
	}
	if a.has("on_failure") {
		f.OnFailure = a.onFailure([]assets.OnFailure{assets.Block, assets.UseLastGood, assets.StopRun})
	}
	return f
}

// limit reads a duration that is longer than none.
func (a *args) limit(name, why string) time.Duration {
	d, ok := a.duration(name)
	if ok && d == 0 {
		a.wrong(name, fmt.Sprintf("%q must be longer than nothing", name), why)
	}
	return d
}

func (a *args) onFailure(known []assets.OnFailure) assets.OnFailure {
	text := a.filled("on_failure")
	if text == "" || slices.Contains(known, assets.OnFailure(text)) {
		return assets.OnFailure(text)
	}
	a.wrong("on_failure", fmt.Sprintf("Unknown way %q to go on after a failure", text), choice(known, text))
	return ""
}

// choice says what an argument may be, and which of it may have been meant.
func choice[T ~string](known []T, text string) string {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	return "There are " + list(names) + didYouMean(text, names, ".")
}

// readRetries reads all retry blocks of an asset or of the defaults.
func (l *loader) readRetries(s *scope, blocks []*hclsyntax.Block, of string) []assets.Retry {
	var all []assets.Retry
	for _, b := range blocks {
		r, ok := l.readRetry(s, b, "the retry block of "+of)
		if !ok {
			continue
		}
		fresh := slices.ContainsFunc(assets.ErrorClasses(), func(c assets.ErrorClass) bool {
			return r.Covers(c) && assets.RetryFor(all, c) == nil
		})
		if !fresh {
			l.report(problem(b.DefRange(), "This retry block is never used", "Of several blocks the first counts that is about an error, and others before this one are about all of its errors. Take it out, put it first, or give those before it other classes with `on`."))
		}
		all = append(all, r)
	}
	return all
}

func (l *loader) readRetry(s *scope, b *hclsyntax.Block, what string) (r assets.Retry, ok bool) {
	l.noLabels(b)
	l.fits(b.Body, retrySchema, what)
	a := l.args(s, b.Body, what)
	r = assets.Retry{MaxAttempts: 3, Delay: 5 * time.Second, Backoff: 2, Decl: b.DefRange()}
	ok = true
	if a.has("on") {
		texts := a.texts("on")
		for i, text := range texts {
			class := assets.ErrorClass(text)
			if !slices.Contains(assets.ErrorClasses(), class) {
				l.report(problem(a.item("on", i), fmt.Sprintf("Unknown class of errors %q", text), choice(assets.ErrorClasses(), text)))
				ok = false
				continue
			}
			r.On = append(r.On, class)
		}
		if texts != nil && len(texts) == 0 {
			a.wrong("on", "\"on\" is empty", "Name the classes of errors that the block is about, or leave it out for those that may pass by themselves: lock, io, timeout and command.")
		}
		ok = ok && len(r.On) > 0
	}
	if n := a.count("max_attempts"); n != nil {
		if *n < 1 || *n > mostAttempts {
			a.wrong("max_attempts", "\"max_attempts\" is out of range", fmt.Sprintf("It counts all attempts of a run, the first included: from 1, which means no second one, to %d.", mostAttempts))
			ok = false
		}
		r.MaxAttempts = int(*n)
	}
	if d, given := a.duration("delay"); given {
		r.Delay = d
	}
	if f, given := a.positive("backoff"); given {
		if f < 1 {
			a.wrong("backoff", "\"backoff\" is out of range", "Each pause is up to so many times as long as the one before: 1 or more.")
			ok = false
		}
		r.Backoff = f
	}
	r.MaxDelay = max(defaultMaxDelay, r.Delay)
	if d, given := a.duration("max_delay"); given {
		if r.MaxDelay = d; d < r.Delay {
			a.wrong("max_delay", "\"max_delay\" is shorter than \"delay\"", fmt.Sprintf("No pause is longer than max_delay, and the first may be as long as delay, which is %s.", r.Delay))
			ok = false
		}
	}
	return r, ok
}

// readInputs reads what an asset says of assets that it reads.
func (l *loader) readInputs(a *args, b *hclsyntax.Block) []assets.InputRule {
	var rules []assets.InputRule
	for _, ib := range blocksOf(b.Body, "input") {
		text, ok := l.label(ib, "name")
		if !ok {
			continue
		}
		what := fmt.Sprintf("input %q of %s", text, a.what)
		l.fits(ib.Body, inputSchema, what)
		name, err := assets.ParseName(text)
		if err != nil {
			l.report(problem(ib.LabelRanges[0], "Invalid name", sentence(err.Error())))
			continue
		}
		if slices.ContainsFunc(rules, func(r assets.InputRule) bool { return r.Name == name }) {
			l.report(problem(ib.DefRange(), fmt.Sprintf("Duplicate input block %q", name), "Put everything about the input into the first."))
			continue
		}
		l.refer(reference{name: name, at: ib.LabelRanges[0], assetOnly: true})
		ia := l.args(a.s, ib.Body, what)
		if !ia.has("on_failure") {
			l.report(problem(ib.DefRange(), "Missing argument \"on_failure\"", fmt.Sprintf("Say what becomes of %s while this input cannot be built: on_failure = \"use_last_good\".", a.what)))
			continue
		}
		rules = append(rules, assets.InputRule{Name: name, OnFailure: ia.onFailure([]assets.OnFailure{assets.Block, assets.UseLastGood}), Decl: ib.DefRange()})
	}
	return rules
}

func (l *loader) readCallback(s *scope, b *hclsyntax.Block, what string) (c assets.Callback, ok bool) {
	l.noLabels(b)
	l.fits(b.Body, callbackSchema, what)
	a := l.args(s, b.Body, what)
	c = assets.Callback{On: []assets.CallbackEvent{assets.OnFailed}, Timeout: defaultCallbackMax, Decl: b.DefRange()}
	ok = true
	if a.has("on") {
		c.On = nil
		known := []assets.CallbackEvent{assets.OnFailed, assets.OnSucceeded, assets.OnRetry}
		texts := a.texts("on")
		for i, text := range texts {
			if !slices.Contains(known, assets.CallbackEvent(text)) {
				l.report(problem(a.item("on", i), fmt.Sprintf("Unknown event %q", text), choice(known, text)))
				ok = false
				continue
			}
			c.On = append(c.On, assets.CallbackEvent(text))
		}
		if texts != nil && len(texts) == 0 {
			a.wrong("on", "\"on\" is empty", "Name what the command is told of, or leave it out: then it is what failed.")
			ok = false
		}
	}
	if d, given := a.duration("timeout"); given {
		if d == 0 || d > longestCallback {
			a.wrong("timeout", "\"timeout\" is out of range", `It is how long the command may take: more than nothing, and at most "1h".`)
			ok = false
		}
		c.Timeout = d
	}
	if !a.has("command") {
		l.report(problem(b.DefRange(), "Missing argument \"command\"", "Name a program and its arguments, which gets the event as JSON on its standard input: command = [\"./tell.sh\", \"oncall\"]."))
		return c, false
	}
	c.Command = a.argv("command")
	return c, ok && len(c.Command) > 0
}
