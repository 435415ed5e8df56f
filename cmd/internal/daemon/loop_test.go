package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func (b *bubble) wantBuilt(names ...string) {
	b.Helper()
	if got := b.did(); !cmp.Equal(got, names) {
		b.Errorf("built %v, want %v", got, names)
	}
}

// long is a build that goes on until f.end is closed or the run is cancelled.
func (f *fake) long() func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-f.end:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestWhatIsStaleIsBuiltAtOnce(t *testing.T) {
	runFake(t, newFake("a1 b1", "a2"), nil, func(b *bubble) {
		b.wantBuilt("a1", "a2", "b1")
		b.deliver("s2")
		b.d.Look(assets.MustName("s2"))
		synctest.Wait()
		b.wantBuilt("a2")
	})
}

// Without any event what was delivered is found by the next poll.
func TestWhatNobodyTellsOfIsPolled(t *testing.T) {
	runFake(t, newFake("a1"), nil, func(b *bubble) {
		b.did()
		b.deliver("s1")
		b.pass(59 * time.Second)
		b.wantBuilt()
		b.pass(2 * time.Second)
		b.wantBuilt("a1")
	})
}

// The loop plans at Plan.NextWake, to the moment, and at no other moment if nothing happens.
func TestTheLoopSleepsUntilAnotherPlanCanComeOut(t *testing.T) {
	f := newFake("a1")
	var due time.Time
	told := false
	f.wakes = func(now time.Time) time.Time {
		if due.IsZero() {
			due = now.Add(42*time.Minute + 3*time.Millisecond)
		}
		if now.Before(due) {
			return due
		}
		if !told {
			told, f.stale[assets.MustName("a1")] = true, true
		}
		return time.Time{}
	}
	runFake(t, f, nil, func(b *bubble) {
		b.did()
		plans := b.count(&b.plans)
		b.pass(42 * time.Minute)
		if b.count(&b.plans) != plans {
			t.Errorf("%d plans were made for nothing", b.count(&b.plans)-plans)
		}
		b.pass(3 * time.Millisecond)
		b.wantBuilt("a1")
	})
}

// A part that takes long is not begun a second time, and nobody who has nothing to
// do with it waits for it. What was delivered meanwhile is built afterwards.
func TestPartsDoNotWaitForOneAnother(t *testing.T) {
	f := newFake("a1 b1", "a2")
	f.build("a1", f.long())
	runFake(t, f, nil, func(b *bubble) {
		b.wantBuilt("a2")
		for range 3 {
			b.deliver("s1")
			b.deliver("s2")
			b.pass(time.Minute)
			b.wantBuilt("a2")
		}
		if n := len(b.d.Snapshot().Running); n != 1 {
			t.Errorf("%d runs go on", n)
		}
		b.build("a1", nil)
		close(f.end)
		synctest.Wait()
		b.pass(time.Second)
		if got := b.did(); len(got) < 2 || got[0] != "a1" {
			t.Errorf("built %v", got)
		}
	})
}

// An asset that fails is tried again, ever more rarely, as long as nothing changes;
// at once when something does. Meanwhile what reads it is left alone.
func TestWhatFailedRests(t *testing.T) {
	f := newFake("a1 b1")
	attempts := 0
	f.build("a1", func(context.Context) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		attempts++
		return errors.New("no")
	})
	runFake(t, f, nil, func(b *bubble) {
		b.pass(time.Hour)
		before := f.count(&attempts)
		if before < 10 || before > 30 {
			t.Errorf("%d attempts in an hour", before)
		}
		b.deliver("s1")
		b.d.Look(assets.MustName("s1"))
		synctest.Wait()
		if n := f.count(&attempts) - before; n != 1 {
			t.Errorf("%d attempts at what was delivered", n)
		}
		b.build("a1", nil)
		b.did()
		b.pass(longestRest)
		b.wantBuilt("a1", "b1")
	})
}

