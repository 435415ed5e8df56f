package view

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Outlook is what is to be expected if history repeats.
type Outlook struct {
	Expected []planner.Repetition
	Forecast planner.Forecast
	Eager    map[assets.Name]int // builds of each asset, if whatever arrives were built at once
}

// HorizonJSON is the document of `plan -horizon`.
type HorizonJSON struct {
	FormatVersion string    `json:"format_version"`
	Project       string    `json:"project"`
	Timezone      string    `json:"timezone"`
	From          time.Time `json:"from,omitzero"`
	Until         time.Time `json:"until,omitzero"`
	// Sources says what of each source's past repeats.
	Sources  []RepetitionJSON     `json:"sources"`
	Expected []ArrivingJSON       `json:"expected"`
	Builds   []ForeseenRunJSON    `json:"builds"`
	Breaches []ForeseenBreachJSON `json:"breaches"`
	Assets   []ForeseenCountJSON  `json:"assets"` // those that are built, the most often built first
	// TotalBuilds are counted per asset; EagerBuilds is how many it would take to build
	// whatever arrives.
	TotalBuilds int              `json:"total_builds"`
	EagerBuilds int              `json:"eager_builds"`
	Diagnostics []DiagnosticJSON `json:"diagnostics"`
}

// RepetitionJSON is how many versions of a source are expected, and by which pattern.
type RepetitionJSON struct {
	Source   assets.Name     `json:"source"`
	Pattern  planner.Pattern `json:"pattern"` // "week", "day", "interval" or "nothing"
	Arrivals int             `json:"arrivals"`
}

// ArrivingJSON is a version that is expected.
type ArrivingJSON struct {
	Source assets.Name `json:"source"`
	At     time.Time   `json:"at"`
}

// ForeseenRunJSON is what begins and is published together.
type ForeseenRunJSON struct {
	Assets []assets.Name `json:"assets"`
	Began  time.Time     `json:"began"`
	Ended  time.Time     `json:"ended"`
	Due    *time.Time    `json:"due,omitempty"` // missing: no policy asks for it
	ForeseenCauseJSON
	Reason string `json:"reason,omitempty"` // it is built for, if nothing arrived
}

// ForeseenCauseJSON is what arrived that is not reflected.
type ForeseenCauseJSON struct {
	Source *assets.Name `json:"source,omitempty"` // or the asset whose schedule ticks
	Tick   bool         `json:"tick,omitempty"`
	Since  *time.Time   `json:"since,omitempty"`
}

// ForeseenBreachJSON is a time in which a policy is expected to be broken.
type ForeseenBreachJSON struct {
	Asset assets.Name `json:"asset"`
	Due   time.Time   `json:"due"`
	Ended *time.Time  `json:"ended,omitempty"` // missing: not before until
	ForeseenCauseJSON
	Cause string `json:"cause"`
}

// ForeseenCountJSON is how often an asset is built.
type ForeseenCountJSON struct {
	Asset       assets.Name `json:"asset"`
	Builds      int         `json:"builds"`
	EagerBuilds int         `json:"eager_builds"`
}

// NoHorizon is the document if nothing can be simulated.
func NoHorizon() HorizonJSON {
	return HorizonJSON{FormatVersion: FormatVersion, Sources: []RepetitionJSON{}, Expected: []ArrivingJSON{}, Builds: []ForeseenRunJSON{},
		Breaches: []ForeseenBreachJSON{}, Assets: []ForeseenCountJSON{}, Diagnostics: []DiagnosticJSON{}}
}

// NewHorizon is the document for what is expected of the assets and sources in shown;
// nil: of all. plan was made from in, from which the outlook is, too.
func NewHorizon(in planner.Input, plan planner.Plan, o Outlook, shown map[assets.Name]bool) HorizonJSON {
	doc := NoHorizon()
	doc.Project, doc.Timezone = in.Project.Name, cmp.Or(in.Project.Timezone, "UTC")
	doc.From, doc.Until = o.Forecast.From.UTC(), o.Forecast.Until.UTC()
	hidden := func(name assets.Name) bool { return shown != nil && !shown[name] }
	var expected []planner.Repetition
	for _, r := range o.Expected {
		if node := in.Graph.Nodes[r.Source]; node != nil && len(node.Readers) > 0 && !hidden(r.Source) {
			expected = append(expected, r)
			doc.Sources = append(doc.Sources, RepetitionJSON{r.Source, r.Pattern, len(r.At)})
		}
	}
	for _, a := range planner.Expected(expected) {
		doc.Expected = append(doc.Expected, ArrivingJSON{a.Source, a.At.UTC()})
	}
	steps := make(map[assets.Name]planner.Step, len(plan.Steps))
	for _, step := range plan.Steps {
		steps[step.Asset] = step
	}
	counts := map[assets.Name]*ForeseenCountJSON{}
	count := func(name assets.Name) *ForeseenCountJSON {
		if counts[name] == nil {
			counts[name] = &ForeseenCountJSON{Asset: name}
		}
		return counts[name]
	}
	for _, b := range o.Forecast.Builds {
		if !hidden(b.Asset) {
			doc.TotalBuilds++
			count(b.Asset).Builds++
			doc.addBuild(b, steps)
		}
	}
	for name, n := range o.Eager {
		if !hidden(name) {
			doc.EagerBuilds += n
			count(name).EagerBuilds = n
		}
	}
	for _, c := range counts {
		doc.Assets = append(doc.Assets, *c)
	}
	slices.SortFunc(doc.Assets, func(a, b ForeseenCountJSON) int {
		return cmp.Or(cmp.Compare(b.Builds, a.Builds), a.Asset.Compare(b.Asset))
	})
	for _, b := range o.Forecast.Breaches {
		if !hidden(b.Asset) {
			doc.Breaches = append(doc.Breaches, ForeseenBreachJSON{b.Asset, b.Due.UTC(), moment(b.Ended), foreseenCause(b.Source, b.Since),
				breachCause(in, steps[b.Asset], o.Forecast, b)})
		}
	}
	return doc
}

