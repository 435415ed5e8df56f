package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/seed-4311623e/assets/assets"
)

// What holds for a notify block that says nothing else. The first two are Alertmanager's.
const (
	defaultGroupWait      = 30 * time.Second
	defaultRepeatInterval = 4 * time.Hour
	defaultLongRunning    = 3
	defaultDiskFull       = 90
)

// leastRepeatInterval keeps a slip in a unit from flooding people.
const leastRepeatInterval = time.Minute

var notifyTargets = []string{"slack", "email", "pagerduty", "webhook", "command"}

var notifySchema = schema{
	args: []string{"events", "severity", "owners", "tags", "assets", "group_by", "group_wait", "repeat_interval", "resolve",
		"long_running", "disk_full"},
	blocks: notifyTargets,
	later:  []string{"teams", "sns", "opsgenie", "mute", "template"},
	instead: map[string]string{
		"owner": "Give a list of them: owners = [\"finance@example.com\"].", "tag": "Give a list of them: tags = [\"finance\"].",
		"asset": "Give a list of them: assets = [\"mart.*\"].", "event": "Give a list of them: events = [\"asset_failed\"].",
		"send_resolved": "That the end is told, too, says `resolve`.", "group_interval": "How long a message waits for others to go with it says `group_wait`.",
		"type": "Say whom to tell with a block: slack { … }, email { … }, pagerduty { … }, webhook { … } or command { … }.",
	},
}

// loadNotify reads the notify blocks.
func (l *loader) loadNotify() {
	first := map[string]*assets.Notify{}
	for _, f := range l.files {
		for _, b := range f.blocks("notify") {
			n := l.readNotify(l.scopeOf(f.dir), b)
			switch before := first[n.Name]; {
			case n.Name == "":
			case before != nil:
				l.duplicate(fmt.Sprintf("notify %q", n.Name), before.Decl, n.Decl)
			default:
				first[n.Name] = n
				l.project.Notify = append(l.project.Notify, n)
			}
		}
	}
}

func (l *loader) readNotify(s *scope, b *hclsyntax.Block) *assets.Notify {
	n := &assets.Notify{Decl: b.DefRange()}
	what := "the notify block"
	if label, ok := l.label(b, "name"); ok {
		what = fmt.Sprintf("notify %q", label)
		if n.Name = label; !connectionName.MatchString(label) {
			n.Name = ""
			l.report(problem(b.LabelRanges[0], fmt.Sprintf("Invalid name %q", label), "The name of a notify block is lower-case letters, digits and underscores, and does not begin with a digit."))
		}
	}
	l.fits(b.Body, notifySchema, what)
	l.readTarget(s, b, n, what)

	a := l.args(s, b.Body, what)
	n.Events = oneOfEach(a, "events", "event", assets.AlertEvents)
	n.Severity = assets.Warn
	if severity := a.filled("severity"); severity != "" {
		if n.Severity = assets.Severity(severity); n.Severity != assets.Warn && n.Severity != assets.Error {
			a.wrong("severity", fmt.Sprintf("Unknown severity %q", severity), `Say from which one on it is told: "warn", which is everything, or "error".`)
		}
	}
	n.Owners, n.Tags, n.Assets = a.texts("owners"), a.texts("tags"), a.texts("assets")
	l.routes(a, n)

	n.GroupBy = []assets.GroupBy{assets.ByRun}
	if a.has("group_by") {
		n.GroupBy = oneOfEach(a, "group_by", "trait", []assets.GroupBy{assets.ByEvent, assets.ByAsset, assets.ByOwner, assets.ByRun})
		if n.PagerDuty != nil {
			a.wrong("group_by", "PagerDuty groups alerts itself", "Each alert is an event of its own there, so that each can be resolved. Leave `group_by` out.")
		}
	}
	n.GroupWait, n.RepeatInterval = defaultGroupWait, defaultRepeatInterval
	if wait, ok := a.duration("group_wait"); ok {
		if n.GroupWait = wait; wait < 0 || wait > time.Hour {
			a.wrong("group_wait", "\"group_wait\" is out of range", `It is how long a message waits for others to go with it: "0s" for none, and at most "1h".`)
		}
	}
	if interval, ok := a.duration("repeat_interval"); ok {
		if n.RepeatInterval = interval; interval < leastRepeatInterval {
			a.wrong("repeat_interval", "\"repeat_interval\" is out of range", `It is after what time you are told again of what still goes on: at least "1m".`)
		}
	}
	n.Resolve = a.boolean("resolve", true)
	n.LongRunning, n.DiskFull = a.factor("long_running", defaultLongRunning), defaultDiskFull
	if used := a.count("disk_full"); used != nil {
		if n.DiskFull = int(*used); *used < 1 || *used > 100 {
			a.wrong("disk_full", "\"disk_full\" is out of range", "It is how many percent of the disk are used when it is nearly full: from 1 to 100.")
		}
	}
	return n
}