// A plan that never is content does not make the loop spin.
func TestTheSameIsNotBuiltInALoop(t *testing.T) {
	f := newFake("a1")
	f.wakes = func(time.Time) time.Time {
		f.stale[assets.MustName("a1")] = true
		return time.Time{}
	}
	runFake(t, f, nil, func(b *bubble) {
		b.pass(time.Hour)
		if n := len(b.did()); n < 10 || n > 30 {
			t.Errorf("built %d times in an hour", n)
		}
	})
}

// What is wrong with the machinery is tried again, ever more rarely, and ends nothing.
func TestTroubleIsOutlived(t *testing.T) {
	f := newFake("a1")
	f.opens = func() (bool, error) {
		return false, &warehouse.LockedError{Path: "warehouse.duckdb", Program: "duckdb", PID: 7}
	}
	runFake(t, f, nil, func(b *bubble) {
		b.pass(10 * time.Minute)
		if b.count(&b.opened) < 15 || b.count(&b.opened) > 40 {
			t.Errorf("%d attempts in ten minutes", b.count(&b.opened))
		}
		if s := b.d.Snapshot(); s.Fault == "" || time.Since(s.FaultSince) != 10*time.Minute {
			t.Errorf("the snapshot says of it: %q, since %v", s.Fault, s.FaultSince)
		}
		b.mu.Lock()
		b.opens = nil
		b.mu.Unlock()
		b.pass(longestPause * 11 / 10)
		b.wantBuilt("a1")
		if fault := b.d.Snapshot().Fault; fault != "" {
			t.Errorf("the snapshot still says: %s", fault)
		}
	})
}

// A plan that has nothing to do any more needs nothing that failed.
func TestTroubleIsOverWhenNothingIsLeftToDo(t *testing.T) {
	f := newFake("a1")
	f.opens = func() (bool, error) { return false, errors.New("the disk is full") }
	var over time.Time
	f.wakes = func(now time.Time) time.Time {
		if over.IsZero() {
			over = now.Add(10 * time.Minute)
		}
		if now.Before(over) {
			return over
		}
		clear(f.stale)
		return time.Time{}
	}
	runFake(t, f, nil, func(b *bubble) {
		b.pass(9 * time.Minute)
		if b.d.Snapshot().Fault == "" {
			t.Error("the snapshot says nothing of it")
		}
		b.pass(2 * time.Minute)
		if fault := b.d.Snapshot().Fault; fault != "" {
			t.Errorf("the snapshot still says: %s", fault)
		}
	})
}

// Who fails while the warehouse is open changes its file, too. That is no reason to try again
// at once: only of others that may be.
func TestTroubleOfOnesOwnIsNotOverByClosingTheWarehouse(t *testing.T) {
	for _, c := range []struct {
		why         string
		fail        func(*fake)
		least, most int
	}{
		{"the disk is full", func(f *fake) { f.breaks = errors.New("no space left on device") }, 2, 6},
		{"another process has it", func(f *fake) {
			f.opens = func() (bool, error) { return false, &warehouse.LockedError{Path: "warehouse.duckdb", PID: 7} }
		}, 11, 14},
	} {
		t.Run(c.why, func(t *testing.T) {
			f := newFake("a1")
			c.fail(f)
			runFake(t, f, nil, func(b *bubble) {
				for range 60 { // events of its file, all the time
					b.d.post(func() { b.d.changed(change{warehouse: true}) })
					b.pass(200 * time.Millisecond)
				}
				if n := b.count(&b.opened); n < c.least || n > c.most {
					t.Errorf("%d attempts", n)
				}
			})
		})
	}
}

// What another process changed is planned with before anything is begun.
func TestTheWarehouseMovedBeforeItWasOpened(t *testing.T) {
	f := newFake("a1", "a2")
	f.opens = func() (bool, error) {
		moved := f.stale[assets.MustName("a1")]
		delete(f.stale, assets.MustName("a1"))
		f.released = false
		return moved, nil
	}
	runFake(t, f, nil, func(b *bubble) { b.wantBuilt("a2") })
}

