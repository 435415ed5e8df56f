package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// WhyJSON is the document of `why -json`: the state of one asset, the chain of
// its causes, and what the visible version was made from.
type WhyJSON struct {
	FormatVersion string `json:"format_version"`
	CauseJSON
	Last   *LastJSON             `json:"last,omitempty"`
	Reads  []ReadJSON            `json:"reads"`
	Checks []planner.CheckResult `json:"checks"`
	Error  string                `json:"error,omitempty"` // of the latest attempt, if that failed
	// Retry is when a failed attempt is made again by itself.
	Retry   *time.Time   `json:"retry,omitempty"`
	Failure *FailureJSON `json:"failure,omitempty"`
	// Timing is missing of sources and of what left the project.
	Timing *TimingJSON `json:"timing,omitempty"`

	now time.Time
}

// CauseJSON is one link of a chain of causes. What stands under causes explains
// the reasons beside it; an input explained before has none again.
type CauseJSON struct {
	Name          assets.Name      `json:"name"`
	Kind          string           `json:"kind"` // asset or source
	State         string           `json:"state,omitempty"`
	Action        string           `json:"action,omitempty"`
	Reasons       []planner.Reason `json:"reasons"`
	ConditionalOn []assets.Name    `json:"conditional_on,omitempty"`
	Version       assets.Digest    `json:"version,omitempty"` // current
	Read          assets.Digest    `json:"read,omitempty"`    // what the asset above was built from
	Arrived       *time.Time       `json:"arrived,omitempty"`
	Error         string           `json:"error,omitempty"`
	Fails         string           `json:"fails,omitempty"` // the checks that a source fails
	Causes        []CauseJSON      `json:"causes"`

	step planner.Step
	seen bool
}

// ReadJSON is what the visible version was made from.
type ReadJSON struct {
	Input   assets.Name   `json:"input"`
	Version assets.Digest `json:"version"`
	Current assets.Digest `json:"current,omitempty"`
	Columns []string      `json:"columns"`
	// Order says that the order of the input's rows was read, too.
	Order bool `json:"order,omitempty"`
}

// NewWhy explains the state of the named source or asset.
func NewWhy(in planner.Input, plan planner.Plan, name assets.Name) WhyJSON {
	e := explainer{in, Steps(plan), map[assets.Name]bool{}}
	doc := WhyJSON{FormatVersion: FormatVersion, CauseJSON: e.cause(name), Reads: []ReadJSON{}, Checks: []planner.CheckResult{}, now: in.Now}
	if in.Project.Sources[name] != nil {
		if verdict, judged := in.Verdict(name); judged {
			doc.Checks = append(doc.Checks, verdict.Checks...)
		}
		return doc
	}
	key := planner.Key{Asset: name}
	last, published := in.State.Last[key]
	if published {
		doc.Last = newLast(last)
		doc.Checks = append(doc.Checks, last.Checks...)
		for _, input := range assets.SortedNames(last.Reads) {
			read := last.Reads[input]
			doc.Reads = append(doc.Reads, ReadJSON{
				Input: input, Version: read.Version, Current: e.current(input),
				Columns: append([]string{}, lineage.WithoutOrder(read.Columns)...), Order: slices.Contains(read.Columns, lineage.RowOrder),
			})
		}
	}
	if failed, ok := in.State.Failed[key]; ok && doc.State == "failed" {
		doc.Error, doc.Retry, doc.Checks = failed.Err, moment(failed.Retry), append([]planner.CheckResult{}, failed.Checks...)
		doc.Failure = newFailure(failed)
	}
	doc.Timing = newTiming(in, doc.step)
	return doc
}

// explainer walks from an asset to what its state is due to.
type explainer struct {
	in    planner.Input
	steps map[assets.Name]planner.Step
	seen  map[assets.Name]bool
}

// current is the version of a source or asset that is there now.
func (e explainer) current(name assets.Name) assets.Digest {
	if e.in.Project.Sources[name] != nil {
		return e.in.Observed[name].ID
	}
	return e.in.State.Last[planner.Key{Asset: name}].Made.ID
}

