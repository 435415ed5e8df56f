package notify

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/oklog/ulid/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
)

// AlertOptions are what alerts need besides the project.
type AlertOptions struct {
	// Dir is the project's directory of caches. What each target was told, and what has
	// not arrived, is kept in it.
	Dir    string
	Now    func() time.Time
	Redact func(string) string
	Log    zerolog.Logger
	// Disk says how many percent of the file system that holds a path are used.
	Disk func(path string) (percent int, err error)
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
	disk      *Alert  // nil: it could not be measured
	diskAt    time.Time
	lock      *flock.Flock
	locked    bool
	file      alertsFile
	written   []byte
	noted     bool // that the daemon is up
	latest    time.Time
	transport *http.Transport // nil: not ours
	zone      *time.Location

	targetsMu sync.Mutex
	targets   map[string]*target
}

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

// Event takes note of what happens in a run. It never waits.
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
	a.signal()
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
		timer := time.NewTimer(max(0, min(diskEvery, next.Sub(a.Now()))))
		select {
		case <-a.stop:
			timer.Stop()
			return
		case <-a.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// step compares what holds with what was told, and says when to do so again if nothing
// happens. With all, nothing waits for others to go with it.
func (a *Alerts) step(now time.Time, all bool) (next time.Time) {
	next = now.Add(diskEvery)
	a.mu.Lock()
	scene, unsure := a.scene, a.unsure
	building := make(map[assets.Name]building, len(a.building))
	for name, b := range a.building {
		building[name] = b
	}
	a.mu.Unlock()
	if scene == nil || !a.take(scene) {
		if a.lock != nil { // another process has it
			next = now.Add(time.Second)
		}
		return next
	}
	a.configure(scene)
	if now.Before(a.latest) {
		for _, t := range a.targets {
			t.standing.setBack(now)
		}
	}
	a.latest = now
	if len(a.targets) > 0 {
		next = a.compare(scene, unsure, building, now, all)
	}
	a.save()
	return next
}

// take gets the right to tell, once there is somebody to tell.
func (a *Alerts) take(scene *Scene) bool {
	if a.locked {
		return true
	}
	if len(scene.Input.Project.Notify) == 0 {
		return false
	}
	if a.lock == nil {
		path := filepath.Join(a.Dir, "alerts", "lock")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			a.Log.Debug().Err(err).Msg("what is told of alerts is not kept")
			a.locked, a.file = true, readAlerts(a.Dir)
			return true
		}
		a.lock = flock.New(path)
	}
	locked, err := a.lock.TryLock()
	if err != nil { // a file system without locks: then nobody else can know either
		a.Log.Debug().Err(err).Msg("alerts are told without a lock")
		locked = true
	}
	if a.locked = locked; locked {
		a.file = readAlerts(a.Dir)
	}
	return locked
}

// configure takes the project as it is declared now.
func (a *Alerts) configure(scene *Scene) {
	project, graph := scene.Input.Project, scene.Input.Graph
	if project == a.project && graph == a.graph {
		return
	}
	if project != a.project {
		if zone, err := calendar.Zone(project.Timezone); err == nil {
			a.zone = zone
		}
	}
	a.project, a.graph = project, graph
	a.targetsMu.Lock()
	defer a.targetsMu.Unlock()
	declared := map[string]bool{}
	for _, n := range project.Notify {
		declared[n.Name] = true
		r := newRoute(n, project, graph)
		t := a.targets[n.Name]
		if t != nil && same(t.Notify, n) && t.zone == project.Timezone {
			t.route = r
			continue
		}
		fresh := &target{route: r, zone: project.Timezone, sender: newSender(n, a.senderOptions(project))}
		if t != nil {
			t.delivery.abandon()
			fresh.standing, fresh.health = t.standing, t.health
		} else {
			saved := a.file.Targets[n.Name]
			if fresh.standing, fresh.health = saved.Standing, saved.Health; fresh.standing == nil {
				fresh.standing = standing{}
			}
		}
		fresh.begin(a)
		a.targets[n.Name] = fresh
	}
	for name, t := range a.targets {
		if !declared[name] {
			t.delivery.abandon()
			delete(a.targets, name)
		}
	}
}

func (a *Alerts) senderOptions(p *assets.Project) senderOptions {
	return senderOptions{project: p.Name, zone: a.zone, transport: a.Transport, tls: a.TLS, now: a.Now}
}

