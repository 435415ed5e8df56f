package planner

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// A ledger that is written only when something is published says the same as a guard
// who looks at every minute whether each policy is kept.
func TestLedgerAgreesWithAGuard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := newYear(t)
		for range rapid.IntRange(20, 400).Draw(t, "minutes") {
			y.minute(t)
		}
		got := map[string][]string{}
		for _, b := range slices.Concat(y.closed, y.ledger.Breaches(y.Input)) {
			until := b.Ended
			if until.IsZero() {
				until = y.Now
			}
			if until.After(b.Due) {
				key := b.Name.String() + " " + b.Policy
				got[key] = append(got[key], clockTime(b.Due)+"–"+clockTime(until))
			}
		}
		if diff := cmp.Diff(y.watched(), got); diff != "" {
			t.Fatalf("(-guard +ledger):\n%s%s", diff, y.diary)
		}
	})
}

func clockTime(t time.Time) string { return t.Sub(eightOClock).String() }

var eightOClock = time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC) // before Paris changes its clocks

// year is a world in which every minute something may happen, with what the guard saw.
type year struct {
	*world
	ledger   Ledger
	closed   []Breach
	logs     map[string][]Arrival
	policies map[string][]Policy
	planned  time.Time
	unkept   map[string][]time.Time                     // by policy: the minutes that began with it broken
	madeFrom map[assets.Digest]map[string]assets.Digest // what each version of an asset read
	diary    string
}

func newYear(t *rapid.T) *year {
	y := &year{
		world: newWorld("staging.a < raw.s raw.t", "staging.b < raw.t", "mart.c < raw.s staging.a staging.b"),
		logs:  map[string][]Arrival{}, policies: map[string][]Policy{}, unkept: map[string][]time.Time{},
		madeFrom: map[assets.Digest]map[string]assets.Digest{},
	}
	y.Now, y.Project.Timezone = eightOClock, "Europe/Paris"
	y.State.Planned, y.State.Arrivals, y.State.Earlier = map[Planned]time.Time{}, map[assets.Name][]Arrival{}, map[Made]Materialization{}
	for _, source := range []string{"raw.s", "raw.t"} {
		y.arrives(source, "1")
	}
	y.planned = eightOClock.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "planned after")) * time.Minute)
	for _, name := range y.Graph.Order {
		for range rapid.IntRange(0, 2).Draw(t, "blocks") {
			f := assets.Freshness{
				MaxLag: time.Duration(rapid.SampledFrom([]int{0, 1, 10, 60}).Draw(t, "max_lag")) * time.Minute,
				At:     rapid.SampledFrom([]string{"", "", "*/15 * * * *", "30 2,3 * * *", "@hourly"}).Draw(t, "at"),
			}
			if rapid.Bool().Draw(t, "some sources") {
				f.Sources = names("raw.t")
			}
			a := y.Project.Assets[name]
			a.Freshness = append(a.Freshness, f)
			y.policies[name.String()] = ownPolicies(a)
		}
		y.build(name)
	}
	for _, key := range PlannedPolicies(y.Project, y.Graph) {
		y.State.Planned[key] = y.planned
	}
	return y
}

// minute lets things happen, has the guard look, and ends.
func (y *year) minute(t *rapid.T) {
	for _, source := range []string{"raw.s", "raw.t"} {
		if rapid.IntRange(0, 11).Draw(t, "arrives") == 11 {
			y.arrives(source, fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "content")))
		}
	}
	if rapid.IntRange(0, 19).Draw(t, "runs") == 19 {
		y.run(rapid.SampledFrom([][]string{{"staging.a"}, {"staging.b"}, {"mart.c"}, {"staging.a", "staging.b", "mart.c"}}).Draw(t, "what"))
	}
	for name, policies := range y.policies {
		for _, p := range policies {
			if !y.kept(name, p) {
				key := name + " " + inZone(p, "Europe/Paris").String()
				if n := len(y.unkept[key]); n == 0 || y.unkept[key][n-1] != y.Now { // one block may be there twice
					y.unkept[key] = append(y.unkept[key], y.Now)
				}
			}
		}
	}
	y.Now = y.Now.Add(time.Minute)
}