func (e explainer) cause(name assets.Name) CauseJSON {
	c := CauseJSON{Name: name, Kind: "asset", Version: e.current(name), Reasons: []planner.Reason{}, Causes: []CauseJSON{}, seen: e.seen[name]}
	if e.in.Project.Sources[name] != nil {
		seen := e.in.Observed[name]
		c.Kind, c.Arrived, c.Error = "source", moment(seen.Arrived), seen.Err
		if verdict, judged := e.in.Verdict(name); judged && !verdict.Accepted() {
			c.Fails = verdict.Failures()
		}
		return c
	}
	step, known := e.steps[name]
	if !known {
		step.Asset = name
	}
	c.step = step
	c.State, c.Action, c.ConditionalOn = StateOf(step), step.Action.String(), step.ConditionalOn
	c.Reasons = append(c.Reasons, step.Reasons...)
	node := e.in.Graph.Nodes[name]
	if c.seen || node == nil {
		return c
	}
	e.seen[name] = true
	last := e.in.State.Last[step.Key]
	for _, input := range node.Inputs {
		read := last.Reads[input].Version
		moved := last.ID != "" && read != e.current(input)
		unseen := e.in.Observed[input].Err != ""
		if verdict, judged := e.in.Verdict(input); judged && !verdict.Accepted() {
			unseen = true
		}
		if moved || unseen || e.steps[input].Action != planner.None && e.steps[input].Action != 0 {
			cause := e.cause(input)
			cause.Read = read
			c.Causes = append(c.Causes, cause)
		}
	}
	return c
}

// WhyText writes an explanation for people, in lists of at most width columns; 0: of any.
func WhyText(w io.Writer, doc WhyJSON, style Style, width int) {
	if doc.Kind == "source" {
		fmt.Fprintf(w, "%s is a source: observed, never built.\n\n", style.Bold(doc.Name.String()))
		writeCause(w, doc.CauseJSON, 0, doc.now, style)
		writeViolated(w, doc.Checks, style)
		return
	}
	fmt.Fprintf(w, "%s %s.\n\n", style.Bold(doc.Name.String()), paintState(doc.State, stateText(doc), style))
	if doc.State != "fresh" || len(doc.Reasons) > 0 {
		writeCause(w, doc.CauseJSON, 0, doc.now, style)
		fmt.Fprintln(w)
	}
	if doc.Error != "" {
		fmt.Fprintf(w, "The latest attempt failed: %s\n", Sentence(firstLine(doc.Error)))
		writeFailure(w, *doc.Failure, doc.Name, doc.now)
		fmt.Fprintln(w)
	}
	writeTiming(w, doc, style)
	writeLast(w, doc, width)
	writeViolated(w, doc.Checks, style)
}

// writeViolated tells of the checks that did not pass.
func writeViolated(w io.Writer, checks []planner.CheckResult, style Style) {
	for _, check := range checks {
		if check.Status != planner.CheckPassed {
			fmt.Fprintln(w)
			CheckText(w, check, style)
		}
	}
}

func stateText(doc WhyJSON) string {
	switch doc.State {
	case "fresh":
		return "is fresh: it reflects everything it is made from"
	case "missing":
		if doc.Last != nil {
			return "is missing: what was published under its name is gone"
		}
		return "is missing: nothing is published under its name"
	case "changed":
		return "is changed: what is published is not what the project declares"
	case "stale", "behind":
		if doc.step.Action == planner.None && has(doc.step, planner.InputBehind) {
			return "is " + doc.State + ": it reflects no more, as long as an input cannot be built"
		}
	}
	switch doc.State {
	case "stale":
		if doc.Timing != nil && doc.Timing.declared && !doc.step.Due.IsZero() {
			return fmt.Sprintf("is stale: it was due %s (%s)", minute(doc.step.Due), Ago(doc.step.Due, doc.now))
		}
		return "is stale: something it is made from has moved"
	case "behind":
		return "is behind: something it is made from has moved, and it is not due yet"
	case "failed":
		switch {
		case doc.Last == nil:
			return "failed: nothing of it was ever published"
		case onlyFailed(doc.step):
			return "failed: what is published does not pass its checks as they are now"
		}
		return "failed: its last good version stays visible"
	case "removed":
		return "is published, but no longer in the project"
	}
	return "is " + doc.State
}