func (a *Alerts) compare(scene *Scene, unsure bool, building map[assets.Name]building, now time.Time, all bool) (next time.Time) {
	d := newDescriber(*scene, a.Redact, a.zone)
	if scene != a.described && !unsure {
		a.base, a.described = d.alerts(), scene
	}
	next = now.Add(diskEvery)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.After(now) && t.Before(next) {
			next = t
		}
	}
	holds := append([]Alert{}, a.base...)
	for name, b := range building {
		holds = append(holds, d.ofBuild(name, b, now))
		for _, t := range a.targets {
			sooner(d.longFrom(name, b, t.LongRunning))
		}
	}
	if a.measure(d, now, all); a.disk != nil {
		holds = append(holds, *a.disk)
	}
	down, was := a.daemon(d, now, all)
	if down != nil {
		holds = append(holds, *down)
	}
	known := func(event assets.AlertEvent) bool {
		switch event {
		case assets.LongRunning:
			return true
		case assets.DiskFull:
			return a.disk != nil
		case assets.DaemonDown:
			return a.Daemon
		}
		return !unsure
	}
	for _, t := range a.targets {
		if was != nil {
			t.standing.past(t.route, *was, now)
		}
		t.standing.update(t.route, holds, known, now)
		busy := len(t.box.waiting()) > 0
		for _, b := range t.standing.news(t.route, now, all, busy) {
			a.tell(t, b, now)
		}
		sooner(t.standing.next(t.route, busy))
	}
	return next
}

// tell puts a message on its way.
func (a *Alerts) tell(t *target, b batch, now time.Time) {
	m := newMessage(a.project.Name, t.Name, b.alerts, now)
	sum := sha256.Sum256([]byte(t.Name + "\x00" + b.group))
	m.Others, m.Thread = b.others, hex.EncodeToString(sum[:12])
	line, err := document(m)
	if err != nil {
		a.Log.Error().Err(err).Msg("an alert could not be written")
		return
	}
	line = append(line, '\n')
	t.box.add(line)
	t.delivery.lines.add(line)
}

func newMessage(project, name string, alerts []Alert, now time.Time) Message {
	m := Message{FormatVersion: formatVersion, ID: ulid.MustNew(ulid.Timestamp(now), ulid.DefaultEntropy()).String(), At: now.UTC(),
		Project: project, Notify: name, Status: Resolved, Summary: summarize(alerts), Alerts: alerts}
	for _, alert := range alerts {
		if alert.Status == Firing {
			m.Status = Firing
		}
	}
	return m
}

// measure looks at the disk now and then.
func (a *Alerts) measure(d describer, now time.Time, all bool) {
	if a.Disk == nil || !all && now.Before(a.diskAt.Add(diskEvery)) && !now.Before(a.diskAt) {
		return
	}
	a.diskAt = now
	used, err := a.Disk(filepath.Dir(a.project.Warehouse))
	if err != nil {
		a.Log.Debug().Err(err).Msg("cannot see how full the disk is")
		a.disk = nil
		return
	}
	alert := d.ofDisk(used, now)
	a.disk = &alert
}

// daemon is the alert of a daemon that stops, and of the time in which none was there
// though none had said that it stops.
func (a *Alerts) daemon(d describer, now time.Time, stops bool) (down, was *Alert) {
	switch {
	case !a.Daemon:
		return nil, nil
	case stops:
		a.file.Up = time.Time{}
		alert := d.finish(Alert{ID: "daemon", Event: assets.DaemonDown, Since: now, Summary: "The daemon was stopped",
			Effect: "Nothing is built until it is started again.", Next: []string{"assets daemon"}})
		return &alert, nil
	case a.noted:
		return nil, nil
	}
	since := a.file.Up
	a.noted, a.file.Up = true, now.UTC()
	if since.IsZero() {
		return nil, nil
	}
	if d.Before.After(since) {
		since = d.Before
	}
	alert := d.finish(Alert{ID: "daemon", Event: assets.DaemonDown, Severity: assets.Error, Since: since, Until: now.UTC(),
		Summary: fmt.Sprintf("The daemon was down from %s until %s", d.moment(since), d.moment(now)),
		Effect:  "It had not been told to stop: it was killed, or the computer went down."})
	return nil, &alert
}

// save keeps what was told.
func (a *Alerts) save() {
	a.file.Targets = map[string]savedState{}
	for name, t := range a.targets {
		a.file.Targets[name] = savedState{t.standing, t.healthNow()}
	}
	var err error
	if a.written, err = a.file.write(a.Dir, a.written); err != nil {
		a.Log.Debug().Err(err).Msg("alerts may be told twice")
	}
}

// Close tells what is still to be told, and waits a few seconds at most for it to arrive;
// half a second, if ctx is done. What has not arrived is kept for the next process.
func (a *Alerts) Close(ctx context.Context) (undelivered []TargetStatus) {
	if a == nil {
		return nil
	}
	close(a.stop)
	<-a.done
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		a.step(a.Now(), true)
		// Who has just ended as well gives way in a moment.
		if a.locked || a.lock == nil || a.Daemon || ctx.Err() != nil || time.Since(began) > 2*time.Second {
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
			if status.Undelivered > 0 {
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
