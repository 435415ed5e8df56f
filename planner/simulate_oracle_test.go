package planner

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// slowly is Simulate with nothing but Make: a warehouse of records, which are planned
// from scratch at each moment.
type slowly struct {
	in      Input
	running []slowRun
	busy    map[assets.Name]bool
	open    map[assets.Name]int
}

type slowRun struct {
	ends    time.Time
	records []Materialization
}

func simulateSlowly(in Input, arriving []Arriving, until time.Time) Forecast {
	s := &slowly{in: in, busy: map[assets.Name]bool{}, open: map[assets.Name]int{}}
	s.in.Options = Options{All: true}
	s.in.Observed, s.in.State.Last, s.in.State.Found = map[assets.Name]Observation{}, map[Key]Materialization{}, map[assets.Name]Found{}
	for name, seen := range in.Observed {
		s.in.Observed[name] = seen
	}
	for key, m := range in.State.Last {
		s.in.State.Last[key] = m
	}
	for name, f := range in.State.Found {
		s.in.State.Found[name] = f
	}
	s.in.State.Arrivals = map[assets.Name][]Arrival{}
	for name := range in.Project.Sources {
		s.in.State.Arrivals[name] = slices.Clone(newModel(in, in.Graph.Order).log(name))
	}
	f := Forecast{From: in.Now, Until: until}
	for now := in.Now; !now.After(until); now = now.Truncate(simulationStep).Add(simulationStep) {
		s.in.Now = now
		for len(arriving) > 0 && !arriving[0].At.After(now) {
			s.arrive(arriving[0])
			arriving = arriving[1:]
		}
		s.publishEnded()
		plan := Make(s.in)
		s.watch(plan, &f)
		f.Builds = append(f.Builds, s.begin(plan)...)
	}
	slices.SortStableFunc(f.Breaches, func(a, b ForeseenBreach) int { return a.Due.Compare(b.Due) })
	return f
}

func (s *slowly) arrive(a Arriving) {
	id := assets.NewDigest("foreseen", a.Source.String(), a.At.String())
	seen := s.in.Observed[a.Source]
	seen.ID, seen.Arrived, seen.Err, seen.Unreadable = id, a.At, "", false
	s.in.Observed[a.Source] = seen
	s.in.State.Arrivals[a.Source] = append(s.in.State.Arrivals[a.Source], Arrival{id, a.At})
}

func (s *slowly) begin(plan Plan) (builds []ForeseenBuild) {
	starts := map[assets.Name]Step{}
	for _, step := range plan.Steps {
		if (step.Action == Create || step.Action == Rebuild) && step.StartBy.Before(s.in.Now.Add(simulationStep)) && !step.StartBy.IsZero() {
			starts[step.Asset] = step
		}
	}
	graph := s.in.Graph
	together := map[assets.Name]assets.Name{} // the first of what hangs together
	for _, name := range graph.Order {
		if _, ok := starts[name]; ok {
			together[name] = name
		}
	}
	for changed := true; changed; {
		changed = false
		for name := range together {
			for _, input := range graph.Nodes[name].Inputs {
				if other, ok := together[input]; ok && other != together[name] {
					least := slices.MinFunc([]assets.Name{other, together[name]}, func(a, b assets.Name) int { return slices.Index(graph.Order, a) - slices.Index(graph.Order, b) })
					together[name], together[input], changed = least, least, true
				}
			}
		}
	}
	var began []slowRun
	var beginning []assets.Name
	for _, first := range graph.Order {
		var part []assets.Name
		disturbed := false
		for _, name := range graph.Order {
			if together[name] != first || together[name].Table == "" {
				continue
			}
			part = append(part, name)
			disturbed = disturbed || s.busy[name] || slices.ContainsFunc(graph.Nodes[name].Inputs, func(i assets.Name) bool { return s.busy[i] }) ||
				slices.ContainsFunc(graph.Nodes[name].Readers, func(r assets.Name) bool { return s.busy[r] })
		}
		if disturbed || len(part) == 0 {
			continue
		}
		run := slowRun{ends: s.in.Now}
		chain, made := map[assets.Name]time.Duration{}, map[assets.Name]assets.Digest{}
		for _, name := range part {
			r := Materialization{Key: Key{Asset: name}, Status: Revalidated, Reads: map[assets.Name]Read{}, Tick: starts[name].Tick, View: "view"}
			a, node := s.in.Project.Assets[name], graph.Nodes[name]
			r.Definition = Definition{Bound: node.Bound, Settings: SettingsDigest(a), Quarantine: QuarantineDigest(a), SQL: a.SQL.Text}
			r.Audit = AuditDigest(a)
			if a.Kind == assets.Table {
				r.Table = "table"
			}
			// Each build is another content, as what it reads is: no cut-off.
			r.Made = Version{ID: assets.NewDigest("foreseen", name.String(), s.in.Now.String()), Columns: node.Columns}
			repaired := func(r Reason) bool { return r.Code == Drifted }
			if last, published := s.in.State.Last[r.Key]; published && !slices.ContainsFunc(starts[name].Reasons, func(r Reason) bool { return !repaired(r) }) {
				r.Made.ID = last.Made.ID // what a repair is expected to come out as
			}
			made[name] = r.Made.ID
			for _, input := range node.Inputs {
				version := s.in.State.Last[Key{Asset: input}].Made.ID
				if seen, ok := s.in.Observed[input]; ok {
					version = seen.ID
				}
				if fresh, ok := made[input]; ok {
					version = fresh
				}
				r.Reads[input] = Read{Version: version, Columns: node.Bound.Uses[input]}
				chain[name] = max(chain[name], chain[input])
			}
			if a.Kind != assets.View {
				chain[name] += s.in.State.Estimates[name]
			}
			if ends := s.in.Now.Add(chain[name]); ends.After(run.ends) {
				run.ends = ends
			}
			run.records = append(run.records, r)
		}
		beginning = append(beginning, part...)
		began = append(began, run)
		for _, name := range part {
			step := starts[name]
			b := ForeseenBuild{Asset: name, Began: s.in.Now, Ended: run.ends, Due: step.Due, Since: step.BehindSince}
			builds = append(builds, b)
		}
	}
	for _, name := range beginning {
		s.busy[name] = true
	}
	s.running = append(s.running, began...)
	return builds
}

