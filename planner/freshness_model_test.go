package planner

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// reference is ../shared/freshness/model.py in Go: design §4 by brute force, each
// definition above the function that is it. A zero time is none, an empty id or
// fingerprint, too.
type reference struct {
	scenario
	zone    string
	assets  map[string]givenAsset
	maxAge  map[string]givenPeriod    // of each source
	log     map[string][]givenVersion // of each source and schedule
	records map[string][]givenBuild   // of each asset

	reflects    func(content) reflection
	gaps        func(string) map[string]time.Time
	needsBuild  func(string) bool
	cannotBuild func(string) bool
	below       func(string) map[string]bool
	chain       func(string) time.Duration
	startBy     func(string) time.Time
}

// content is a version of a source, a schedule or an asset.
type content struct{ node, version string }

// reflection is what a version reflects: how far of the log of each source, and
// which definitions.
type reflection struct {
	positions   map[string]int
	definitions map[definedAs]bool
}

type definedAs struct{ asset, fingerprint string }

func (r reflection) equal(o reflection) bool {
	return maps.Equal(r.positions, o.positions) && maps.Equal(r.definitions, o.definitions)
}

// keyed is an input, and its key in what a build consumed.
type keyed struct{ key, node string }

func newReference(sc scenario) *reference {
	m := &reference{
		scenario: sc, zone: sc.Timezone, assets: map[string]givenAsset{}, maxAge: map[string]givenPeriod{},
		log: map[string][]givenVersion{}, records: map[string][]givenBuild{},
	}
	// The log of a source. Its order decides what is newer, never the times; arrivals never decrease.
	for _, s := range sc.Sources {
		m.maxAge[s.Name], m.log[s.Name] = s.MaxAge, nil
		last := time.Time{}
		for _, v := range sc.State.Sources[s.Name].Versions {
			if v.At.After(last) {
				last = v.At
			}
			m.log[s.Name] = append(m.log[s.Name], givenVersion{v.ID, last})
		}
	}
	// The log of a schedule: its ticks since it was first planned.
	for _, a := range sc.Assets {
		m.assets[a.Name] = a
		if s := a.Schedule; s != nil {
			name := scheduleOf(a.Name)
			m.log[name] = nil
			for t := range cronTicks(s.Cron, m.zoned(s.Timezone), s.Since, sc.Now) {
				m.log[name] = append(m.log[name], givenVersion{tickID(t), t})
			}
		}
	}
	for _, b := range sc.State.Materializations {
		m.records[b.Asset] = append(m.records[b.Asset], b)
	}
	m.reflects, m.gaps = remembered(m.findReflection), remembered(m.findGaps)
	m.needsBuild, m.cannotBuild = remembered(m.findNeed), remembered(m.findHindrance)
	m.below, m.chain, m.startBy = remembered(m.findBelow), remembered(m.findChain), remembered(m.findStart)
	return m
}

func scheduleOf(asset string) string { return asset + ".schedule" }