// A source of which another process recorded another version is looked at at once, also by
// rounds that look at nothing else again.
func TestWhatWasOvertakenIsLookedAtAtOnce(t *testing.T) {
	for _, once := range []bool{false, true} {
		f := newFake("a1", "a2")
		s1 := assets.MustName("s1")
		before := 0
		f.opens = func() (bool, error) {
			f.released = false
			if f.opened > 1 {
				return false, nil
			}
			before = f.looked
			delete(f.stale, assets.MustName("a1")) // nothing can be built from it
			f.looks[s1] = observe.Look{Overtaken: true}
			return true, nil
		}
		runFake(t, f, func(o *Options) { o.Once = once }, func(b *bubble) {
			if looked := b.count(&f.looked) - before; looked != 1 {
				t.Errorf("once %v: %d looks after another process recorded a version, want 1", once, looked)
			}
			b.wantBuilt("a1", "a2")
		})
	}
}

func TestStop(t *testing.T) {
	for _, c := range []struct {
		why   string
		after time.Duration // until the build would end by itself
		kill  bool
		took  time.Duration
		built []string
	}{
		{"what runs may end", 20 * time.Second, false, 20 * time.Second, []string{"a1"}},
		{"but is cancelled after the grace", time.Hour, false, 30 * time.Second, nil},
		{"or at once by a second signal", time.Hour, true, 0, nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			f := newFake("a1")
			f.build("a1", f.long())
			runFake(t, f, nil, func(b *bubble) {
				began := time.Now()
				b.stop()
				time.AfterFunc(c.after, func() { close(f.end) })
				if c.kill {
					b.kill()
				}
				if err := <-b.ended; err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				b.wantBuilt(c.built...)
			})
		})
	}
}

// A stop ends the daemon although something hangs that no context ends.
func TestStopWhateverHangs(t *testing.T) {
	for _, c := range []struct {
		why  string
		hang func(*bubble)
		took time.Duration
	}{
		{"a look", func(b *bubble) {
			b.observes = func(assets.Name) { <-b.end }
			b.pass(2 * time.Minute) // a look has begun
		}, patience},
		{"a run", func(b *bubble) {
			b.build("a1", func(context.Context) error { <-b.end; return nil })
			b.deliver("s1")
			b.pass(2 * time.Minute)
		}, 30*time.Second + patience},
	} {
		t.Run(c.why, func(t *testing.T) {
			runFake(t, newFake("a1"), nil, func(b *bubble) {
				c.hang(b)
				began := time.Now()
				b.stop()
				if err := <-b.ended; err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				close(b.end)
			})
		})
	}
}

// So it does if what hangs is the first look at the sources, when the project is loaded.
func TestStopWhileTheProjectIsLoaded(t *testing.T) {
	f := newFake("a1")
	f.loads = func() *session.Loaded { <-f.end; return &session.Loaded{} }
	runFake(t, f, nil, func(b *bubble) {
		b.stop()
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		close(b.end)
		if n := f.count(&f.plans); n > 0 {
			t.Errorf("it made %d plans of nothing", n)
		}
	})
}

// While a look at one source hangs, another one is looked at and built.
func TestALookThatHangsHoldsUpNoOther(t *testing.T) {
	f := newFake("a1", "a2")
	remote := assets.MustName("s1")
	f.project.Sources[remote].Table = &assets.AttachedTable{Connection: "crm"}
	runFake(t, f, nil, func(b *bubble) {
		b.did()
		b.observes = func(name assets.Name) {
			if name == remote {
				<-b.end
			}
		}
		b.pass(2 * time.Minute)
		b.deliver("s2")
		b.pass(2 * time.Minute)
		b.wantBuilt("a2")
		close(b.end)
	})
}

