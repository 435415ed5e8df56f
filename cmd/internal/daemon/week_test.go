//go:build unix

package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// A week of a daemon on real files and a real warehouse. Each life of the daemon is a
// process, in which time passes when everybody waits, and which may kill itself.

var (
	weeks    = flag.Int("weeks", 1, "how many weeks a daemon is killed in")
	weekSeed = flag.Uint64("week-seed", 0, "the seed of the first week (default: another one each time)")
)

// Europe sets its clocks ahead on the Sunday in it.
var (
	weekBegins = time.Date(2026, 3, 26, 0, 0, 0, 0, time.UTC)
	weekEnds   = weekBegins.AddDate(0, 0, 7)
	// From here on nothing arrives: every policy asks once more for what there is.
	lastArrival = weekEnds.Add(-30 * time.Hour)
)

const weekProject = `
project "week" { timezone = "Europe/London" }
source "raw.views" {
  files = "views/*.csv"
  poll  = "30m"
}
source "raw.titles" {
  files = "titles.csv"
  poll  = "30m"
}
asset "staging.views" { sql = "select title, minutes from raw.views" } # inherits all of these
asset "mart.minutes" {
  sql = "select title, sum(minutes)::bigint as minutes from staging.views group by all"
  freshness { max_lag = "2h" }
}
asset "mart.picks" { # at half past one, which there is not on that Sunday
  sql = "select t.name, m.minutes from mart.minutes m join raw.titles t using (title)"
  freshness {
    max_lag = "1h"
    at      = "30 1 * * *"
  }
}
asset "mart.counts" {
  sql      = "select count(*) as n from staging.views"
  schedule = "0 6 * * *"
}
asset "mart.titles" { sql = "select count(*) as n, max(name) as last from raw.titles" }
`

// delivery is a file that is put into the project's directory.
type delivery struct {
	At         time.Time
	Path, Text string
	Source     string // of which it is a version; empty: it is the project's own
}

// script is what happens in a week, in the order in which it does.
func script(r *rand.Rand, edit bool) (all []delivery) {
	titles := "title,name\n0,first\n1,other\n2,third\n"
	views := func(n int) string { return fmt.Sprintf("title,minutes\n%d,%d\n%d,7\n", n%3, n+1, (n+1)%3) }
	at := weekBegins.Add(-24 * time.Hour)
	all = append(all, delivery{at, "project.hcl", weekProject, ""}, delivery{at, "views/0.csv", views(0), "raw.views"}, delivery{at, "titles.csv", titles, "raw.titles"})
	for n, at := 1, weekBegins.Add(5*time.Minute); ; n++ {
		if at = at.Add(20*time.Minute + time.Duration(r.IntN(9*60))*time.Minute); at.After(lastArrival) {
			break
		}
		d := delivery{at, fmt.Sprintf("views/%d.csv", n), views(n), "raw.views"}
		if r.IntN(4) == 0 {
			titles += fmt.Sprintf("%d,name %d\n", n+2, n)
			d = delivery{at, "titles.csv", titles, "raw.titles"}
		}
		all = append(all, d)
	}
	if edit {
		at := weekBegins.Add(time.Duration(24+r.IntN(72)) * time.Hour)
		all = append(all, delivery{at, "project.hcl", weekProject + `asset "mart.top" { sql = "select max(minutes) as most from mart.minutes" }`, ""})
		slices.SortStableFunc(all, func(a, b delivery) int { return a.At.Compare(b.At) })
	}
	return all
}

// put delivers a file, unless that was done already.
func (d delivery) put(dir string) error {
	path := filepath.Join(dir, d.Path)
	if text, err := os.ReadFile(path); err == nil && string(text) == d.Text {
		return nil
	}
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path+".part", []byte(d.Text), 0o666),
		os.Chtimes(path+".part", d.At, d.At), os.Rename(path+".part", path))
}

// life is that of one daemon, and how it comes out.
type life struct {
	Dir         string
	From, Until time.Time
	Script      []delivery
	// Kill is when it is killed; zero: never. AtEvent is the event of a run with which it is,
	// or rather a little of real time After it; 0: with none.
	Kill    time.Time
	AtEvent int
	After   time.Duration
	// Ahead is how wrong its clock is.
	Ahead time.Duration

	// Died is when it was killed; zero: it was not.
	Died time.Time
	// Builds are "asset at time", in the order in which they began.
	Builds, Foreseen []string
	// Published is the id of what is published of each asset at the end, and Undone what is
	// still to be done then.
	Published map[string]assets.Digest
	Undone    []string

	log string
}

