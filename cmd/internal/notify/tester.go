package notify

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
)

// TestResult is how a test message came through.
type TestResult struct {
	Name, Kind, Place string
	Took              time.Duration
	Err               error // nil: it arrived
}

// Tester sends test messages.
type Tester struct {
	Project   *assets.Project
	Now       func() time.Time
	Transport http.RoundTripper // nil: as usual
	TLS       *tls.Config       // nil: as the system has it
}

// Test sends a message to each target at once, whatever waits for it, and says how that
// went, in their order.
func (t Tester) Test(ctx context.Context, targets []*assets.Notify) []TestResult {
	if t.Transport == nil {
		own := ownTransport()
		defer own.CloseIdleConnections()
		t.Transport = own
	}
	zone, err := calendar.Zone(t.Project.Timezone)
	if err != nil {
		zone = time.UTC
	}
	results := make([]TestResult, len(targets))
	var sending sync.WaitGroup
	for i, n := range targets {
		sending.Go(func() {
			s := newSender(n, senderOptions{project: t.Project.Name, zone: zone, transport: t.Transport, tls: t.TLS, now: t.Now})
			began := time.Now()
			err := s.send(ctx, testMessage(t.Project.Name, n.Name, t.Now()))
			results[i] = TestResult{n.Name, kindOf(n), s.place(), time.Since(began), err}
		})
	}
	sending.Wait()
	return results
}

func testMessage(project, name string, now time.Time) Message {
	m := newMessage(project, name, []Alert{{ID: "test", Event: "test", Severity: assets.Warn, Status: Firing, Since: now.UTC(),
		Summary: fmt.Sprintf("This is a test of notify %q", name), Effect: "Nothing has happened. Alerts of this project arrive here."}}, now)
	m.Test = true
	return m
}