// Setting the clock makes the loop plan again, and keeps nothing waiting or spinning.
func TestTheClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		f := newFake("a1")
		f.wakes = func(now time.Time) time.Time { return now.Add(time.Hour) }
		runFake(t, f, nil, func(b *bubble) {
			b.did()
			plans, looked := b.count(&b.plans), b.count(&b.looked)
			b.clock.step(by)
			synctest.Wait()
			if b.count(&b.plans) == plans {
				t.Errorf("%v: no plan for the new time", by)
			}
			b.pass(10 * time.Minute)
			if n := b.count(&b.looked) - looked; n < 9 || n > 12 {
				t.Errorf("%v: %d looks in ten minutes", by, n)
			}
			if n := b.count(&b.plans) - plans; n > 3 {
				t.Errorf("%v: %d plans in ten minutes", by, n)
			}
			b.deliver("s1")
			b.pass(time.Minute)
			b.wantBuilt("a1")
		})
	}
}

// A project with mistakes is not taken: the last good one goes on.
func TestAnEditWithMistakes(t *testing.T) {
	f := newFake("a1")
	told := 0
	dir := t.TempDir()
	edit := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "p.hcl"), []byte(text), 0o666); err != nil {
			t.Error(err)
		}
	}
	runFake(t, f, func(o *Options) {
		o.Dir = dir
		o.Show = func(hcl.Diagnostics, map[string][]byte) { told++ }
	}, func(b *bubble) {
		b.did()
		mistakes := func() *session.Loaded {
			return &session.Loaded{Diags: hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unknown asset"}}}
		}
		b.mu.Lock()
		b.loads = mistakes
		b.mu.Unlock()
		edit("1")
		b.pass(checkEvery)
		edit("the same mistake")
		b.pass(checkEvery)
		if got := b.d.Snapshot(); got.Invalid != "Unknown asset" || !got.Ready || told != 1 {
			t.Errorf("invalid %q, ready %v, told %d times", got.Invalid, got.Ready, told)
		}
		b.deliver("s1")
		b.pass(time.Minute)
		b.wantBuilt("a1")
		b.mu.Lock()
		b.loads = nil
		b.mu.Unlock()
		edit("good")
		b.pass(checkEvery)
		if got := b.d.Snapshot(); got.Invalid != "" {
			t.Errorf("still invalid: %s", got.Invalid)
		}
	})
}

// To begin with there has to be a good one.
func TestAProjectWithMistakesIsNotKept(t *testing.T) {
	f := newFake("a1")
	f.loads = func() *session.Loaded {
		return &session.Loaded{Diags: hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unknown asset"}}}
	}
	runFake(t, f, nil, func(b *bubble) {
		var invalid *InvalidError
		if err := <-b.ended; !errors.As(err, &invalid) {
			t.Error(err)
		}
	})
}

// Once ends when all is done that may be done now, failures included.
func TestOnce(t *testing.T) {
	f := newFake("a1 b1", "a2")
	f.build("a2", func(context.Context) error { return errors.New("no") })
	runFake(t, f, func(o *Options) { o.Once = true }, func(b *bubble) {
		if err := <-b.ended; err != nil {
			t.Error(err)
		}
		b.wantBuilt("a1", "b1")
		if got, want := b.d.Counts(), (Counts{Runs: 2, Built: 2, Failed: 1}); got != want {
			t.Errorf("%+v", got)
		}
	})
	f = newFake("a1")
	f.opens = func() (bool, error) { return false, errors.New("the disk is gone") }
	runFake(t, f, func(o *Options) { o.Once = true }, func(b *bubble) {
		if err := <-b.ended; err == nil {
			t.Error("it says that all went well")
		}
	})
}

// Of two daemons the second says who keeps the project.
func TestOneDaemonAProject(t *testing.T) {
	dir := t.TempDir()
	runFake(t, newFake("a1"), func(o *Options) { o.Dir = dir }, func(b *bubble) {
		for range 2 {
			_, err := takeLock(dir, time.Now())
			var held *HeldError
			if !errors.As(err, &held) || held.Holder.PID != os.Getpid() || held.Holder.Since.IsZero() {
				t.Error(err)
			}
			// What is in there can be found out again, so it may be removed at any time.
			if err := os.RemoveAll(filepath.Join(dir, ".assets")); err != nil {
				t.Error(err)
			}
			b.pass(time.Minute)
		}
	})
	l, err := takeLock(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if l.since.IsZero() {
		t.Error("nothing is known of the one before")
	}
	l.release()
}
