package notify

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// Scene is what is known at a moment, when a plan was made. It is not changed any more.
type Scene struct {
	Input planner.Input
	Plan  planner.Plan
	// Running says since when the run goes on that builds an asset.
	Running map[assets.Name]time.Time
	// Fault is why nothing can be built at all, FaultSince since when; empty: nothing is.
	Fault      string
	FaultSince time.Time
	// Invalid is what is wrong with the project's files, so that an earlier version of them
	// is in use; empty: nothing.
	Invalid string
	// Waiting are sources with whose observation nothing is wrong but that what was
	// delivered is not complete, sorted.
	Waiting []assets.Name
	// Before is the last sign of life of the daemon before this one; zero: there was none,
	// or this is no daemon.
	Before time.Time
}

// sees reports whether a scene shows the same as another one: of the same moment, that is.
func (s *Scene) sees(o *Scene) bool {
	return o != nil && s.Input.Now.Equal(o.Input.Now) && s.Input.Project == o.Input.Project && s.Input.Graph == o.Input.Graph &&
		s.Fault == o.Fault && s.Invalid == o.Invalid && maps.Equal(s.Running, o.Running) && slices.Equal(s.Waiting, o.Waiting)
}

// describer makes alerts of what is known, without any secret in them.
type describer struct {
	Scene
	redact func(string) string
	zone   *time.Location
	fresh  map[assets.Name]bool // by the plan; set by alerts
}

// alerts are all that hold, as far as that follows from the scene alone. next is when
// there may be others although nothing happens; zero: never.
func (d describer) alerts() (all []Alert, next time.Time) {
	d.fresh = map[assets.Name]bool{}
	for i := range d.Plan.Steps {
		if d.Plan.Steps[i].State == planner.StateFresh {
			d.fresh[d.Plan.Steps[i].Asset] = true
		}
	}
	for name := range d.Input.Project.Assets {
		all = append(all, d.ofAsset(name)...)
	}
	for name := range d.Input.Project.Sources {
		all = append(all, d.ofSource(name)...)
	}
	for _, b := range planner.Breaching(d.Input) {
		all = append(all, d.ofBreach(b))
	}
	coming, next := planner.PredictBreaches(d.Input, d.Running)
	for _, b := range coming {
		all = append(all, d.ofPrediction(b))
	}
	if d.Fault != "" {
		all = append(all, d.finish(Alert{ID: "run", Event: assets.RunFailed, Since: d.FaultSince,
			Summary: "Nothing can be built", Cause: d.Fault, Effect: "What is published stays visible, and gets older.", Next: []string{"assets plan"}}))
	}
	if d.Invalid != "" {
		all = append(all, d.finish(Alert{ID: "project", Event: assets.ProjectInvalid, Since: d.Input.Now,
			Summary: "The project was edited and has mistakes", Cause: d.Invalid, Effect: "Its last good version is kept until they are mended.", Next: []string{"assets validate"}}))
	}
	slices.SortFunc(all, compareAlerts)
	return all, next
}

// ofAsset are the alerts of what the latest attempt to build an asset, and the checks of
// what is published, came to.
func (d describer) ofAsset(name assets.Name) (all []Alert) {
	if !d.Input.Project.Assets[name].Enabled {
		return nil // nobody tries again
	}
	key := planner.Key{Asset: name}
	last, published := d.Input.State.Last[key]
	// What failed may be fresh by now: a source went back to what is published.
	if failed, ok := d.Input.State.Failed[key]; ok && failed.Status == planner.Failed && !d.fresh[name] {
		effect := "It was never built."
		if published {
			effect = "Its version of " + d.moment(last.Ended) + " stays visible."
		}
		byCheck := false
		for _, c := range failed.Checks {
			if c.Status == planner.CheckFailed {
				byCheck = true
				all = append(all, d.finish(Alert{ID: fmt.Sprintf("check %s %s", name, c.Check), Event: assets.CheckFailed, Name: name, Check: c.Check,
					Run: failed.Run, Since: failed.Ended, Summary: fmt.Sprintf("%s: check %s failed", name, c.Check), Cause: c.Message, Effect: effect,
					Next: []string{"assets why " + name.String(), "assets runs show " + failed.Run}}))
			}
		}
		if !byCheck {
			cause, _, _ := strings.Cut(failed.Err, "\n") // what follows quotes the statement that was made of the asset's SQL
			all = append(all, d.finish(Alert{ID: "asset " + name.String(), Event: assets.AssetFailed, Name: name, Run: failed.Run, Since: failed.Ended,
				Summary: fmt.Sprintf("%s failed", name), Cause: cause, Effect: effect,
				Next: []string{"assets why " + name.String(), "assets runs show " + failed.Run}}))
		}
	}
	for _, c := range last.Checks {
		if published && c.Status == planner.CheckWarned {
			all = append(all, d.finish(Alert{ID: fmt.Sprintf("warning %s %s", name, c.Check), Event: assets.CheckWarned, Name: name, Check: c.Check,
				Run: last.Run, Since: last.Ended, Summary: fmt.Sprintf("%s: check %s warns", name, c.Check), Cause: c.Message,
				Effect: "It is published all the same.", Next: []string{"assets show " + name.String()}}))
		}
	}
	return all
}