// onlyFailed reports whether nothing but a failure speaks against what is published:
// it does not need a build, it did not pass its checks.
func onlyFailed(step planner.Step) bool {
	return len(step.Reasons) > 0 && !slices.ContainsFunc(step.Reasons, func(r planner.Reason) bool {
		return r.Code != planner.PreviousFailure && r.Code != planner.ChecksChanged
	})
}

func writeCause(w io.Writer, c CauseJSON, depth int, now time.Time, style Style) {
	indent := strings.Repeat("  ", depth+1)
	if c.Kind == "source" {
		text := "was never seen"
		if c.Version != "" {
			text = "version " + c.Version.Short()
			if c.Arrived != nil {
				text += ", arrived " + Ago(*c.Arrived, now)
			}
			if c.Read != "" && c.Read != c.Version {
				text += ", was " + c.Read.Short() + " when it was read"
			}
		}
		if c.Error != "" {
			text += "; cannot be observed: " + c.Error
		}
		if c.Fails != "" {
			text += "; fails its " + c.Fails
		}
		fmt.Fprintf(w, "%s* %s  %s\n", indent, style.Bold(c.Name.String()), text)
		return
	}
	text := Why(c.step, now)
	if c.Action == "none" && len(c.Reasons) == 0 {
		text = "up to date"
		if c.Read != "" && c.Read != c.Version {
			text = "version " + c.Version.Short() + ", was " + c.Read.Short() + " when it was read"
		}
	}
	if c.seen {
		text += " (explained above)"
	}
	fmt.Fprintf(w, "%s%s %s  %s\n", indent, style.symbol(c.step.Action), style.Bold(c.Name.String()), text)
	for _, cause := range c.Causes {
		writeCause(w, cause, depth+1, now, style)
	}
}

// columnsRead lists what was read of an input.
func columnsRead(columns []string, order bool) string {
	text := strings.Join(columns, ", ")
	if order {
		text = strings.TrimPrefix(text+", and the order of its rows", ", ")
	}
	return text
}

// writeLast tells what the visible version was made from, in lines of at most width columns; 0: of any.
func writeLast(w io.Writer, doc WhyJSON, width int) {
	if doc.Last == nil {
		fmt.Fprintln(w, "It was never built.")
		return
	}
	last := doc.Last
	text := "The visible version %s was recorded %s (%s) by run %s: %s in %s"
	if doc.State == "missing" {
		text = "What was published last is version %s, recorded %s (%s) by run %s: %s in %s"
	}
	fmt.Fprintf(w, text, last.Version.Short(),
		Ago(last.At, doc.now), Moment(last.At), last.Run, last.made(), Seconds(last.Seconds))
	if len(doc.Reads) == 0 {
		fmt.Fprintln(w, ".")
		return
	}
	fmt.Fprintln(w, ", from")
	t := table{}
	t.add("  INPUT", "VERSION", "NOW", "COLUMNS READ")
	inputs := 0
	for _, read := range doc.Reads {
		inputs = max(inputs, len(read.Input.String()))
	}
	for _, read := range doc.Reads {
		now := "the same"
		if read.Current != read.Version {
			now = read.Current.Short()
		}
		cells := []string{"  " + read.Input.String(), read.Version.Short(), now}
		columns := columnsRead(read.Columns, read.Order)
		if width > 0 {
			columns = wrap(columns, max(20, width-inputs-len("  ")-3*len("  ")-2*len("the same")-1))
		}
		for _, line := range strings.Split(columns, "\n") {
			t.add(append(cells, line)...)
			cells = []string{"", "", ""}
		}
	}
	t.write(w)
}
