package planner

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

func TestMakeAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScenario(t)
		if diff := cmp.Diff(newReference(sc).answer(), sc.answerOf(Make(sc.input()))); diff != "" {
			t.Fatalf("(-model +plan):\n%s\n%s", diff, sc)
		}
	})
}

// What Input holds of definitions says the same as the scenario: an asset is
// redefined where a definition that it reflects, compared with the project's,
// changes a column that it uses.
func TestDefinitionsComeThroughColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScenario(t)
		in, m := sc.input(), newReference(sc)
		var changeOf func(Materialization) lineage.Change
		changeOf = func(record Materialization) lineage.Change {
			node, inputs := in.Graph.Nodes[record.Asset], map[assets.Name]lineage.Change{}
			for name, read := range record.Reads {
				switch last, earlier := in.State.Last[Key{Asset: name}], in.State.Earlier[Made{name, read.Version}]; read.Version {
				case last.Made.ID:
					inputs[name] = changeOf(last)
				case earlier.Made.ID:
					inputs[name] = changeOf(earlier)
				default: // of a source, or in no log
					if in.Project.Assets[name] != nil {
						inputs[name] = lineage.Everything
					}
				}
			}
			return lineage.Compare(record.Definition.Bound, node.Bound).Together(node.Bound.CarryContent(inputs))
		}
		for key, last := range in.State.Last {
			if got, want := changeOf(last).Any(), m.redefined(key.Asset.String()); got != want {
				t.Fatalf("%s is redefined: %v, but by its columns: %v\n%s", key.Asset, want, got, sc)
			}
		}
	})
}

// String is the scenario as model.py reads it.
func (sc scenario) String() string {
	text, err := json.Marshal(sc)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// moments are times at which clocks change somewhere, or rare schedules tick, and
// one like any other.
var moments = []time.Time{
	time.Date(2026, 3, 29, 0, 35, 0, 0, time.UTC),   // Paris, spring
	time.Date(2026, 10, 25, 1, 5, 0, 0, time.UTC),   // Paris, autumn
	time.Date(2026, 3, 8, 7, 10, 0, 0, time.UTC),    // New York, spring
	time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC),   // New York, autumn
	time.Date(2026, 10, 3, 15, 40, 0, 0, time.UTC),  // Lord Howe, by half an hour
	time.Date(2026, 2, 15, 2, 20, 0, 0, time.UTC),   // Casablanca, for the month of fasting
	time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),     // the year begins
	time.Date(2026, 11, 13, 11, 58, 0, 0, time.UTC), // a Friday the 13th
	time.Date(2026, 6, 17, 14, 0, 0, 0, time.UTC),
}

var (
	givenZones = []string{"", "", "UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "America/St_Johns"}
	givenCrons = []string{
		"0 8 * * MON-FRI", "30 2 * * *", "0 0 1 * *", "*/20 * * * *", "0 * * * *", "15 6,18 * * *", "0 3 * * sun",
		"0 22 * * 1-5", "0 12 13 * FRI", "@daily", "45 1 * * *", "15 1-3 * * *", "*/30 1-2 * * *",
	}
)

// drawScenario draws a project and a history: deliveries, then builds which read
// what there was, some of them less than that. Like what a warehouse holds after
// runs that were narrowed, killed or forced, and after edits.
func drawScenario(t *rapid.T) scenario {
	d := scenarioDrawer{T: t}
	sc := scenario{
		Now:      pick(d, "day", moments...).Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "second")) * time.Second),
		Timezone: d.zone(),
	}
	d.now = sc.Now
	sc.State.Sources, sc.State.Materializations = map[string]givenSource{}, []givenBuild{}
	sc.State.Failures, sc.State.Drift = map[string]givenFailure{}, map[string]string{}
	if d.oneIn(3, "default") {
		p := d.policy(nil)
		sc.Default = &p
	}
	var sources []string
	for i := range 1 + d.index(4, "sources") {
		name := fmt.Sprintf("raw.s%d", i)
		sources = append(sources, name)
		d.source(&sc, name)
	}
	above := slices.Clone(sources)
	for i := range 1 + d.index(9, "assets") {
		// Names whose order is not the graph's.
		name := assets.MustName(fmt.Sprintf("%s.a%d", pick(d, "schema", "main", "mart", "staging"), i)).String()
		sc.Assets = append(sc.Assets, d.asset(name, above, sources))
		above = append(above, name)
	}
	for hours := d.index(8, "runs") - 1; hours >= 0; hours-- {
		whole := d.oneIn(2, "whole run")
		for _, a := range sc.Assets {
			if whole || d.oneIn(2, "builds "+a.Name) {
				d.build(&sc, a, sc.Now.Add(-time.Duration(hours)*time.Hour))
			}
		}
	}
	for _, a := range sc.Assets {
		if d.oneIn(6, "fails "+a.Name) {
			sc.State.Failures[a.Name] = d.failure(sc, a)
		}
		if newReference(sc).wasBuilt(a.Name) && d.oneIn(16, "drifts "+a.Name) {
			sc.State.Drift[a.Name] = pick(d, "drift", "dropped", "altered")
		}
	}
	return sc
}

