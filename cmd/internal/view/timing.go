package view

import (
	"fmt"
	"io"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
	"github.com/seed-4311623e/assets/planner"
)

// TimingJSON is why an asset is built when it is.
type TimingJSON struct {
	BehindSince *time.Time `json:"behind_since,omitempty"`
	Due         *time.Time `json:"due,omitempty"`
	StartBy     *time.Time `json:"start_by,omitempty"`
	// Unreflected are the first versions that it does not reflect, of each source one.
	Unreflected []UnreflectedJSON `json:"unreflected"`
	Policy      []DemandJSON      `json:"policy"`
	// ChainSeconds is how long it takes to build it and what it needs.
	ChainSeconds float64 `json:"chain_seconds,omitempty"`
	// NeededBy is made from it and is to be built before its own policies ask for that.
	NeededBy *assets.Name `json:"needed_by,omitempty"`

	declared bool // some policy
}

// UnreflectedJSON is a version that arrived, or a tick of the schedule of an asset.
type UnreflectedJSON struct {
	Source  assets.Name `json:"source"` // or that asset
	Tick    bool        `json:"tick,omitempty"`
	Arrived time.Time   `json:"arrived"`
}

// DemandJSON is what a policy asks for.
type DemandJSON struct {
	PolicyJSON
	AsksFor *UnreflectedJSON `json:"asks_for,omitempty"` // missing: nothing of what arrived
	Due     *time.Time       `json:"due,omitempty"`
	StartBy *time.Time       `json:"start_by,omitempty"`
}

// newTiming explains a step; nil if its asset is not the project's.
func newTiming(in planner.Input, step planner.Step) *TimingJSON {
	if in.Graph == nil || in.Project.Assets[step.Asset] == nil {
		return nil
	}
	e := planner.Explain(in, step.Asset)
	f := &TimingJSON{
		BehindSince: moment(step.BehindSince), Due: moment(step.Due), StartBy: moment(step.StartBy),
		Unreflected: []UnreflectedJSON{}, Policy: []DemandJSON{}, ChainSeconds: e.Chain.Seconds(),
	}
	for _, u := range e.Unreflected {
		f.Unreflected = append(f.Unreflected, UnreflectedJSON{u.Source, u.Tick, u.Arrived.UTC()})
	}
	for _, d := range e.Demands {
		demand := DemandJSON{PolicyJSON: newPolicy(in.Project, d.Policy), Due: moment(d.Due), StartBy: moment(d.StartBy)}
		if !d.Arrived.Arrived.IsZero() {
			demand.AsksFor = &UnreflectedJSON{d.Arrived.Source, d.Arrived.Tick, d.Arrived.Arrived.UTC()}
		}
		f.Policy = append(f.Policy, demand)
	}
	if len(e.Demands) == 0 {
		for _, p := range newPolicies(in.Project, planner.PoliciesOf(in)[step.Asset]) {
			f.Policy = append(f.Policy, DemandJSON{PolicyJSON: p})
		}
	}
	for _, d := range f.Policy {
		f.declared = f.declared || d.Of != nil || d.Default
	}
	if e.For != (assets.Name{}) {
		f.NeededBy = &e.For
	}
	return f
}

// writeTiming says what arrived, what each policy makes of that, and when the
// build begins. Where nothing is declared and nothing waits there is nothing to say.
func writeTiming(w io.Writer, doc WhyJSON, style Style) {
	f := doc.Timing
	if f == nil || !f.declared && doc.step.Action != planner.Wait {
		return
	}
	fmt.Fprintln(w, style.Bold("Freshness"))
	for _, u := range f.Unreflected {
		fmt.Fprintf(w, "  It does not reflect %s.\n", u.text(doc.now))
	}
	for _, d := range f.Policy {
		fmt.Fprintf(w, "  %s\n", d.text(doc.Name, len(f.Unreflected) > 1, doc.now))
	}
	if sentence := startText(doc); sentence != "" {
		fmt.Fprintf(w, "  %s\n", sentence)
	}
	fmt.Fprintln(w)
}

func (u UnreflectedJSON) text(now time.Time) string {
	what := fmt.Sprintf("what arrived of %s", u.Source)
	if u.Tick {
		what = fmt.Sprintf("the tick of the schedule of %s", u.Source)
	}
	return fmt.Sprintf("%s at %s (%s)", what, minute(u.Arrived), Ago(u.Arrived, now))
}

// text says whose policy it is and when it is due. With several arrivals it names the
// one that it asks for.
func (d DemandJSON) text(of assets.Name, several bool, now time.Time) string {
	var text string
	switch {
	case d.Default:
		text = "The project's default " + d.words()
	case d.Of == nil:
		text = "No policy is declared for it, so nothing may lag"
	case *d.Of == of:
		text = "Its own " + d.words()
	default:
		text = fmt.Sprintf("%s of %s, which is made from it", d.words(), d.Of)
	}
	switch {
	case d.AsksFor == nil:
		return text + ": it asks for nothing now."
	case d.Due == nil:
		return text + ": it never ticks again, so it asks for nothing."
	}
	text += ": due " + clocks(*d.Due, d.Timezone, dueText(d.Due, now))
	if several {
		text += fmt.Sprintf(", for %s", d.AsksFor.Source)
	}
	return text + "."
}

// clocks is a time as the clocks of a zone show it, and in UTC, with a remark.
func clocks(t time.Time, zone, remark string) string {
	location, err := calendar.Zone(zone)
	if err != nil || location == time.UTC {
		return fmt.Sprintf("%s (%s)", minute(t), remark)
	}
	utc := t.UTC().Format("15:04 UTC")
	if t.In(location).Day() != t.UTC().Day() {
		utc = minute(t)
	}
	return fmt.Sprintf("%s %s (%s, %s)", t.In(location).Format("2006-01-02 15:04"), zone, utc, remark)
}

// startText says when the build begins, and why then.
func startText(doc WhyJSON) string {
	f, step := doc.Timing, doc.step
	if step.Action != planner.Wait {
		if f.NeededBy != nil && len(f.Unreflected) > 0 {
			return fmt.Sprintf("%s is to be built, so that this is built with it.", f.NeededBy)
		}
		return ""
	}
	switch {
	case step.StartBy.IsZero():
		return "No policy asks for what arrived: it is built with what is made from it, or by `assets apply -all`."
	case !step.StartBy.After(doc.now):
		return "One run builds no more (max_builds_per_run): it is built by the next one."
	}
	text := fmt.Sprintf("It is started at %s (%s): ", minute(step.StartBy), Ago(step.StartBy, doc.now))
	switch {
	case f.NeededBy != nil:
		text += fmt.Sprintf("%s needs it then", f.NeededBy)
	case f.ChainSeconds > 0 && step.StartBy.Before(step.Due):
		text += fmt.Sprintf("building it and what it needs takes about %s", chainText(time.Duration(f.ChainSeconds*float64(time.Second))))
	default:
		text += "that is when it is due"
	}
	return text + ". `assets apply -all` builds it now."
}
