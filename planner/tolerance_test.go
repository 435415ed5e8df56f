package planner

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// An input that cannot be built is what it is for a reader that tolerates that: on
// raw.s, base → fx → mart, where mart also reads raw.t and top reads mart.
func TestALastGoodVersionStandsIn(t *testing.T) {
	blocked := "! fx: previous_failure: the last attempt failed: no rates; it is tried again by `assets retry fx` or `assets apply`, or when its inputs, its definition or its checks change; input_changed: source raw.s has a new version\n"
	behind := "input_behind: fx failed: its last good version is read"
	for _, c := range []struct {
		name   string
		change func(*world)
		want   string
	}{
		{"nothing else moved", func(*world) {}, blocked + "  mart: " + behind + "\n"},
		{"something else did", func(w *world) { w.arrive("raw.t") }, blocked + "~ mart: input_changed: source raw.t has a new version; " + behind + "\n~ top: input_changed: mart is rebuilt (if [mart] changes)\n"},
		{"it is built for the first time", func(w *world) { w.forget("mart"); w.forget("top") }, blocked + "+ mart: missing: not built yet; " + behind + "\n+ top: missing: not built yet\n"},
		{"the input has another definition", func(w *world) {
			w.redefine("fx")
			w.attempted("fx")
		}, "! fx: previous_failure: the last attempt failed: no rates; it is tried again by `assets retry fx` or `assets apply`, or when its inputs, its definition or its checks change; definition_changed: its SQL changed; input_changed: source raw.s has a new version\n  mart: " + behind + "\n"},
		{"the input was never built", func(w *world) { w.forget("fx") }, "! fx: previous_failure: the last attempt failed: no rates; it is tried again by `assets retry fx` or `assets apply`, or when its inputs, its definition or its checks change; missing: not built yet\n! mart: upstream_failed: fx cannot be built\n! top: upstream_failed: mart cannot be built\n"},
		{"the reader says it blocks", func(w *world) {
			w.asset("mart").Inputs = []assets.InputRule{{Name: assets.MustName("fx"), OnFailure: assets.Block}}
		}, blocked + "! mart: upstream_failed: fx cannot be built\n! top: upstream_failed: mart cannot be built\n"},
		{"the last good version lacks a column", func(w *world) {
			w.last("fx", func(m *Materialization) { m.Made.Columns = m.Made.Columns[:1] })
			w.found("fx", func(f *Found) { f.Columns = f.Columns[:1] })
		}, blocked + "! mart: upstream_failed: fx cannot be built\n! top: upstream_failed: mart cannot be built\n"},
		{"the input is redone", func(w *world) {
			base := w.State.Last[Key{Asset: assets.MustName("base")}]
			w.State.Earlier = map[Made]Materialization{{base.Asset, base.Made.ID}: base}
			w.rebuilt("base", nil)
			w.attempted("fx")
		}, "! fx: previous_failure: the last attempt failed: no rates; it is tried again by `assets retry fx` or `assets apply`, or when its inputs, its definition or its checks change; input_changed: base has a new version; input_changed: source raw.s has a new version\n  mart: " + behind + "\n"},
		{"it recovers", func(w *world) { w.Options.Retry = true }, "~ fx: input_changed: source raw.s has a new version; previous_failure: the last attempt failed: no rates\n~ mart: input_changed: fx is rebuilt (if [fx] changes)\n~ top: input_changed: mart is rebuilt (if [mart] changes)\n"},
	} {
		w := newWorld("base < raw.u", "fx < raw.s base", "mart < fx raw.t", "top < mart")
		w.asset("fx").Failure.OnFailure = assets.UseLastGood
		w.arrive("raw.s")
		w.attempted("fx")
		c.change(w)
		if got := dump(Make(w.Input)); got != c.want {
			t.Errorf("%s:\n%swant\n%s", c.name, got, c.want)
		}
	}
}

// attempted records that an asset as it is now was attempted and failed.
func (w *world) attempted(name string) {
	w.publishedAs(name, Failed)
	key := Key{Asset: assets.MustName(name)}
	m := w.State.Failed[key]
	m.Err = "no rates"
	w.State.Failed[key] = m
}

// tolerant is a random project in which some assets cannot be built for now.
type tolerant struct {
	*world
	*rapid.T
	broken map[assets.Name]bool
	n      int
}