func (s *slowly) publishEnded() {
	s.running = slices.DeleteFunc(s.running, func(r slowRun) bool {
		if r.ends.After(s.in.Now) {
			return false
		}
		before := s.in.State
		before.Last = map[Key]Materialization{}
		for key, m := range s.in.State.Last {
			before.Last[key] = m
		}
		for _, record := range r.records {
			s.in.State.Last[record.Key] = record
			s.in.State.Found[record.Asset] = Found{Kind: "view", View: "view", Table: record.Table, Columns: record.Made.Columns}
			delete(s.busy, record.Asset)
		}
		s.in.State.KeepEarlier(before)
		return true
	})
}

func (s *slowly) watch(plan Plan, f *Forecast) {
	declared := declaredPolicies(s.in.Project, s.in.Graph)
	for _, step := range plan.Steps {
		at, going := s.open[step.Asset]
		switch broken := !step.Due.IsZero() && !step.Due.After(s.in.Now) && len(declared[step.Asset]) > 0; {
		case broken && !going:
			s.open[step.Asset] = len(f.Breaches)
			f.Breaches = append(f.Breaches, ForeseenBreach{Asset: step.Asset, Due: step.Due, Since: step.BehindSince})
		case !broken && going:
			f.Breaches[at].Ended = s.in.Now
			delete(s.open, step.Asset)
		}
	}
}

// Simulate follows only what changes. At every minute it does what planning from
// scratch, with records of what was built, would do.
func TestSimulateAgreesWithPlanningFromScratch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, removed := happenings(t)
		if len(removed.removed) > 0 {
			t.Skip("what is dropped is not simulated")
		}
		w.Options = Options{}
		clear(w.State.Failed)
		policies(t, w)
		for _, a := range w.Project.Assets {
			a.Checks = nil // what is only recorded is not simulated
		}
		for _, name := range w.Graph.Order { // what was read is known, as it is in a warehouse
			m, published := w.State.Last[Key{Asset: name}]
			if !published {
				continue
			}
			m.Audit, m.Definition.Quarantine = "", ""
			for _, input := range w.Graph.Nodes[name].Inputs {
				last, built := w.State.Last[Key{Asset: input}]
				if w.Project.Assets[input] != nil && !built {
					w.forget(name.String())
				}
				if built {
					m.Reads[input] = Read{last.Made.ID, last.Made.ID, w.Graph.Nodes[name].Bound.Uses[input]}
				}
			}
			if _, still := w.State.Last[m.Key]; still {
				w.State.Last[m.Key] = m
			}
		}
		arriving := arrivals(t, w)
		until := now.Add(26 * time.Hour)
		quick := newSimulation(w.Input)
		quick.step = simulationStep
		fast, slow := simulate(quick, arriving, until), simulateSlowly(w.Input, arriving, until)
		for i := range fast.Builds {
			fast.Builds[i].Source = assets.Name{}
		}
		for i := range fast.Breaches {
			fast.Breaches[i].Source = assets.Name{}
		}
		byName := func(a, b ForeseenBuild) int {
			if c := a.Began.Compare(b.Began); c != 0 {
				return c
			}
			return a.Asset.Compare(b.Asset)
		}
		slices.SortFunc(fast.Builds, byName)
		slices.SortFunc(slow.Builds, byName)
		if diff := cmp.Diff(slow, fast); diff != "" {
			t.Fatalf("(-from scratch +simulated):\n%s", diff)
		}
	})
}