// factor reads a number greater than 1.
func (a *args) factor(name string, otherwise float64) float64 {
	v, ok := a.value(name)
	if !ok {
		return otherwise
	}
	if v, err := convert.Convert(v, cty.Number); err == nil {
		if f, _ := v.AsBigFloat().Float64(); f > 1 && f < 1e6 {
			return f
		}
	}
	a.must(name, "a number greater than 1")
	return otherwise
}

// oneOfEach reads a list of words, each of which has to be known.
func oneOfEach[T ~string](a *args, name, kind string, known []T) []T {
	var words []string
	for _, word := range known {
		words = append(words, string(word))
	}
	var chosen []T
	for i, text := range a.texts(name) {
		if !slices.Contains(words, text) {
			a.s.l.report(problem(a.item(name, i), fmt.Sprintf("Unknown %s %q", kind, text), "There are "+list(words)+didYouMean(text, words, ".")))
			continue
		}
		chosen = append(chosen, T(text))
	}
	if a.has(name) && chosen == nil && len(words) > 0 {
		if v, ok := a.eval(name); ok && v.CanIterateElements() && v.LengthInt() == 0 {
			a.wrong(name, fmt.Sprintf("%q is empty", name), "Leave it out for what it is by default.")
		}
	}
	return chosen
}

// routes reports owners, tags and selectors that nothing has: who relies on such an alert
// would wait for it in vain.
func (l *loader) routes(a *args, n *assets.Notify) {
	owners, tags := map[string]bool{}, map[string]bool{}
	for _, s := range l.project.Sources {
		owners[s.Owner] = true
		addAll(tags, s.Tags)
	}
	for _, asset := range l.project.Assets {
		owners[asset.Owner] = true
		addAll(tags, asset.Tags)
	}
	known := func(kind, word string, of map[string]bool) string {
		if of[word] || l.unparsed || len(l.unread.Names)+len(l.unread.Prefixes) > 0 { // it may stand there
			return ""
		}
		return "Nobody would ever be told" + didYouMean(word, slices.Sorted(maps.Keys(of)), fmt.Sprintf(": no source and no asset has this %s.", kind))
	}
	for i, owner := range n.Owners {
		if why := known("owner", owner, owners); why != "" {
			l.report(problem(a.item("owners", i), fmt.Sprintf("Nothing has the owner %q", owner), why))
		}
	}
	for i, tag := range n.Tags {
		if why := known("tag", tag, tags); why != "" {
			l.report(problem(a.item("tags", i), fmt.Sprintf("Nothing has the tag %q", tag), why))
		}
	}
	for i, selector := range n.Assets {
		base := strings.TrimSuffix(strings.TrimPrefix(selector, "+"), "+")
		tag, isTag := strings.CutPrefix(base, "tag:")
		owner, isOwner := strings.CutPrefix(base, "owner:")
		switch name, err := assets.ParseName(base); {
		case isTag:
			if why := known("tag", tag, tags); why != "" {
				l.report(problem(a.item("assets", i), fmt.Sprintf("Nothing has the tag %q", tag), why))
			}
		case isOwner:
			if why := known("owner", owner, owners); why != "" {
				l.report(problem(a.item("assets", i), fmt.Sprintf("Nothing has the owner %q", owner), why))
			}
		case strings.ContainsAny(base, "*?[{"):
		case err != nil:
			l.report(problem(a.item("assets", i), "Invalid selector", sentence(err.Error())))
		default:
			l.refer(reference{name: name, at: a.item("assets", i), orGroup: true})
		}
	}
}

func addAll(to map[string]bool, words []string) {
	for _, word := range words {
		to[word] = true
	}
}
