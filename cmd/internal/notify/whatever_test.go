package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// listener is somebody who is told, over a line that breaks: before a message arrives, or
// after that, so that it comes again.
type listener struct {
	mu     sync.Mutex
	broken string
	seen   map[string]bool // messages
	// holds is what goes on as far as they know; wrong is what they were told wrongly.
	holds map[string]bool
	wrong []string
}

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == "before" {
		return nil, errors.New("broken")
	}
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, err
	}
	if !l.seen[m.ID] {
		l.seen[m.ID] = true
		for _, a := range m.Alerts {
			if a.Past {
				continue
			}
			if a.Status == Resolved && !l.holds[a.ID] {
				l.wrong = append(l.wrong, "the end of "+a.ID+" without its beginning")
			}
			if l.holds[a.ID] = true; a.Status == Resolved {
				delete(l.holds, a.ID)
			}
		}
	}
	if l.broken == "after" {
		return nil, errors.New("broken")
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("ok")), Request: r}, nil
}

func (l *listener) breaks(how string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = how
}

// Whatever fails, heals, is killed, and breaks: in the end everybody knows how things are,
// and was told of no end without its beginning.
func TestInTheEndEverybodyKnows(t *testing.T) {
	steps := []string{"fail staging.orders", "fail mart.sales", "fail late", "heal", "break before", "break after", "mend",
		"wait 1ms", "wait 1s", "wait 1m", "wait 5h", "apply", "start", "stop", "kill"}
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(rapid.SampledFrom(steps), 1, 25).Draw(rt, "script")
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = live(t, script) })
		if wrong != nil {
			rt.Fatal(strings.Join(wrong, "\n"))
		}
	})
}

// live lives through a script, and says what people know wrongly after it.
func live(t *testing.T, script []string) (wrong []string) {
	h, l := newHouse(t), &listener{seen: map[string]bool{}, holds: map[string]bool{}}
	begin := func(stays bool) *Alerts {
		a := NewAlerts(AlertOptions{Dir: h.dir, Now: time.Now, Redact: func(s string) string { return s }, Daemon: stays, Transport: l})
		a.Look(h.scene())
		return a
	}
	var daemon *Alerts
	for _, step := range script {
		switch what, arg, _ := strings.Cut(step, " "); what {
		case "fail":
			failed := map[planner.Key]planner.Materialization{}
			maps.Copy(failed, h.state.Failed)
			key := planner.Key{Asset: assets.MustName(arg)}
			failed[key] = planner.Materialization{Key: key, Status: planner.Failed, Err: "x", Run: runID, Ended: time.Now()}
			h.state.Failed = failed
		case "heal":
			h.state.Failed = nil
		case "break":
			l.breaks(arg)
		case "mend":
			l.breaks("")
		case "wait":
			long, _ := time.ParseDuration(arg)
			time.Sleep(long)
		case "apply":
			begin(false).Close(context.Background())
		case "start":
			if daemon == nil {
				daemon = begin(true)
			}
		case "stop":
			if daemon != nil {
				daemon.Close(context.Background())
				daemon = nil
			}
		case "kill":
			if daemon != nil {
				killed(daemon)
				daemon = nil
			}
		}
		if daemon != nil {
			daemon.Look(h.scene())
		}
	}
	l.breaks("")
	if daemon != nil {
		time.Sleep(time.Hour)
		killed(daemon) // one that stops would say so
	} else {
		begin(false).Close(context.Background())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.holds, "daemon")
	wrong = l.wrong
	for key := range h.state.Failed {
		id := "asset " + key.Asset.String()
		if !l.holds[id] {
			wrong = append(wrong, id+" holds, and nobody knows")
		}
		delete(l.holds, id)
	}
	for id := range l.holds {
		wrong = append(wrong, id+" is over, and nobody knows")
	}
	return wrong
}

// killed ends a process as the system does: nothing is said any more, or kept.
func killed(a *Alerts) {
	close(a.stop)
	<-a.done
	for _, t := range a.targets {
		t.delivery.abandon()
	}
	if a.lock != nil {
		_ = a.lock.Unlock()
	}
}