// Whatever fails, and whoever tolerates it: once plans were carried out there is nothing to
// build as long as nothing moves; exactly what does not reflect all that arrived is behind,
// since the first of that arrived; only who reads a last good version has two versions of one
// source in it; and when all can be built again, one run makes everything fresh.
func TestToleratedFailuresComeToRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newTolerant(t)
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			p.move()
			// That something failed in a run may leave more for the next one, not for ever.
			for range 1 + len(p.Graph.Order) {
				p.agree(p.carryOut(Make(p.Input)))
			}
			p.atRest()
		}
		p.broken = nil
		p.Options.Retry = true
		p.carryOut(Make(p.Input))
		p.Options.Retry = false
		p.atRest()
		for _, s := range Make(p.Input).Steps {
			if s.State != StateFresh {
				t.Fatalf("%s is %s after all was built", s.Asset, s.State)
			}
		}
	})
}

func newTolerant(t *rapid.T) *tolerant {
	sources := []string{"raw.s", "raw.t"}
	var lines, known []string
	known = append(known, sources...)
	for i := range rapid.IntRange(2, 7).Draw(t, "assets") {
		inputs := rapid.SliceOfNDistinct(rapid.SampledFrom(known), 1, min(3, len(known)), rapid.ID).Draw(t, "inputs")
		line := fmt.Sprintf("a%d <", i)
		for _, input := range inputs {
			line += " " + input
		}
		lines, known = append(lines, line), append(known, fmt.Sprintf("a%d", i))
	}
	p := &tolerant{world: newWorld(lines...), T: t, broken: map[assets.Name]bool{}}
	for _, name := range p.Graph.Order {
		if rapid.Bool().Draw(t, "tolerated") {
			p.Project.Assets[name].Failure.OnFailure = assets.UseLastGood
		}
		for _, input := range p.Graph.Nodes[name].Inputs {
			if p.Project.Assets[input] != nil && rapid.IntRange(0, 3).Draw(t, "rule") == 0 {
				rule := rapid.SampledFrom([]assets.OnFailure{assets.Block, assets.UseLastGood}).Draw(t, "on_failure")
				p.Project.Assets[name].Inputs = append(p.Project.Assets[name].Inputs, assets.InputRule{Name: input, OnFailure: rule})
			}
		}
	}
	p.State.Arrivals, p.State.Earlier = map[assets.Name][]Arrival{}, map[Made]Materialization{}
	for name, o := range p.Observed {
		p.State.Arrivals[name] = []Arrival{{o.ID, o.Arrived}}
	}
	return p
}

// move lets something arrive, and breaks and mends some assets.
func (p *tolerant) move() {
	for _, name := range assets.SortedNames(p.Observed) {
		if !rapid.Bool().Draw(p.T, "arrives") {
			continue
		}
		p.n++
		o := p.Observed[name]
		o.ID, o.Arrived = assets.Digest(fmt.Sprintf("file:%d", p.n+1)), p.Now
		p.Observed[name] = o
		p.State.Arrivals[name] = append(slices.Clone(p.State.Arrivals[name]), Arrival{o.ID, o.Arrived})
	}
	for _, name := range p.Graph.Order {
		if rapid.IntRange(0, 2).Draw(p.T, "changes") == 0 {
			p.broken[name] = !p.broken[name]
		}
	}
	p.Now = p.Now.Add(time.Minute)
}

// carryOut does what a plan says, as an executor does, and returns what was built.
func (p *tolerant) carryOut(plan Plan) (built []assets.Name) {
	before := p.State
	p.State.Last, p.State.Failed = map[Key]Materialization{}, map[Key]Materialization{}
	for key, m := range before.Last {
		p.State.Last[key] = m
	}
	for key, m := range before.Failed {
		p.State.Failed[key] = m
	}
	failed := map[assets.Name]bool{}
	for _, s := range plan.Steps {
		if s.Action != Create && s.Action != Rebuild {
			continue
		}
		asset, skipped := p.Project.Assets[s.Asset], false
		for _, input := range p.Graph.Nodes[s.Asset].Inputs {
			skipped = skipped || failed[input] && !asset.Tolerates(p.Project.Assets[input])
		}
		p.State.KeepEarlier(before)
		skipped = skipped || p.disagree(s.Asset)
		last := before.Last[s.Key]
		p.publish(s.Asset)
		m := p.State.Last[s.Key]
		m.LastGood = s.LastGood
		for _, input := range p.Graph.Nodes[s.Asset].Inputs {
			if failed[input] {
				m.LastGood = append(slices.Clone(m.LastGood), input)
			}
		}
		id := ""
		for _, input := range assets.SortedNames(m.Reads) {
			id += input.String() + "=" + string(m.Reads[input].Version) + ";"
		}
		m.Made.ID = assets.NewDigest("rows", id)
		m.Digests = map[string]assets.Digest{"k,v": m.Made.ID}
		switch {
		case skipped:
			failed[s.Asset], p.State.Last[s.Key] = true, last
		case len(s.ConditionalOn) > 0 && maps.EqualFunc(m.Reads, last.Reads, func(a, b Read) bool { return a.Version == b.Version }): // what it reads did not change
			p.State.Last[s.Key] = last
		case p.broken[s.Asset]:
			m.Status, failed[s.Asset], p.State.Last[s.Key] = Failed, true, last
			p.State.Failed[s.Key] = m
		default:
			p.State.Last[s.Key] = m
			delete(p.State.Failed, s.Key)
			built = append(built, s.Asset)
		}
	}
	p.State.KeepEarlier(before)
	return built
}