type scenarioDrawer struct {
	*rapid.T
	now time.Time
}

// index draws a number below n, each as likely as any other: rapid prefers small
// ones, and most scenarios would be one asset that was never built.
func (d scenarioDrawer) index(n int, label string) int {
	index := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 8, 8).Draw(d.T, label) {
		index *= 2
		if bit {
			index++
		}
	}
	return index % n
}

func (d scenarioDrawer) oneIn(n int, label string) bool { return d.index(n, label) == n-1 }

func pick[V any](d scenarioDrawer, label string, from ...V) V { return from[d.index(len(from), label)] }

func (d scenarioDrawer) zone() string { return pick(d, "zone", givenZones...) }

func (d scenarioDrawer) cron() string { return pick(d, "cron", givenCrons...) }

func (d scenarioDrawer) policy(sources []string) givenPolicy {
	lag := pick(d, "max_lag", 0, 45*time.Second, 5*time.Minute, 10*time.Minute, time.Hour, 90*time.Minute, 6*time.Hour, 24*time.Hour, 60*time.Hour)
	p := givenPolicy{MaxLag: givenPeriod(lag)}
	if d.oneIn(2, "at") {
		p.At, p.Timezone = d.cron(), d.zone()
	}
	if len(sources) > 0 && d.oneIn(5, "some sources") {
		p.Sources = d.some(sources, 2, "of sources")
	}
	return p
}

// some draws one to n of a list.
func (d scenarioDrawer) some(list []string, n int, label string) (some []string) {
	for range 1 + d.index(n, label) {
		some = append(some, pick(d, label, list...))
	}
	slices.Sort(some)
	return slices.Compact(some)
}

// source draws the log of a source: most of it of the last hours, with contents
// that come back.
func (d scenarioDrawer) source(sc *scenario, name string) {
	maxAge := pick(d, "max_age", 0, 0, time.Hour, 26*time.Hour, 72*time.Hour)
	sc.Sources = append(sc.Sources, givenPromise{name, givenPeriod(maxAge)})

	seen := givenSource{Versions: []givenVersion{}}
	count := 1 + d.index(6, "versions")
	if d.oneIn(24, "absent") {
		count = 0
	}
	var ages []int // in seconds
	for i := range count {
		hours := pick(d, "within hours", 1, 6, 96)
		ages = append(ages, rapid.IntRange(0, hours*3600).Draw(d.T, "age"))
		if i == 0 && !d.oneIn(8, "all of today") {
			ages[0] += 7 * 3600 // there for the first run
		}
	}
	slices.Sort(ages)
	slices.Reverse(ages)
	for i, age := range ages {
		id := fmt.Sprintf("%s@%d", name, i)
		if i > 1 && d.oneIn(3, "comes back") {
			before := seen.Versions[d.index(i-1, "which")].ID
			if before != seen.Versions[i-1].ID { // an equal delivery is no version
				id = before
			}
		}
		seen.Versions = append(seen.Versions, givenVersion{id, d.now.Add(-time.Duration(age) * time.Second)})
	}
	if count > 0 && d.oneIn(3, "delivered again") {
		seen.Delivered = d.now.Add(-time.Duration(rapid.IntRange(0, ages[count-1]).Draw(d.T, "delivered")) * time.Second)
	}
	if d.oneIn(6, "unobserved") {
		seen.Err = "timeout"
	}
	sc.State.Sources[name] = seen
}