// tickID is the id of a tick as a version of its schedule.
func tickID(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (m *reference) zoned(zone string) string {
	if zone == "" {
		return m.zone
	}
	return zone
}

// Inputs with their keys in what was consumed; children: the assets that read it.
func (m *reference) inputs(name string) (inputs []keyed) {
	for _, i := range m.assets[name].Inputs {
		inputs = append(inputs, keyed{i, i})
	}
	if m.assets[name].Schedule != nil {
		inputs = append(inputs, keyed{"schedule", scheduleOf(name)})
	}
	return inputs
}

func (m *reference) assetInputs(name string) (inputs []string) {
	for _, i := range m.assets[name].Inputs {
		if _, ok := m.assets[i]; ok {
			inputs = append(inputs, i)
		}
	}
	return inputs
}

func (m *reference) children(name string) (children []string) {
	for _, a := range m.Assets {
		if slices.Contains(a.Inputs, name) {
			children = append(children, a.Name)
		}
	}
	return children
}

func (m *reference) last(name string) givenBuild { return m.records[name][len(m.records[name])-1] }

func (m *reference) wasBuilt(name string) bool { return len(m.records[name]) > 0 }

func (m *reference) current(node string) string {
	if m.wasBuilt(node) {
		return m.last(node).Version
	}
	if log := m.log[node]; len(log) > 0 {
		return log[len(log)-1].ID
	}
	return ""
}

// REFLECTS. Of all entries of a log with one id the last counts: equal content is
// as good as the newest. A source's version reflects it and all before it in the
// log. An asset's version reflects, of each source, the least that the versions it
// consumed reflect; and its own definition and the definitions those reflect.
func (m *reference) findReflection(c content) reflection {
	if log, ok := m.log[c.node]; ok {
		position := -1
		for i, v := range log {
			_, isSource := m.maxAge[c.node]
			if isSource && v.ID == c.version || !isSource && c.version != "" && v.ID <= c.version { // ticks up to the one consumed
				position = i
			}
		}
		return reflection{positions: map[string]int{c.node: position}}
	}
	for _, entry := range slices.Backward(m.records[c.node]) {
		if entry.Version != c.version {
			continue
		}
		r := reflection{map[string]int{}, map[definedAs]bool{{c.node, entry.Fingerprint}: true}}
		for _, i := range m.inputs(c.node) {
			version, consumed := entry.Consumed[i.key]
			if !consumed && i.key != "schedule" {
				continue // what it did not read then is a change of definition
			}
			from := m.reflects(content{i.node, version})
			for source, p := range from.positions {
				if least, ok := r.positions[source]; !ok || p < least {
					r.positions[source] = p
				}
			}
			if !slices.Contains(m.assets[c.node].UnaffectedBy, i.node) {
				maps.Copy(r.definitions, from.definitions)
			}
		}
		return r
	}
	return reflection{nil, map[definedAs]bool{{c.node, ""}: true}}
}

// GAPS: per source, when the first version arrived that the asset, or an input of it, does not reflect.
func (m *reference) findGaps(name string) map[string]time.Time {
	gaps := map[string]time.Time{}
	if !m.wasBuilt(name) {
		return gaps
	}
	for source, p := range m.reflects(content{name, m.current(name)}).positions {
		if p+1 < len(m.log[source]) {
			gaps[source] = m.log[source][p+1].At
		}
	}
	for _, i := range m.assetInputs(name) {
		for source, t := range m.gaps(i) {
			gaps[source] = earlierOf(t, gaps[source])
		}
	}
	return gaps
}

// MISSING: never built, or its table dropped outside.
func (m *reference) missing(name string) bool {
	return !m.wasBuilt(name) || m.State.Drift[name] == "dropped"
}

// CHANGED: built by another definition, or its table altered outside.
func (m *reference) changed(name string) bool {
	return m.wasBuilt(name) && (m.State.Drift[name] == "altered" || m.last(name).Fingerprint != m.assets[name].Fingerprint)
}

// REDEFINED: it, or something it was built from, reflects a definition that is no longer the project's.
func (m *reference) redefined(name string) bool {
	if !m.wasBuilt(name) {
		return false
	}
	for d := range m.reflects(content{name, m.current(name)}).definitions {
		if d.fingerprint != m.assets[d.asset].Fingerprint {
			return true
		}
	}
	return false
}

// REDONE: an input has other content although it reflects the same versions and
// definitions (forced, volatile); or an input is redone.
func (m *reference) redone(name string) bool {
	return m.wasBuilt(name) && slices.ContainsFunc(m.assetInputs(name), func(i string) bool {
		if !m.wasBuilt(i) {
			return false
		}
		was, is := m.last(name).Consumed[i], m.current(i)
		return m.redone(i) || was != "" && was != is && m.reflects(content{i, was}).equal(m.reflects(content{i, is}))
	})
}

// AT ONCE: whatever is to be done for another reason than a source's version. No policy delays it; it has no due.
func (m *reference) atOnce(name string) bool {
	return m.missing(name) || m.changed(name) || m.redefined(name) || m.redone(name)
}

// BEHIND (or missing or changed): a build is needed, now or later.
func (m *reference) findNeed(name string) bool { return m.atOnce(name) || len(m.gaps(name)) > 0 }

// FAILED: the last attempt failed with the inputs and the definition that the next one would have.
func (m *reference) failed(name string) bool {
	f, ok := m.State.Failures[name]
	return ok && m.needsBuild(name) && f.Fingerprint == m.assets[name].Fingerprint &&
		!slices.ContainsFunc(m.inputs(name), func(i keyed) bool { return f.Inputs[i.key] != m.current(i.node) }) &&
		!slices.ContainsFunc(m.assetInputs(name), m.needsBuild)
}

func (m *reference) resting(name string) bool {
	retry := m.State.Failures[name].Retry
	return m.failed(name) && (retry.IsZero() || retry.After(m.Now))
}

// CANNOT BUILD: failed and not yet to be retried; or a source it reads has never
// had a version; or an input that itself needs a build cannot be built. What cannot
// be built makes nobody else build.
func (m *reference) findHindrance(name string) bool {
	absent := func(i string) bool { _, isSource := m.maxAge[i]; return isSource && len(m.log[i]) == 0 }
	return m.resting(name) || slices.ContainsFunc(m.assets[name].Inputs, absent) ||
		slices.ContainsFunc(m.assetInputs(name), func(i string) bool { return m.needsBuild(i) && m.cannotBuild(i) })
}

// POLICY: its own blocks (a schedule alone: max_lag 0 at its ticks); else all of
// its descendants' own blocks; else the project's default; else max_lag 0.
func (m *reference) ownBlocks(name string) []givenPolicy {
	a := m.assets[name]
	if len(a.Freshness) == 0 && a.Schedule != nil {
		return []givenPolicy{{At: a.Schedule.Cron, Timezone: a.Schedule.Timezone}}
	}
	return a.Freshness
}

func (m *reference) findBelow(name string) map[string]bool {
	below := map[string]bool{}
	for _, c := range m.children(name) {
		below[c] = true
		maps.Copy(below, m.below(c))
	}
	return below
}

func (m *reference) blocks(name string) []givenPolicy {
	blocks := m.ownBlocks(name)
	if len(blocks) == 0 {
		for d := range m.below(name) {
			blocks = append(blocks, m.ownBlocks(d)...)
		}
	}
	switch {
	case len(blocks) > 0:
		return blocks
	case m.Default != nil:
		return []givenPolicy{*m.Default}
	}
	return []givenPolicy{{}}
}

// DUE under one block: the first moment at which it requires a version not
// reflected. Required at t: all that arrived by t - max_lag; with `at`: by (latest
// tick at or before t) - max_lag. A block may speak of some sources only.
func (m *reference) dueOf(block givenPolicy, name string) time.Time {
	var since time.Time
	for source, t := range m.gaps(name) {
		if block.Sources == nil || slices.Contains(block.Sources, source) {
			since = earlierOf(since, t)
		}
	}
	if since.IsZero() {
		return since
	}
	due := since.Add(time.Duration(block.MaxLag))
	if block.At != "" {
		return cronFirst(block.At, m.zoned(block.Timezone), due)
	}
	return due
}

func (m *reference) due(name string) (due time.Time) {
	for _, b := range m.blocks(name) {
		due = earlierOf(due, m.dueOf(b, name))
	}
	return due
}

// CHAIN: the longest path of estimates through it and those above it that need a build.
func (m *reference) findChain(name string) time.Duration {
	longest := time.Duration(0)
	for _, i := range m.assetInputs(name) {
		if m.needsBuild(i) {
			longest = max(longest, m.chain(i))
		}
	}
	return time.Duration(m.assets[name].Estimate) + longest
}

// START BY: due - chain, but never earlier than due - max_lag; the least over its
// blocks; now if at once; and never later than the start-by of a child that needs
// a build and can be built.
func (m *reference) findStart(name string) (start time.Time) {
	if !m.needsBuild(name) {
		return start
	}
	for _, b := range m.blocks(name) {
		if due := m.dueOf(b, name); !due.IsZero() {
			start = earlierOf(start, due.Add(-min(time.Duration(b.MaxLag), m.chain(name))))
		}
	}
	if m.atOnce(name) {
		start = earlierOf(start, m.Now)
	}
	for _, c := range m.children(name) {
		if !m.cannotBuild(c) {
			start = earlierOf(start, m.startBy(c))
		}
	}
	return start
}

// STATE, first that holds. Stale: the policy is not kept at this moment.
func (m *reference) state(name string) string {
	due := m.due(name)
	switch {
	case m.failed(name):
		return "failed"
	case m.missing(name):
		return "missing"
	case m.changed(name):
		return "changed"
	case !due.IsZero() && !due.After(m.Now):
		return "stale"
	case m.needsBuild(name):
		return "behind"
	}
	return "fresh"
}

// ACTION. Build what needs a build once its start-by has come. Revalidate: nothing
// to build, but an input has (or will have, in this plan) another version by a
// change of definition that does not touch what this asset uses.
func (m *reference) action(name string) string {
	if !m.needsBuild(name) {
		moved := func(i string) bool {
			return m.last(name).Consumed[i] != m.current(i) || m.redefined(i) && slices.Contains([]string{"create", "rebuild"}, m.action(i))
		}
		if slices.ContainsFunc(m.assets[name].UnaffectedBy, moved) {
			return "revalidate"
		}
		return "none"
	}
	switch start := m.startBy(name); {
	case start.IsZero() || start.After(m.Now):
		return "wait"
	case m.cannotBuild(name):
		return "blocked"
	case m.missing(name):
		return "create"
	}
	return "rebuild"
}

// A source is absent (never had a version), late (nothing delivered for max_age),
// unobserved (last look failed) or ok. Only absence matters to assets. An equal
// delivery is no version but keeps the promise.
func (m *reference) lateFrom(source string) time.Time {
	log, age := m.log[source], m.maxAge[source]
	if len(log) == 0 || age == 0 {
		return time.Time{}
	}
	last := log[len(log)-1].At
	if again := m.State.Sources[source].Delivered; again.After(last) {
		last = again
	}
	return last.Add(time.Duration(age))
}

func (m *reference) sourceState(source string) string {
	late := m.lateFrom(source)
	switch {
	case len(m.log[source]) == 0:
		return "absent"
	case !late.IsZero() && !late.After(m.Now):
		return "late"
	case m.State.Sources[source].Err != "":
		return "unobserved"
	}
	return "ok"
}

// NEXT WAKE: the earlierOf moment after now at which this answer would differ with
// nothing else happening: start-bys, dues, retries, ticks of schedules, ends of max_age.
func (m *reference) nextWake() (wake time.Time) {
	at := func(t time.Time) {
		if t.After(m.Now) {
			wake = earlierOf(wake, t)
		}
	}
	for source := range m.maxAge {
		at(m.lateFrom(source))
	}
	for name, a := range m.assets {
		at(m.due(name))
		at(m.startBy(name))
		if m.resting(name) {
			at(m.State.Failures[name].Retry)
		}
		if s := a.Schedule; s != nil {
			from := m.Now.Add(time.Second)
			if s.Since.After(from) {
				from = s.Since
			}
			at(cronFirst(s.Cron, m.zoned(s.Timezone), from))
		}
	}
	return wake
}

func (m *reference) answer() answer {
	a := answer{Assets: map[string]standing{}, Sources: map[string]string{}, NextWake: m.nextWake()}
	for source := range m.maxAge {
		a.Sources[source] = m.sourceState(source)
	}
	for name := range m.assets {
		var since time.Time
		for _, t := range m.gaps(name) {
			since = earlierOf(since, t)
		}
		a.Assets[name] = standing{
			State: m.state(name), Action: m.action(name), BehindSince: since, Due: m.due(name), StartBy: m.startBy(name),
		}
	}
	return a
}

// earlierOf is the earlier of two times of which either may be none.
func earlierOf(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func TestModelAgreesWithTheReference(t *testing.T) {
	for _, c := range givenCases(t) {
		if diff := cmp.Diff(c.Expect, newReference(c.Scenario).answer()); diff != "" {
			t.Errorf("%s %s (-reference +this):\n%s", c.ID, c.Why, diff)
		}
	}
}
