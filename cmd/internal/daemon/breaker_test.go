package daemon

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// recorded is a fake that plans as sessions do, from records which it keeps as a warehouse does.
type recorded struct {
	*fake
	state planner.State
	// policy is that of every asset: how long after so many attempts that failed the next is made.
	policy assets.Retry
	asked  []assets.Name
}

func newRecorded(chains ...string) *recorded {
	r := &recorded{fake: newFake(chains...), policy: assets.Retry{Delay: time.Minute, Backoff: 2, MaxDelay: time.Hour},
		state: planner.State{Serial: "0", Last: map[planner.Key]planner.Materialization{}, Failed: map[planner.Key]planner.Materialization{}, Found: map[assets.Name]planner.Found{}}}
	for name, node := range r.graph.Nodes {
		if r.project.Assets[name] != nil {
			node.Bound.Uses = map[assets.Name][]string{node.Inputs[0]: {"k"}}
			node.Bound.Syntax = "ast:1"
		}
	}
	return r
}

func (r *recorded) Asked() []assets.Name {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *recorded) Plan() (planner.Input, planner.Plan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := planner.Input{Project: r.project, Graph: r.graph, State: r.state, Now: r.clock.Now(), Observed: map[assets.Name]planner.Observation{}}
	for name, look := range r.looks {
		look.Observation.Arrived = r.clock.Now()
		in.Observed[name] = look.Observation
	}
	in.State.Failed = maps.Clone(in.State.Failed)
	for _, name := range r.asked {
		key := planner.Key{Asset: name}
		if failed, ok := in.State.Failed[key]; ok {
			failed.Retry = failed.Ended
			in.State.Failed[key] = failed
		}
	}
	return in, planner.Make(in)
}

func (r *recorded) Begin(_ context.Context, plan planner.Plan) (Job, error) {
	return &recordedJob{r: r, plan: plan}, nil
}

func (r *recorded) End(context.Context, Job) hcl.Diagnostics { return nil }

type recordedJob struct {
	r      *recorded
	plan   planner.Plan
	result materialize.Result
}

func (j *recordedJob) Log() zerolog.Logger { return zerolog.Nop() }

// Run records what a run would: when what failed may be tried again, and how often it was.
func (j *recordedJob) Run(context.Context) {
	r := j.r
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = nil // there is another attempt
	failed := map[assets.Name]bool{}
	for _, s := range j.plan.Steps {
		if s.Action != planner.Create && s.Action != planner.Rebuild {
			continue
		}
		if failed[r.graph.Nodes[s.Asset].Inputs[0]] {
			failed[s.Asset] = true
			j.result.Assets = append(j.result.Assets, materialize.AssetResult{Asset: s.Asset, Outcome: materialize.Skipped})
			continue
		}
		node, now := r.graph.Nodes[s.Asset], r.clock.Now()
		m := planner.Materialization{Key: s.Key, Began: now, Ended: now, Table: "t", Definition: planner.Definition{Bound: node.Bound}, Reads: map[assets.Name]planner.Read{},
			Audit: planner.AuditDigest(r.project.Assets[s.Asset])}
		m.Definition.Settings = planner.SettingsDigest(r.project.Assets[s.Asset])
		for _, input := range node.Inputs {
			read := planner.Read{Version: r.looks[input].ID, Columns: []string{"k"}}
			if r.project.Assets[input] != nil {
				read.Version = r.state.Last[planner.Key{Asset: input}].Made.ID
			}
			m.Reads[input] = read
			m.Made.ID += read.Version
		}
		a := materialize.AssetResult{Asset: s.Asset, Outcome: materialize.Built}
		if build := r.builds[s.Asset]; build != nil && build(context.Background()) != nil {
			a.Outcome, m.Status, m.Tried = materialize.FailedBuild, planner.Failed, r.state.Failed[s.Key].Tried+1
			if before := r.state.Failed[s.Key]; before.Reads[node.Inputs[0]].Version != m.Reads[node.Inputs[0]].Version {
				m.Tried = 1
			}
			m.Retry = now.Add(r.policy.Ceiling(m.Tried))
			r.state.Failed[s.Key], failed[s.Asset] = m, true
			j.result.Failed++
		} else {
			m.Status = planner.Published
			r.state.Last[s.Key] = m
			r.state.Found[s.Asset] = planner.Found{Kind: "view", Table: "t"}
			delete(r.state.Failed, s.Key)
			r.built = append(r.built, s.Asset.String())
			j.result.Built++
		}
		a.Record = m
		j.result.Assets = append(j.result.Assets, a)
	}
}