const lifeVariable = "ASSETS_TEST_LIFE"

// live has a daemon live in a process of its own.
func (l life) live(t *testing.T) life {
	t.Helper()
	file := filepath.Join(t.TempDir(), "life.json")
	write(t, file, l)
	c := exec.Command(os.Args[0], "-test.run=^TestALife$", "-test.v")
	c.Env = append(os.Environ(), lifeVariable+"="+file)
	out, err := c.CombinedOutput()
	text, readErr := os.ReadFile(file)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatal(err)
	}
	if l.Died.IsZero() == (err != nil) {
		t.Fatalf("a life from %v: %v\n%s", l.From, err, out)
	}
	l.log = string(out)
	return l
}

func write(t *testing.T, file string, l life) {
	t.Helper()
	text, err := json.Marshal(l)
	if err == nil {
		err = os.WriteFile(file, text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestALife is the process of a life: see live.
func TestALife(t *testing.T) {
	file := os.Getenv(lifeVariable)
	if file == "" {
		t.Skip("it is called by other tests")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var l life
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(l.From)) // in the bubble: nobody waits
		l.run(t, func() {
			l.Died = time.Now().UTC()
			write(t, file, l)
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		})
	})
	write(t, file, l)
}

func (l *life) run(t *testing.T, die func()) {
	events := 0
	clock := unwavering{l.Ahead}
	o := session.Options{Dir: l.Dir, Now: clock.Now, Parallelism: 2, Log: zerolog.Nop(), Emit: func(e materialize.Event) {
		if e.Type == materialize.AssetStarted {
			l.Builds = append(l.Builds, built(e.Asset, time.Now()))
		}
		if events++; events == l.AtEvent {
			go func() {
				after := unix.NsecToTimespec(int64(l.After)) // not in the bubble's time, which stands still
				unix.Nanosleep(&after, nil)
				die()
			}()
		}
	}}
	if !l.Kill.IsZero() {
		time.AfterFunc(time.Until(l.Kill), die)
	}
	coming := l.Script
	for ; len(coming) > 0 && !coming[0].At.After(l.From); coming = coming[1:] {
		put := !slices.ContainsFunc(coming[1:], func(d delivery) bool { return d.Path == coming[0].Path && !d.At.After(l.From) })
		if !put {
			continue
		}
		if err := coming[0].put(l.Dir); err != nil {
			t.Fatal(err)
		}
	}
	keeper := session.NewKeeper(o)
	d := New(Options{Keeper: Keep(keeper), Dir: l.Dir, Clock: clock, Log: zerolog.New(t.Output()).With().Timestamp().Logger(), Poll: true})
	stop, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(stop, stop) }()
	time.Sleep(time.Minute)
	l.Foreseen = foreseen(d, coming, l.Until)
	l.Builds = nil
	for _, c := range coming {
		time.Sleep(time.Until(c.At))
		if err := c.put(l.Dir); err != nil {
			t.Fatal(err)
		}
		if c.Source != "" {
			d.Look(assets.MustName(c.Source))
		}
	}
	time.Sleep(time.Until(l.Until))
	synctest.Wait()
	s := d.Snapshot()
	l.Published = map[string]assets.Digest{}
	for key, last := range s.Input.State.Last {
		l.Published[key.Asset.String()] = last.Made.ID
	}
	for _, step := range s.Plan.Steps {
		if step.Action != planner.None {
			l.Undone = append(l.Undone, fmt.Sprintf("%c %s", step.Action, step.Asset))
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := keeper.Close(); err != nil {
		t.Error(err)
	}
}

// unwavering is a clock of a bubble that nobody sets, so that it needs no naps. It is
// ahead of the bubble's time.
type unwavering struct{ ahead time.Duration }

func (c unwavering) Now() time.Time { return time.Now().Round(0).Add(c.ahead) }

func (c unwavering) Wait(ctx context.Context, until time.Time) <-chan struct{} {
	woken := make(chan struct{})
	timer := time.AfterFunc(until.Sub(c.Now()), func() { close(woken) })
	context.AfterFunc(ctx, func() { timer.Stop() })
	return woken
}

func built(name assets.Name, at time.Time) string {
	return at.UTC().Format("Mon 15:04 ") + name.String()
}

// foreseen are the builds that a simulation foresees.
func foreseen(d *Daemon, coming []delivery, until time.Time) (builds []string) {
	var arriving []planner.Arriving
	for _, c := range coming {
		if c.Source != "" {
			arriving = append(arriving, planner.Arriving{Source: assets.MustName(c.Source), At: c.At})
		}
	}
	in := d.Snapshot().Input
	in.Now = time.Now().UTC()
	for _, b := range planner.Simulate(in, arriving, until).Builds {
		builds = append(builds, built(b.Asset, b.Began))
	}
	return builds
}

func seedOf(t *testing.T, n int) *rand.Rand {
	seed := *weekSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Log("seed", seed+uint64(n))
	return rand.New(rand.NewPCG(seed+uint64(n), 0))
}

// mostKills leaves time in the week to live.
const mostKills = 8

// A daemon that is killed again and again, loses what it has cached, and whose clock goes wrong
// at times, publishes in the end what one does that is never disturbed, and neither leaves
// anything undone. In the middle of it the project is edited.
func TestAWeekOfKills(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes; left out with -short")
	}
	for n := range *weeks {
		r := seedOf(t, n)
		happens := script(r, true)
		whole := life{Dir: t.TempDir(), From: weekBegins, Until: weekEnds, Script: happens}.live(t)
		if len(whole.Undone) > 0 || len(whole.Published) != 6 {
			t.Fatalf("undisturbed: published %v, undone %v", whole.Published, whole.Undone)
		}
		l := life{Dir: t.TempDir(), From: weekBegins, Until: weekEnds, Script: happens}
		lives, ended := 0, life{}
		for {
			next := l
			if lives < mostKills { // then it may live
				next.Kill = l.From.Add(time.Duration(r.Int64N(int64(30 * time.Hour))))
				if r.IntN(4) == 0 { // until the next life its clock is wrong
					next.Ahead = time.Duration(r.Int64N(int64(6*time.Hour))) - 3*time.Hour
				}
				if r.IntN(3) > 0 {
					next.AtEvent, next.After = 1+r.IntN(30), time.Duration(r.Int64N(int64(10*time.Millisecond)))
				}
			}
			if ended = next.live(t); ended.Died.IsZero() {
				break
			}
			lives++
			l.From = ended.Died.Add(time.Duration(r.Int64N(int64(4 * time.Hour))))
			if r.IntN(2) == 0 {
				if err := os.RemoveAll(filepath.Join(l.Dir, ".assets")); err != nil {
					t.Fatal(err)
				}
			}
			if l.From.After(weekEnds.Add(-time.Hour)) {
				l.From = weekEnds.Add(-time.Hour)
				lives = mostKills
			}
		}
		t.Logf("%d deliveries, %d builds undisturbed, killed %d times", len(happens), len(whole.Builds), lives)
		if diff := cmp.Diff(whole.Published, ended.Published); diff != "" {
			t.Errorf("published (-undisturbed +killed):\n%s", diff)
		}
		if len(ended.Undone) > 0 {
			t.Errorf("undone: %s", strings.Join(ended.Undone, ", "))
		}
	}
}

// A daemon builds what a simulation foresees, when it does, and nothing else.
func TestAWeekAsForeseen(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes; left out with -short")
	}
	happens := script(seedOf(t, 0), false)
	l := life{Dir: t.TempDir(), From: weekBegins, Until: weekEnds, Script: happens}.live(t)
	t.Logf("%d deliveries, %d builds", len(happens), len(l.Builds))
	if len(l.Foreseen) == 0 {
		t.Fatal("nothing is foreseen")
	}
	slices.SortStableFunc(l.Builds, strings.Compare)
	slices.SortStableFunc(l.Foreseen, strings.Compare)
	if diff := cmp.Diff(l.Foreseen, l.Builds); diff != "" {
		t.Errorf("builds (-foreseen +done):\n%s\nthe daemon's log:\n%s", diff, l.log)
	}
}
