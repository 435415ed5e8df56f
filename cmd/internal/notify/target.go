package notify

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// Health is how the delivery to one target goes.
type Health struct {
	// Delivered counts messages that arrived, Failed attempts that did not get through,
	// Refused messages that were given up: the target will never take them.
	Delivered int       `json:"delivered"`
	Failed    int       `json:"failed"`
	Refused   int       `json:"refused"`
	LastAt    time.Time `json:"last_at,omitzero"` // when one arrived last
	// Error is why the latest attempt failed; empty: it did not.
	Error   string    `json:"error,omitempty"`
	ErrorAt time.Time `json:"error_at,omitzero"`
}

// target is one notify block at work.
type target struct {
	route
	sender   sender
	box      *outbox
	delivery *delivery
	standing standing
	zone     string

	mu     sync.Mutex
	health Health
	// gaveUp counts the messages that this process has given up, why says for what, the latest.
	gaveUp int
	why    string
}

// forever is the patience of alerts: who is told of a failure a day late knows of it all
// the same. The end of a process waits a few seconds.
var forever = patience{again: doubling, grace: 5 * time.Second, longest: 5 * time.Second}

// longestPause is how long a target that does not answer is left alone at most.
const longestPause = 5 * time.Minute

func doubling(failures int, err error, ending bool) (time.Duration, bool) {
	var asked later
	switch {
	case isRefused(err):
		return 0, true
	case ending:
		return 0, false
	}
	pause := longestPause
	if failures < 10 {
		pause = min(longestPause, time.Second<<(failures-1))
	}
	if errors.As(err, &asked) {
		pause = max(pause, asked.after)
	}
	return pause, true
}

// outboxPath is the file of what has not arrived, in the directory of caches.
func outboxPath(dir, name string) string { return filepath.Join(dir, "alerts", name+".ndjson") }

// begin starts to deliver what is left over, and whatever is added.
func (t *target) begin(a *Alerts) {
	t.box = openOutbox(outboxPath(a.Dir, t.Name))
	send := func(ctx context.Context, line []byte) error {
		var m Message
		if err := json.Unmarshal(line, &m); err != nil || !t.box.holds(line, a.Now()) {
			return errOld
		}
		return t.sender.send(ctx, m)
	}
	t.delivery = deliver(t.box.waiting(), forever, send, func(line []byte, err error) {
		t.tried(a, err)
		if err == nil || isRefused(err) {
			t.box.done(line)
		}
	})
}

// tried takes note of an attempt.
func (t *target) tried(a *Alerts, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch now := a.Now().UTC(); {
	case err == nil:
		t.health.Delivered++
		t.health.LastAt, t.health.Error, t.health.ErrorAt = now, "", time.Time{}
		a.Log.Debug().Str("notify", t.Name).Msg("an alert was delivered")
	default:
		t.health.Failed++
		why := a.Redact(err.Error())
		if isRefused(err) {
			t.health.Refused++
			t.gaveUp++
			t.why = why
		}
		if why != t.health.Error && !a.Quiet {
			a.Log.Warn().Str("notify", t.Name).Str("to", t.sender.place()).Str("why", why).Bool("given_up", isRefused(err)).Msg("an alert could not be delivered")
		}
		t.health.Error, t.health.ErrorAt = why, now
	}
	a.signal()
}

// given is how many messages this process has given up, and why the latest.
func (t *target) given() (up int, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gaveUp, t.why
}

func (t *target) healthNow() Health {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.health
}

// same reports whether a target is declared as before, wherever that stands now.
func same(a, b *assets.Notify) bool {
	x, y := *a, *b
	x.Decl, y.Decl = hcl.Range{}, hcl.Range{}
	return reflect.DeepEqual(x, y)
}