// addBuild adds a build to the run that it belongs to: the one before, if both begin
// and end at once.
func (doc *HorizonJSON) addBuild(b planner.ForeseenBuild, steps map[assets.Name]planner.Step) {
	n := len(doc.Builds)
	if n == 0 || !doc.Builds[n-1].Began.Equal(b.Began) || !doc.Builds[n-1].Ended.Equal(b.Ended) {
		doc.Builds = append(doc.Builds, ForeseenRunJSON{Began: b.Began.UTC(), Ended: b.Ended.UTC()})
		n++
	}
	run := &doc.Builds[n-1]
	run.Assets = append(run.Assets, b.Asset)
	if due := moment(b.Due); due != nil && (run.Due == nil || due.Before(*run.Due)) {
		run.Due = due
	}
	if since := moment(b.Since); since != nil && (run.Since == nil || since.Before(*run.Since)) {
		run.ForeseenCauseJSON = foreseenCause(b.Source, b.Since)
	}
	if reasons := steps[b.Asset].Reasons; b.Since.IsZero() && run.Reason == "" && len(reasons) > 0 {
		run.Reason = b.Asset.String() + ": " + reasons[0].Message
	}
}

func foreseenCause(source assets.Name, since time.Time) (c ForeseenCauseJSON) {
	if since.IsZero() {
		return c
	}
	source.Table, c.Tick = strings.CutSuffix(source.Table, ".schedule")
	c.Source, c.Since = &source, moment(since)
	return c
}

// breachCause says why what arrived is not reflected in time. step is the asset's in the
// plan for the first moment.
func breachCause(in planner.Input, step planner.Step, f planner.Forecast, b planner.ForeseenBreach) string {
	var before, healing *planner.ForeseenBuild
	for i := range f.Builds {
		build := &f.Builds[i]
		if build.Asset != b.Asset {
			continue
		}
		if !build.Began.Before(b.Since) {
			healing = build
			break
		}
		before = build
	}
	switch {
	case healing == nil && step.Action == planner.Blocked && len(step.Reasons) > 0:
		return step.Reasons[0].Message
	case healing == nil:
		return "nothing builds it until then"
	}
	takes := "the run that builds it takes " + chainText(healing.Ended.Sub(healing.Began))
	switch {
	case !b.Due.After(f.From) && healing.Ended.Sub(healing.Began) < time.Minute:
		return "it is overdue already"
	case !b.Due.After(f.From):
		return "it is overdue already, and " + takes
	case before != nil && before.Ended.After(b.Since):
		return "it is being built when that arrives, and the next run takes " + chainText(healing.Ended.Sub(healing.Began))
	case healing.Began.After(b.Due):
		if wait := busyBefore(in, f, healing); wait != nil {
			return "it waits for the build of " + wait.Asset.String() + ", which takes " + chainText(wait.Ended.Sub(wait.Began))
		}
		if in.Project.MaxBuildsPerRun > 0 {
			return "it waits for another run: one builds no more (max_builds_per_run)"
		}
		if step.Action == planner.Blocked && len(step.Reasons) > 0 {
			return "until then " + step.Reasons[0].Message
		}
	}
	return takes
}

// busyBefore is the build of what an asset reads, or is read by, that ends when its own
// begins; nil: there is none.
func busyBefore(in planner.Input, f planner.Forecast, b *planner.ForeseenBuild) *planner.ForeseenBuild {
	node := in.Graph.Nodes[b.Asset]
	for i := range f.Builds {
		other := &f.Builds[i]
		if gap := b.Began.Sub(other.Ended); gap >= 0 && gap < time.Minute && other.Began.Before(b.Began) &&
			(slices.Contains(node.Inputs, other.Asset) || slices.Contains(node.Readers, other.Asset)) {
			return other
		}
	}
	return nil
}