func (y *year) arrives(source, id string) {
	log := y.logs[source]
	if len(log) > 0 && log[len(log)-1].ID == assets.Digest(id) {
		return
	}
	y.logs[source] = append(log, Arrival{assets.Digest(id), y.Now})
	name := assets.MustName(source)
	y.State.Arrivals[name] = y.logs[source]
	y.observe(source, func(o *Observation) { o.ID, o.Arrived = assets.Digest(id), y.Now })
	y.diary += fmt.Sprintf("%s: %s of %s\n", clockTime(y.Now), id, source)
}

func (y *year) run(what []string) {
	before := y.Input
	y.State.Last = maps.Clone(y.State.Last)
	for _, name := range what {
		y.build(assets.MustName(name))
	}
	y.State.KeepEarlier(before.State)
	entered := y.ledger.Settle(before, y.State, "01RUN", y.Now)
	y.ledger = Ledger{Synced: y.Now}
	for _, b := range entered {
		if b.Ended.IsZero() {
			y.ledger.Open = append(y.ledger.Open, b)
		} else {
			y.closed = append(y.closed, b)
		}
	}
	y.diary += fmt.Sprintf("%s: builds %v\n", clockTime(y.Now), what)
}

// build publishes an asset; its content tells what it was made from.
func (y *year) build(name assets.Name) {
	y.publish(name)
	y.last(name.String(), func(m *Materialization) {
		content, madeFrom := name.String(), map[string]assets.Digest{}
		for _, input := range y.Graph.Nodes[name].Inputs {
			read := m.Reads[input]
			read.Projection, m.Reads[input] = read.Version, read
			madeFrom[input.String()] = read.Version
			content += "(" + string(read.Version) + ")"
		}
		m.Made.ID, m.Digests, m.Ended = assets.Digest(content), nil, y.Now
		y.madeFrom[m.Made.ID] = madeFrom
	})
}

// kept asks of each source's each version whether it is required now and not reflected.
func (y *year) kept(name string, p Policy) bool {
	for source, log := range y.logs {
		if p.Sources != nil && !slices.Contains(p.Sources, assets.MustName(source)) {
			continue
		}
		for position, a := range log {
			arrived := a.Arrived
			if arrived.Before(y.planned) {
				arrived = y.planned
			}
			if y.requires(p, arrived.Add(p.MaxLag)) && y.reflected(name, source) < position {
				return false
			}
		}
	}
	return true
}

// requires reports whether something that is due by then, or at the first tick
// after, is due by now.
func (y *year) requires(p Policy, due time.Time) bool {
	if p.At == "" {
		return !due.After(y.Now)
	}
	for range cronTicks(p.At, "Europe/Paris", due, y.Now) {
		return true
	}
	return false
}

// reflected is the position in a source's log up to which an asset, and all it is made
// from, reflect it.
func (y *year) reflected(name, source string) int {
	least := y.reflects(name, y.State.Last[Key{Asset: assets.MustName(name)}].Made.ID, source)
	for _, input := range y.node(name).Inputs {
		if y.Project.Assets[input] != nil {
			least = min(least, y.reflected(input.String(), source))
		}
	}
	return least
}

// reflects is the position up to which a version does. Of equal content, the last counts.
func (y *year) reflects(name string, version assets.Digest, source string) int {
	log := y.logs[source]
	least := len(log) - 1
	if name == source {
		for least >= 0 && log[least].ID != version {
			least--
		}
		return least
	}
	for input, read := range y.madeFrom[version] {
		least = min(least, y.reflects(input, read, source))
	}
	return least
}

// watched are the times that the guard saw broken, by policy.
func (y *year) watched() map[string][]string {
	watched := map[string][]string{}
	for key, minutes := range y.unkept {
		from := minutes[0]
		for i, t := range minutes {
			if end := t.Add(time.Minute); i == len(minutes)-1 || !minutes[i+1].Equal(end) {
				watched[key] = append(watched[key], clockTime(from)+"–"+clockTime(end))
				if i < len(minutes)-1 {
					from = minutes[i+1]
				}
			}
		}
	}
	return watched
}