func (d describer) ofSource(name assets.Name) (all []Alert) {
	for _, c := range d.Input.State.Verdicts[name].Checks {
		v := d.Input.State.Verdicts[name]
		a := Alert{Name: name, Check: c.Check, Run: v.Run, Since: v.At, Cause: c.Message, Next: []string{"assets show " + name.String()}}
		switch c.Status {
		case planner.CheckFailed:
			a.ID, a.Event = fmt.Sprintf("check %s %s", name, c.Check), assets.CheckFailed
			a.Summary, a.Effect = fmt.Sprintf("Source %s: check %s failed", name, c.Check), "What reads it keeps its last good version."
		case planner.CheckWarned:
			a.ID, a.Event = fmt.Sprintf("warning %s %s", name, c.Check), assets.CheckWarned
			a.Summary, a.Effect = fmt.Sprintf("Source %s: check %s warns", name, c.Check), "It is read all the same."
		default:
			continue
		}
		all = append(all, d.finish(a))
	}
	if seen := d.Input.Observed[name]; seen.Err != "" && !slices.Contains(d.Waiting, name) {
		all = append(all, d.finish(Alert{ID: "unobserved " + name.String(), Event: assets.SourceUnobserved, Name: name, Since: seen.At,
			Summary: fmt.Sprintf("Source %s cannot be observed", name), Cause: seen.Err, Effect: "What reads it keeps its last good version.",
			Next: []string{"assets why " + name.String()}}))
	}
	return all
}

func (d describer) ofBreach(b planner.Breach) Alert {
	a := Alert{ID: fmt.Sprintf("freshness %s %s", b.Name, b.Policy), Event: assets.Breach, Name: b.Name, Since: b.Due, Due: b.Due, Cause: b.Cause,
		Summary: fmt.Sprintf("%s is stale: it breaks its policy %s", b.Name, b.Policy),
		Effect:  fmt.Sprintf("It lacks what arrived in %s at %s.", b.Source, d.moment(b.BehindSince)),
		Next:    []string{"assets why " + b.Name.String(), "assets breaches " + b.Name.String()}}
	if d.Input.Project.Sources[b.Name] != nil {
		a.Event, a.Summary = assets.SourceLate, fmt.Sprintf("Source %s is late: its supplier promised %s", b.Name, b.Policy)
		a.Effect = "What is made from it is as old as the last delivery."
		a.Next = []string{"assets why " + b.Name.String(), "assets breaches " + b.Name.String()}
	}
	return d.finish(a)
}

func (d describer) ofPrediction(b planner.PredictedBreach) Alert {
	ready := "will be ready at " + d.moment(b.Ready) + " at the earliest"
	if b.Cause != "" { // nothing builds it
		ready = "would be ready at " + d.moment(b.Ready) + " if a build began now"
	}
	return d.finish(Alert{ID: fmt.Sprintf("freshness %s %s", b.Name, b.Policy), Event: assets.BreachPredicted, Name: b.Name, Since: d.Input.Now, Due: b.Due, Cause: b.Cause,
		Summary: fmt.Sprintf("%s will be stale: its policy %s cannot be kept any more", b.Name, b.Policy),
		Effect:  fmt.Sprintf("It lacks what arrived in %s at %s, is due at %s, and %s.", b.Source, d.moment(b.BehindSince), d.moment(b.Due), ready),
		Next:    []string{"assets why " + b.Name.String(), "assets status " + b.Name.String()}})
}

