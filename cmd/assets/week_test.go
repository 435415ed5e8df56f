package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// What a script needs that goes through a week in seconds. Its clock is the variable
// NOW: each command begins at that moment, and takes as long as it takes.

// atClock lets a command begin at NOW, if that is set.
func atClock(a *app) {
	if begins, err := time.Parse(time.RFC3339Nano, os.Getenv("NOW")); err == nil {
		c := shifted(time.Until(begins))
		a.now, a.clock = c.Now, c
	}
}

// shifted is a clock that is ahead of this computer's by so much.
type shifted time.Duration

func (s shifted) Now() time.Time { return time.Now().Add(time.Duration(s)).Round(0) }

func (s shifted) Wait(ctx context.Context, until time.Time) <-chan struct{} {
	woken := make(chan struct{})
	stop := time.AfterFunc(until.Sub(s.Now()), func() { close(woken) })
	context.AfterFunc(ctx, func() { stop.Stop() })
	return woken
}

// night makes the files inbox/DAY/HH.csv ones that arrive five minutes after their
// hour, in UTC, the first of them on DAY: `night DAY`. With a moment, those that
// would arrive earlier do so then: `night DAY NOT-BEFORE`.
func night(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: night DAY [NOT-BEFORE]")
	}
	day, err := time.Parse(time.DateOnly, args[0])
	ts.Check(err)
	var from time.Time
	if len(args) == 2 {
		from, err = time.Parse(time.RFC3339, args[1])
		ts.Check(err)
	}
	files, err := filepath.Glob(ts.MkAbs(filepath.Join("inbox", args[0], "*.csv")))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("there is no night %s in inbox", args[0])
	}
	for _, file := range files {
		hour, err := time.Parse("15.csv", filepath.Base(file))
		ts.Check(err)
		arrives := day.Add(time.Duration(hour.Hour()+1)*time.Hour + 5*time.Minute)
		if hour.Hour() < 12 {
			arrives = arrives.AddDate(0, 0, 1)
		}
		if arrives.Before(from) {
			arrives = from
		}
		ts.Check(os.Chtimes(file, arrives, arrives))
	}
}

// keepUntil does until a moment what a daemon does: it wakes when a file arrives, that
// is, when one of inbox is as old as the clock says and goes to data/views, and when
// the plan says so: `keep UNTIL`. The file rounds tells what came of each.
func keepUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keep UNTIL")
	}
	until, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	rounds, err := os.OpenFile(ts.MkAbs("rounds"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	ts.Check(err)
	defer rounds.Close()
	for {
		var plan struct {
			NextWake time.Time `json:"next_wake"`
		}
		text := quietly(ts, "plan", "-json")
		ts.Check(json.Unmarshal(text, &plan))
		wake := plan.NextWake
		for _, arrives := range inbox(ts) {
			if wake.IsZero() || arrives.Before(wake) {
				wake = arrives
			}
		}
		if wake.IsZero() || wake.After(until) {
			break
		}
		ts.Setenv("NOW", wake.Format(time.RFC3339Nano))
		deliver(ts, wake)
		text = quietly(ts, "daemon", "-once") // that something failed is a result, too
		_, err := fmt.Fprintf(rounds, "%s %s", wake.Format(time.DateTime), text)
		ts.Check(err)
	}
	ts.Setenv("NOW", args[0])
}

// quietly runs assets as the script would, but without a trace in the script's log. It
// returns what that wrote to stdout.
func quietly(ts *testscript.TestScript, args ...string) []byte {
	bin, _, _ := strings.Cut(ts.Getenv("PATH"), string(os.PathListSeparator)) // testscript puts its programs first
	c := exec.Command(filepath.Join(bin, "assets"), args...)
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "NO_COLOR=1", "NOW="+ts.Getenv("NOW"))
	out, err := c.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	return out
}

// deliver moves what has arrived by now to data/views.
func deliver(ts *testscript.TestScript, now time.Time) {
	for file, arrives := range inbox(ts) {
		if arrives.After(now) {
			continue
		}
		to := ts.MkAbs(filepath.Join("data", "views", filepath.Base(filepath.Dir(file)), filepath.Base(file)))
		ts.Check(os.MkdirAll(filepath.Dir(to), 0o777))
		ts.Check(os.Rename(file, to))
	}
}

// inbox says of each file that is still to come when it arrives.
func inbox(ts *testscript.TestScript) map[string]time.Time {
	files, err := filepath.Glob(ts.MkAbs(filepath.Join("inbox", "*", "*.csv")))
	ts.Check(err)
	arrivals := map[string]time.Time{}
	for _, file := range files {
		info, err := os.Stat(file)
		ts.Check(err)
		arrivals[file] = info.ModTime().UTC()
	}
	return arrivals
}
