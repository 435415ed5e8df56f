package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
)

// step compares what holds with what was told, and says when to do so again if nothing
// happens. With all, nothing waits for others to go with it.
func (a *Alerts) step(now time.Time, all bool) (next time.Time) {
	next = now.Add(diskEvery)
	a.mu.Lock()
	scene, unsure := a.scene, a.unsure
	builds := maps.Clone(a.building)
	a.mu.Unlock()
	if scene == nil || !a.take(scene) {
		if a.lock == nil { // there is nobody to tell
			return now.Add(time.Hour)
		}
		return now.Add(time.Second) // another process has it
	}
	a.configure(scene)
	for _, t := range a.targets {
		t.standing.setBack(now)
	}
	if len(a.targets) > 0 {
		next = a.compare(scene, unsure, builds, now, all)
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
		stays := ""
		if a.Daemon {
			stays = staying
		}
		if err := os.WriteFile(a.lock.Path(), []byte(stays), 0o666); err != nil {
			a.Log.Debug().Err(err).Msg("others will wait for alerts to be told")
		}
	}
	return locked
}

// staying is what a daemon writes into the lock: nobody waits for it to give it up.
const staying = "daemon"

// leaves reports whether whoever has the lock will give it up in a moment.
func (a *Alerts) leaves() bool {
	text, _ := os.ReadFile(a.lock.Path())
	return string(text) != staying
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

func (a *Alerts) compare(scene *Scene, unsure bool, builds map[assets.Name]building, now time.Time, all bool) (next time.Time) {
	d := describer{Scene: *scene, redact: a.Redact, zone: a.zone}
	if seen := scene.sees(a.described); !unsure && (!seen || !a.baseNext.IsZero() && !now.Before(a.baseNext)) {
		if seen && now.After(d.Input.Now) {
			d.Input.Now = now.UTC()
		}
		a.base, a.baseNext = d.alerts()
		a.described = scene
	}
	next = now.Add(diskEvery)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.After(now) && t.Before(next) {
			next = t
		}
	}
	sooner(a.baseNext)
	holds := slices.Clone(a.base)
	for name, b := range builds {
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
		if news := t.standing.news(t.route, now, all, busy); len(news) > 0 {
			a.tell(t, news, now)
		}
		sooner(t.standing.next(t.route, busy))
	}
	return next
}

// tell puts messages on their way.
func (a *Alerts) tell(t *target, news []batch, now time.Time) {
	var lines [][]byte
	for _, b := range news {
		affect(b.alerts, a.graph)
		m := newMessage(a.project.Name, t.Name, b.alerts, now)
		sum := sha256.Sum256([]byte(t.Name + "\x00" + b.group))
		m.Others, m.Thread = b.others, hex.EncodeToString(sum[:12])
		line, err := document(m)
		if err != nil {
			a.Log.Error().Err(err).Msg("an alert could not be written")
			continue
		}
		lines = append(lines, append(line, '\n'))
	}
	t.box.add(lines...)
	for _, line := range lines {
		t.delivery.lines.add(line)
	}
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
	disk, err := a.Disk(filepath.Dir(a.project.Warehouse))
	if err != nil {
		a.Log.Debug().Err(err).Msg("cannot see how full the disk is")
		a.disk = nil
		return
	}
	alert := d.ofDisk(disk.UsedPercent(), now)
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
	if since.After(now) { // the clock was ahead
		since = now
	}
	alert := d.finish(Alert{ID: "daemon", Event: assets.DaemonDown, Severity: assets.Error, Since: since, Until: now.UTC(),
		Summary: fmt.Sprintf("The daemon was down from %s until %s", d.moment(since), d.moment(now)),
		Effect:  "It had not been told to stop: it was killed, or the computer went down."})
	return nil, &alert
}

// save keeps what was told. What waits and is kept nowhere, as the disk is full, was not:
// the next process tells it, if this one does not get it delivered.
func (a *Alerts) save() {
	before := a.file.Targets
	a.file.Targets = map[string]savedState{}
	for name, t := range a.targets {
		if a.file.Targets[name] = before[name]; t.box.unkept() == nil {
			a.file.Targets[name] = savedState{t.standing.copy(), t.healthNow()}
		}
	}
	var err error
	if a.written, err = a.file.write(a.Dir, a.written); err != nil && !a.unkept {
		a.Log.Warn().Err(err).Msg("the next process tells alerts again, and the end of none")
	}
	a.unkept = err != nil
}