// finish adds what is known of what an alert is about, and takes secrets out of it.
func (d describer) finish(a Alert) Alert {
	a.Status, a.Since = Firing, a.Since.UTC()
	if a.Severity == "" {
		a.Severity = severities[a.Event]
	}
	if asset := d.Input.Project.Assets[a.Name]; asset != nil {
		a.Kind, a.Owner, a.Tags = "asset", asset.Owner, asset.Tags
	} else if source := d.Input.Project.Sources[a.Name]; source != nil {
		a.Kind, a.Owner, a.Tags = "source", source.Owner, source.Tags
	}
	a.Summary, a.Cause, a.Effect = oneLine(d.redact(a.Summary)), cut(d.redact(a.Cause), longestCause), d.redact(a.Effect)
	return a
}

// mostAffected is how many names of what is made from something an alert holds, and
// mostInAll how many the alerts of one message do: servers refuse what is too long.
const (
	mostAffected = 100
	mostInAll    = 2000
)

// affect adds what is made from what the alerts of a message are about.
func affect(alerts []Alert, g *lineage.Graph) {
	if g == nil {
		return
	}
	most := max(fewAffected, min(mostAffected, mostInAll/max(1, len(alerts))))
	for i := range alerts {
		a := &alerts[i]
		if g.Nodes[a.Name] == nil || a.Status != Firing {
			continue
		}
		below := g.Downstream(a.Name)
		delete(below, a.Name)
		names := assets.SortedNames(below)
		a.Affected, a.AffectedCount = names[:min(len(names), most)], len(names)
	}
}

// longestCause is how many characters of a cause are told: errors quote whole statements.
const longestCause = 1500

// cut is the beginning of a text without control characters, which neither a terminal nor
// a mail is to get.
func cut(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r >= ' ' && r != 0x7f && !(r >= 0x80 && r < 0xa0) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(strings.TrimSpace(text), ""))
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(cut(text, 300)), " ") }

// moment is a time as people read it, in the project's zone.
func (d describer) moment(t time.Time) string { return moment(t, d.zone) }

func moment(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04 MST")
}

// building is a build that goes on.
type building struct {
	run   string
	since time.Time
}

// leastLong is the shortest build that is long-running: who usually takes a moment may
// take another one.
const leastLong = time.Minute

// ofBuild is the alert of a build that takes longer than usual, and how long it takes when
// it is factor times as long; 0: it is not known what is usual.
func (d describer) ofBuild(name assets.Name, b building, now time.Time) Alert {
	usual := d.usual(name)
	took := now.Sub(b.since)
	a := Alert{ID: "build " + name.String(), Event: assets.LongRunning, Name: name, Run: b.run, Since: b.since,
		Summary: fmt.Sprintf("%s has been built for %s, and usually takes %s", name, rounded(took), rounded(usual)),
		Effect:  "Its last version stays visible until then.", Next: []string{"assets status " + name.String()}}
	if usual > 0 && took >= leastLong {
		a.factor = float64(took) / float64(usual)
	}
	return d.finish(a)
}

// usual is how long a build takes at the 95th percentile; 0: it is not known.
func (d describer) usual(name assets.Name) time.Duration { return d.Input.State.Estimates[name] }

// longFrom is when a build becomes long-running for who is told of it from factor on.
func (d describer) longFrom(name assets.Name, b building, factor float64) time.Time {
	usual := d.usual(name)
	if usual <= 0 {
		return time.Time{}
	}
	return b.since.Add(max(leastLong, time.Duration(factor*float64(usual))))
}

func (d describer) ofDisk(used int, now time.Time) Alert {
	path := d.Input.Project.Warehouse
	return d.finish(Alert{ID: "disk", Event: assets.DiskFull, Since: now, used: used,
		Summary: fmt.Sprintf("The disk of the warehouse is nearly full: %d%% are used", used),
		Effect:  "When it is full, nothing can be built. What is published stays visible.",
		Next:    []string{"df -h " + filepath.Dir(path)}})
}

// rounded is a span of time as people say it: "48s", "12m", "2h5m".
func rounded(d time.Duration) string {
	if d < 10*time.Minute {
		return d.Round(time.Second).String()
	}
	text := strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	if hours, ok := strings.CutSuffix(text, "h0m"); ok {
		return hours + "h"
	}
	return text
}
