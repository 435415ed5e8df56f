package notify

import (
	"context"
	"crypto/tls"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// AlertOptions are what alerts need besides the project.
type AlertOptions struct {
	// Dir is the project's directory of caches. What each target was told, and what has
	// not arrived, is kept in it.
	Dir    string
	Now    func() time.Time
	Redact func(string) string
	Log    zerolog.Logger
	// Disk measures the file system that a path is on; nil: nobody is told of it.
	Disk func(path string) (warehouse.Disk, error)
	// Quiet leaves it to who calls Close to tell of what could not be delivered.
	Quiet bool
	// Daemon says that the process stays: it waits for alerts that go into one message,
	// and tells when it goes.
	Daemon bool
	// Transport and TLS are how requests and mails travel; nil: as usual.
	Transport http.RoundTripper
	TLS       *tls.Config
}

// Alerts tells people of what goes wrong. It compares what holds with what they were told,
// on a goroutine of its own: nobody waits for it. Of several processes one does so, the
// one that came first; what the others leave behind holds for that one, too.
type Alerts struct {
	AlertOptions

	mu       sync.Mutex
	scene    *Scene // the latest; nil: there is none yet
	unsure   bool   // what holds is not known before a run has ended
	building map[assets.Name]building

	wake, stop, done chan struct{}

	// What follows belongs to the goroutine, and to Close after that.
	project   *assets.Project
	graph     *lineage.Graph
	described *Scene  // that alerts are from
	base      []Alert // of the scene
	baseNext  time.Time
	disk      *Alert // nil: it could not be measured
	diskAt    time.Time
	lock      *flock.Flock
	locked    bool
	file      alertsFile
	written   []byte
	unkept    bool            // it could not be written
	noted     bool            // that the daemon is up
	transport *http.Transport // nil: not ours
	zone      *time.Location

	targetsMu sync.Mutex
	targets   map[string]*target
}

// leastPause lies between two looks at what holds: a daemon may plan many times a second.
const leastPause = time.Second

// diskEvery is how often the disk is looked at.
const diskEvery = time.Minute

// NewAlerts begins; nothing is told before Look.
func NewAlerts(o AlertOptions) *Alerts {
	a := &Alerts{AlertOptions: o, building: map[assets.Name]building{}, wake: make(chan struct{}, 1), stop: make(chan struct{}),
		done: make(chan struct{}), targets: map[string]*target{}, zone: time.UTC}
	if a.Transport == nil {
		a.transport = ownTransport()
		a.Transport = a.transport
	}
	go a.run()
	return a
}

// Look takes note of what is known now. It never waits. A nil Alerts tells nobody.
func (a *Alerts) Look(s Scene) {
	if a == nil {
		return
	}
	a.mu.Lock()
	a.scene, a.unsure = &s, false
	if len(s.Input.Project.Notify) > 0 {
		// A run that was cancelled, or broke off, does not tell of the builds that ended with it.
		maps.DeleteFunc(a.building, func(name assets.Name, b building) bool {
			began, going := s.Running[name]
			return !going || b.since.Before(began)
		})
	}
	a.mu.Unlock()
	a.signal()
}

// Begin is Look before a run that will end before Close: what holds now may hold no
// longer then. Only what happens during the run is told before that.
func (a *Alerts) Begin(s Scene) {
	if a == nil {
		return
	}
	a.mu.Lock()
	a.scene, a.unsure = &s, true
	a.mu.Unlock()
	a.signal()
}

// Event takes note of what happens in a run. It never waits, and wakes nobody: whether a
// build takes long is looked at every minute.
func (a *Alerts) Event(e materialize.Event) {
	if a == nil {
		return
	}
	a.mu.Lock()
	switch e.Type {
	case materialize.AssetStarted:
		if _, again := a.building[e.Asset]; !again {
			a.building[e.Asset] = building{e.Run, e.At}
		}
	case materialize.AssetFinished:
		delete(a.building, e.Asset)
	case materialize.RunFinished:
		for name, b := range a.building {
			if b.run == e.Run {
				delete(a.building, name)
			}
		}
	}
	a.mu.Unlock()
}

func (a *Alerts) signal() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *Alerts) run() {
	defer close(a.done)
	for {
		next := a.step(a.Now(), false)
		rest := time.NewTimer(leastPause)
		select {
		case <-a.stop:
			return
		case <-rest.C:
		}
		timer := time.NewTimer(max(0, next.Sub(a.Now())))
		select {
		case <-a.stop:
			return
		case <-a.wake:
		case <-timer.C:
		}
	}
}

// Close tells what is still to be told, and waits a few seconds at most for it to arrive;
// half a second, if ctx is done. What has not arrived is kept for the next process, but for
// what was given up.
func (a *Alerts) Close(ctx context.Context) (undelivered []TargetStatus) {
	if a == nil {
		return nil
	}
	close(a.stop)
	<-a.done
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		a.step(a.Now(), true)
		// Who has just ended as well gives way in a moment.
		if a.locked || a.lock == nil || a.Daemon || !a.leaves() || ctx.Err() != nil || time.Since(began) > 2*time.Second {
			break
		}
	}
	var ending sync.WaitGroup
	for _, t := range a.targets {
		if ctx.Err() != nil {
			t.delivery.grace = ofRun.grace
		}
		t.delivery.end()
		ending.Go(t.delivery.finish)
	}
	ending.Wait()
	if a.locked {
		a.save()
		for _, status := range a.Targets() {
			if status.Undelivered+status.GivenUp > 0 {
				undelivered = append(undelivered, status)
			}
		}
	}
	if a.transport != nil {
		a.transport.CloseIdleConnections()
	}
	if a.lock != nil {
		if err := a.lock.Unlock(); err != nil {
			a.Log.Debug().Err(err).Msg("the lock of alerts is not given up")
		}
	}
	return undelivered
}