func (d scenarioDrawer) asset(name string, above, sources []string) givenAsset {
	estimate := pick(d, "estimate", 0, 5*time.Second, time.Minute, 10*time.Minute, 30*time.Minute, 90*time.Minute)
	a := givenAsset{Name: name, Fingerprint: name + ":1", Estimate: givenPeriod(estimate), Inputs: d.some(above, 3, "inputs of "+name)}
	for range pick(d, "blocks", 0, 0, 1, 1, 2) {
		a.Freshness = append(a.Freshness, d.policy(sources))
	}
	if d.oneIn(6, "scheduled") {
		ago := pick(d, "planned since", 10*time.Minute, 24*time.Hour, 150*time.Hour)
		a.Schedule = &givenSchedule{d.cron(), d.zone(), d.now.Add(-ago)}
	}
	for _, i := range a.Inputs {
		if !slices.Contains(sources, i) && d.oneIn(3, "unaffected by "+i) {
			a.UnaffectedBy = append(a.UnaffectedBy, i)
		}
	}
	return a
}

// build lets an asset be built at a moment, if there is something to build it from.
func (d scenarioDrawer) build(sc *scenario, a givenAsset, at time.Time) {
	m := newReference(*sc)
	b := givenBuild{Asset: a.Name, Finished: at, Fingerprint: a.Fingerprint, Consumed: map[string]string{}}
	if d.oneIn(12, "by another definition") {
		b.Fingerprint = a.Name + ":0"
	}
	unaffected := slices.ContainsFunc(sc.Assets, func(a givenAsset) bool { return len(a.UnaffectedBy) > 0 })
	for _, i := range m.inputs(a.Name) {
		log := slices.DeleteFunc(slices.Clone(m.log[i.node]), func(v givenVersion) bool { return v.At.After(at) })
		for _, r := range m.records[i.node] {
			log = append(log, givenVersion{r.Version, r.Finished})
		}
		switch {
		case len(log) == 0 && i.key == "schedule":
			continue // no tick yet
		case len(log) == 0:
			return
		}
		back := 0
		if d.oneIn(6, "lags") {
			back = d.index(len(log), "by")
		}
		b.Consumed[i.key] = log[len(log)-1-back].ID
		// Of a version whose record is lost nothing is known, not even which columns were
		// as they are: the model, which knows no columns, has unaffected readers all the same.
		_, isAsset := m.assets[i.node]
		if i.key != "schedule" && !(isAsset && unaffected) && d.oneIn(64, "in no log") {
			b.Consumed[i.key] = "gone"
		}
	}
	switch pick(d, "content", "", "", "", "", "", "", "as before", "coarser", "new") {
	case "as before":
		b.Version = m.current(a.Name)
	case "coarser":
		b.Version = a.Name + " " + b.Consumed[a.Inputs[0]]
	case "new":
		b.Version = fmt.Sprintf("%s new %d", a.Name, len(m.records[a.Name]))
	}
	if b.Version == "" {
		parts := []string{b.Fingerprint}
		for _, i := range a.Inputs {
			parts = append(parts, b.Consumed[i])
		}
		b.Version = string(assets.NewDigest("rows", parts...))
	}
	sc.State.Materializations = append(sc.State.Materializations, b)
}

// failure draws an attempt, mostly with what there is now.
func (d scenarioDrawer) failure(sc scenario, a givenAsset) givenFailure {
	m := newReference(sc)
	f := givenFailure{Fingerprint: a.Fingerprint, Inputs: map[string]string{}}
	if d.oneIn(6, "failed by another definition") {
		f.Fingerprint = a.Name + ":0"
	}
	for _, i := range m.inputs(a.Name) {
		if id := m.current(i.node); id != "" {
			f.Inputs[i.key] = id
		}
		if log := m.log[i.node]; len(log) > 0 && d.oneIn(6, "failed with older "+i.key) {
			f.Inputs[i.key] = log[0].ID
		}
	}
	if d.oneIn(2, "retried") {
		f.Retry = d.now.Add(pick(d, "in", -time.Minute, 0, time.Second, 5*time.Minute, time.Hour))
	}
	return f
}