func (j *recordedJob) Tell(context.Context) hcl.Diagnostics { return nil }
func (j *recordedJob) Outcome() (materialize.Result, error) { return j.result, nil }
func (j *recordedJob) Broken() bool                         { return false }
func (j *recordedJob) ID() string                           { return "" }

// failing has an asset fail until it is mended, and notes after how long each attempt was made.
func (r *recorded) failing(name string) (attempts func() []time.Duration, mend func()) {
	var at []time.Duration
	mended := false
	var began time.Time
	r.build(name, func(context.Context) error { // called with the lock
		if began.IsZero() {
			began = r.clock.Now()
		}
		at = append(at, r.clock.Now().Sub(began))
		if mended {
			return nil
		}
		return context.DeadlineExceeded
	})
	return func() []time.Duration { r.mu.Lock(); defer r.mu.Unlock(); return slices.Clone(at) },
		func() { r.mu.Lock(); defer r.mu.Unlock(); mended = true }
}

func wantAttempts(t *testing.T, got []time.Duration, want ...time.Duration) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("attempts after %v, want after %v", got, want)
	}
}

// What failed waits as long as its record says: a longer time after each attempt, across a
// restart, and without a plan or a run in between. A new version of what it reads is another
// attempt, made at once and counted anew. Others are not held up by any of it.
func TestWhatFailedIsTriedWhenItsRecordSaysSo(t *testing.T) {
	r := newRecorded("a1 b1", "a2")
	attempts, mend := r.failing("a1")
	keep := func(do func(b *bubble)) {
		runFake(t, r.fake, func(o *Options) { o.Keeper = r }, do)
	}
	const minute = time.Minute
	keep(func(b *bubble) {
		if got := b.did(); !slices.Equal(got, []string{"a2"}) {
			t.Errorf("beside what fails was built %v", got)
		}
		b.pass(3*minute + time.Second)
		wantAttempts(t, attempts(), 0, minute, 3*minute)
		plans := b.d.Snapshot().Plan.At
		b.pass(30 * time.Second)
		if at := b.d.Snapshot().Plan.At; !at.Equal(plans) {
			t.Errorf("planned again at %s, while what failed waits", at)
		}
	})
	// The bubble's time begins anew with the next daemon: the record is put back by as much.
	key := planner.Key{Asset: assets.MustName("a1")}
	m := r.state.Failed[key]
	ran := 3*minute + 31*time.Second
	m.Ended, m.Retry = m.Ended.Add(-ran), m.Retry.Add(-ran)
	r.state.Failed[key] = m
	attempts, mend = r.failing("a1")
	keep(func(b *bubble) {
		wantAttempts(t, attempts())
		b.pass(4 * minute)
		if n := len(attempts()); n != 1 {
			t.Fatalf("%d attempts after the restart, want one: four minutes after the last before it", n)
		}
		b.deliver("s1") // seen by the next look
		b.pass(minute + time.Second)
		if n := len(attempts()); n != 2 {
			t.Errorf("%d attempts once something arrived, want another at once", n)
		}
		b.pass(minute)
		if n := len(attempts()); n != 3 {
			t.Errorf("%d attempts, want the pauses to begin anew", n)
		}
		// Somebody asks for it: then the time does not matter.
		mend()
		r.mu.Lock()
		r.asked = []assets.Name{key.Asset}
		r.mu.Unlock()
		b.d.Look(assets.MustName("s2")) // without a watcher the next tick hears of it
		b.pass(time.Second)
		if got := b.did(); !slices.Equal(got, []string{"a1", "b1"}) {
			t.Errorf("when asked to try again it built %v", got)
		}
	})
}