// disagree reports whether the inputs of an asset, as they are now in the run, reflect other
// versions of a source, other than through inputs that it tolerates.
func (p *tolerant) disagree(name assets.Name) bool {
	at := func(input assets.Name) map[assets.Name]int {
		version := p.State.Last[Key{Asset: input}].Made.ID
		if o, ok := p.Observed[input]; ok {
			version = o.ID
		}
		return p.reflects(Materialization{Reads: map[assets.Name]Read{input: {Version: version}}})
	}
	for _, input := range p.Graph.Nodes[name].Inputs {
		if a := p.Project.Assets[input]; a == nil || p.Project.Assets[name].Tolerates(a) {
			continue
		}
		for _, other := range p.Graph.Nodes[name].Inputs {
			for source, mine := range at(input) {
				if theirs, reads := at(other)[source]; reads && theirs > mine {
					return true
				}
			}
		}
	}
	return false
}

// reflects is the oldest version of each source that a version of an asset was made from,
// as its place in the log.
func (p *tolerant) reflects(m Materialization) (oldest map[assets.Name]int) {
	oldest = map[assets.Name]int{}
	note := func(source assets.Name, at int) {
		if was, ok := oldest[source]; !ok || at < was {
			oldest[source] = at
		}
	}
	for input, read := range m.Reads {
		if log, isSource := p.State.Arrivals[input]; isSource {
			at := slices.IndexFunc(log, func(a Arrival) bool { return a.ID == read.Version })
			note(input, at)
			continue
		}
		record, ok := p.State.Earlier[Made{input, read.Version}]
		if last := p.State.Last[Key{Asset: input}]; last.Made.ID == read.Version {
			record, ok = last, true
		}
		if !ok {
			p.Fatalf("%s read a version of %s that nobody knows", m.Asset, input)
		}
		for source, at := range p.reflects(record) {
			note(source, at)
		}
	}
	return oldest
}

// agree checks that only who tolerates an input has read two versions of one source: of its
// inputs, those that it does not tolerate reflect the same of each as what it reads beside them.
func (p *tolerant) agree(built []assets.Name) {
	for _, name := range built {
		m, asset := p.State.Last[Key{Asset: name}], p.Project.Assets[name]
		for input := range m.Reads {
			if p.Project.Assets[input] == nil || asset.Tolerates(p.Project.Assets[input]) {
				continue
			}
			mine := p.reflects(Materialization{Reads: map[assets.Name]Read{input: m.Reads[input]}})
			for other := range m.Reads {
				others := p.reflects(Materialization{Reads: map[assets.Name]Read{other: m.Reads[other]}})
				for source, at := range mine {
					if theirs, reads := others[source]; reads && theirs > at {
						p.Fatalf("%s reads versions %d (%s) and %d (%s) of %s, and does not tolerate that", name, at, input, theirs, other, source)
					}
				}
			}
		}
	}
}

// atRest checks that nothing is to be built, and that who is behind is known.
func (p *tolerant) atRest() {
	plan := Make(p.Input)
	for _, s := range plan.Steps {
		if s.Action == Create || s.Action == Rebuild {
			p.Fatalf("the plan builds again although nothing moved:\n%s", dump(plan))
		}
		oldest := p.reflects(p.State.Last[s.Key])
		var since time.Time
		for source, at := range oldest {
			if log := p.State.Arrivals[source]; at+1 < len(log) {
				since = earlier(since, log[at+1].Arrived)
			}
		}
		if !s.BehindSince.Equal(since) || since.IsZero() != (s.State == StateFresh) && s.State != StateBehind {
			p.Fatalf("%s is %s since %v, want since %v\n%s", s.Asset, s.State, s.BehindSince, since, dump(plan))
		}
	}
}
