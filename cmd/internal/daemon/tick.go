package daemon

import (
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/planner"
)

// checkEvery is how often the project's files are checked without an event.
const checkEvery = 5 * time.Minute

// tick does all that there is to do at this moment, and begins what takes longer.
func (d *Daemon) tick() {
	now := d.Clock.Now()
	if now.Before(d.now) {
		d.setBack(now)
	}
	d.now = now
	if !d.stopped {
		d.reload()
		d.look()
		d.refresh()
		d.hear()
		if d.dirty || !d.plan.NextWake.IsZero() && !now.Before(d.plan.NextWake) {
			d.replan()
		}
		d.start()
		if !d.Once && len(d.runs) == 0 && !now.Before(d.notBefore) {
			d.fault = nil // whatever failed was tried again, and nothing is left of it
		}
	}
	if len(d.runs) == 0 {
		if err := d.Keeper.Release(); err != nil {
			d.trouble("close the warehouse", err)
		}
		d.broken = false
		if l := d.waiting; l != nil {
			d.waiting = nil
			d.take(l)
			d.tick()
			return
		}
	}
	if err := d.lock.alive(now); err != nil {
		d.once("lock", "the lock of this daemon was removed: "+err.Error(), d.Log.Warn())
	}
	d.publish()
}

// setBack takes into account that the clock was set back: nothing lies further in
// the future than when it was noted.
func (d *Daemon) setBack(now time.Time) {
	d.Log.Warn().Time("from", d.now).Time("to", now).Msg("the clock was set back: planning again")
	for _, s := range d.sources {
		if s.last.After(now) {
			s.last = now
		}
	}
	if d.checked.After(now) {
		d.checked = now
	}
	if latest := now.Add(longestPause); d.notBefore.After(latest) {
		d.notBefore = latest
	}
	d.dirty = true
}

// changed takes note of what the watcher saw.
func (d *Daemon) changed(c change) {
	d.Log.Debug().Int("sources", len(c.sources)).Bool("project", c.project).Bool("warehouse", c.warehouse).Bool("events", c.events).Msg("woken by files")
	for name := range c.sources {
		d.happened(name)
	}
	d.edited = d.edited || c.project || c.overflow
	d.asked = d.asked || c.retries || c.overflow
	project, _ := d.Keeper.Declared()
	for name, s := range project.Sources {
		if c.overflow || c.events && s.Event {
			d.happened(name)
		}
	}
	// Whoever held it may have given it up, or is just writing to it.
	if soon := d.now.Add(time.Second); c.warehouse && d.foreign && d.notBefore.After(soon) {
		d.notBefore = soon
	}
}

// happened has a source looked at as soon as may be.
func (d *Daemon) happened(name assets.Name) {
	if s := d.sources[name]; s != nil {
		s.event = true
	}
}

// reload begins to load the project anew if it may have been edited.
func (d *Daemon) reload() {
	if d.loading || d.Once || !d.edited && d.now.Before(d.checked.Add(checkEvery)) {
		return
	}
	d.edited, d.checked = false, d.now
	signature := d.sign(d.files)
	if signature == d.signature {
		return
	}
	d.loading, d.signature = true, signature
	load := d.Keeper.Load()
	d.beside(func() {
		l := load(d.work)
		d.post(func() {
			if d.loading = false; d.work.Err() == nil {
				d.loaded(l)
			}
		})
	})
}

// sign is the signature of the project's files.
func (d *Daemon) sign(files []string) string {
	return session.Signature(d.Dir, slices.Concat(files, d.Others))
}

// loaded goes on with a project that was edited, if it has no mistakes.
func (d *Daemon) loaded(l *session.Loaded) {
	unedited := d.sign(d.files) == d.signature // while it was read
	d.files, d.signature, d.edited = l.Files, "", true
	if unedited {
		d.signature = d.sign(l.Files)
	}
	if l.Diags.HasErrors() {
		d.isInvalid(l)
		d.watchFiles()
		return
	}
	d.take(l)
}

func (d *Daemon) take(l *session.Loaded) {
	if !d.Keeper.Take(l) {
		d.waiting = l
		d.Log.Info().Msg("the project has another warehouse now: it is used when what runs has ended")
		return
	}
	d.waiting = nil // whatever waited is older
	if d.invalid != "" {
		d.invalid = ""
		d.Log.Info().Msg("the project is valid again")
	}
	d.warn(l)
	d.taken(false)
}

// taken goes on with the project that the keeper has now.
func (d *Daemon) taken(first bool) {
	project, graph := d.Keeper.Declared()
	message := "the project was edited"
	if first {
		message = "keeping the project"
	}
	d.Log.Info().Str("project", project.Name).Int("sources", len(project.Sources)).Int("assets", len(project.Assets)).Msg(message)
	d.every = intervals(project, graph)
	for name := range d.sources {
		if project.Sources[name] == nil {
			delete(d.sources, name)
		}
	}
	for name := range project.Sources {
		if d.sources[name] == nil {
			d.sources[name] = &source{}
		}
		d.sources[name].last = d.Clock.Now() // loading looks at all of them
	}
	d.checked = d.Clock.Now()
	d.dirty = true
	d.watchFiles()
	d.giveBack()
}

// giveBack returns memory that is not in use any more: to load a project and to run
// takes several times what lies there while nothing happens.
func (d *Daemon) giveBack() {
	if !d.Once {
		d.beside(debug.FreeOSMemory)
	}
}

// watchFiles has everything watched that may change.
func (d *Daemon) watchFiles() {
	if d.watcher == nil {
		return
	}
	project, _ := d.Keeper.Declared()
	of := interest{places: map[assets.Name]place{}, project: map[string]bool{}, root: d.Dir,
		warehouse: project.Warehouse, events: filepath.Join(d.Dir, ".assets", "events"), retries: filepath.Join(d.Dir, ".assets", "retry")}
	for name, s := range project.Sources {
		if p, ok := placeOf(s); ok {
			of.places[name] = p
		}
	}
	for _, path := range slices.Concat(d.files, d.Others) {
		of.project[path] = true
	}
	d.watcher.look(of)
	// What happened between the look and this nobody has told of.
	for name := range of.places {
		d.happened(name)
	}
	d.edited = true
}

// next is when a source is looked at next if nothing happens.
func (d *Daemon) next(name assets.Name) time.Time {
	every := d.every[name]
	project, _ := d.Keeper.Declared()
	// Pushed events lie beside the warehouse, which is on a local disk.
	// What a delivery waits for may lie anywhere.
	if source := project.Sources[name]; source.Poll == 0 && d.watcher != nil && (source.Event || d.watcher.trusts(name)) && d.Keeper.Looks()[name].Waits == "" {
		every = rarest // events come first
	}
	last := d.sources[name].last
	at := last.Add(every)
	if again := d.Keeper.Looks()[name].Again; again.After(last) && again.Before(at) {
		at = again
	}
	return at
}

// look begins to look at the sources whose time it is.
func (d *Daemon) look() {
	project, _ := d.Keeper.Declared()
	var local []assets.Name
	for _, name := range assets.SortedNames(d.sources) {
		s := d.sources[name]
		due := s.event || d.Keeper.Looks()[name].Overtaken || !d.Once && !d.now.Before(d.next(name))
		if s.looking || !due {
			continue
		}
		s.looking, s.event, s.last = true, false, d.now
		if answersLate(project.Sources[name]) {
			d.lookAt([]assets.Name{name})
		} else {
			local = append(local, name)
		}
	}
	if len(local) > 0 {
		d.lookAt(local)
	}
}

// answersLate reports whether a look at a source may have to wait for somebody else: it is
// not looked at together with others.
func answersLate(s *assets.Source) bool {
	return len(s.Remote) > 0 || s.Table != nil || len(s.Taking.When) > 0
}

// lookAt looks at sources beside the loop.
func (d *Daemon) lookAt(names []assets.Name) {
	observe := d.Keeper.Observe(names)
	of, _ := d.Keeper.Declared()
	d.beside(func() {
		looks, err := observe(d.work)
		d.post(func() { d.looked(of, names, looks, err) })
	})
}

// looked takes note of looks at sources as a project declared them. An error is that
// of a context that is done. What has been edited since is looked at again.
func (d *Daemon) looked(of *assets.Project, names []assets.Name, looks map[assets.Name]observe.Look, err error) {
	project, _ := d.Keeper.Declared()
	for _, name := range names {
		if s := d.sources[name]; s != nil {
			s.looking = false
			s.event = s.event || project != of
		}
	}
	if err != nil || project != of {
		return
	}
	news, diags := d.Keeper.Admit(d.work, looks)
	d.dirty = d.dirty || news
	if diags.HasErrors() {
		d.once("admit", "the project does not compile with what its sources hold now: "+summary(diags), d.Log.Error())
	}
	for name, look := range d.Keeper.Looks() {
		d.observed(name, look)
	}
}

// hear takes into account what somebody asks to be tried again. Without a watcher nobody
// tells of it: then each tick looks.
func (d *Daemon) hear() {
	if !d.asked && d.watcher != nil {
		return
	}
	d.asked = false
	for _, name := range d.Keeper.Asked() {
		if text := "asked " + d.in.State.Failed[planner.Key{Asset: name}].ID; d.told["asked "+name.String()] != text {
			d.told["asked "+name.String()] = text
			d.Log.Info().Stringer("asset", name).Msg("somebody asks to try it again")
			delete(d.rests, name)
			d.dirty = true
		}
	}
}

// refresh reads the warehouse's state again if another process changed it.
func (d *Daemon) refresh() {
	if d.now.Before(d.notBefore) {
		return
	}
	moved, err := d.Keeper.Refresh(d.work)
	switch {
	case err != nil && d.work.Err() == nil:
		d.trouble(readWarehouse, err)
	case moved:
		d.Log.Info().Msg("the warehouse was written to, by another process or by a run that failed: its state is read anew")
		d.dirty = true
		d.look() // at what it has seen of sources
	}
}

func (d *Daemon) replan() {
	began := time.Now()
	d.in, d.plan = d.Keeper.Plan()
	d.dirty = false
	d.counts.Blocked = d.plan.Summary().Blocked
	d.Log.Debug().Stringer("took", time.Since(began)).Interface("summary", d.plan.Summary()).Msg("planned")
	if !d.begun {
		if d.begun = true; !d.Once { // rounds are all that whoever asks for them wants
			d.missed()
		}
	}
	d.blocked()
}

// wake is when to tick again if nothing happens before, and why; zero: never.
func (d *Daemon) wake() (until time.Time, why string) {
	sooner := func(t time.Time, because string) {
		if !t.IsZero() && (until.IsZero() || t.Before(until)) {
			until, why = t, because
		}
	}
	sooner(d.plan.NextWake, "another plan may come out")
	if d.Once {
		return until, why
	}
	for name, s := range d.sources {
		if !s.looking {
			sooner(d.next(name), "source "+name.String()+" is looked at")
		}
	}
	if !d.loading {
		sooner(d.checked.Add(checkEvery), "the project's files are checked")
	}
	if d.now.Before(d.notBefore) {
		sooner(d.notBefore, "what failed is tried again")
	}
	for name, until := range d.resting() {
		sooner(until, name.String()+" is tried again")
	}
	// Nothing may make the loop spin.
	if !until.IsZero() && !until.After(d.now) {
		until = d.now.Add(10 * time.Millisecond)
	}
	return until, why
}

// resting are the assets that the plan has something to do for, but for which just that was
// done a moment ago, and until when they rest.
func (d *Daemon) resting() map[assets.Name]time.Time {
	if len(d.rests) == 0 {
		return nil
	}
	until := map[assets.Name]time.Time{}
	moves := map[assets.Name]bool{} // may have other content soon, so that its readers' attempts are new
	for i := range d.plan.Steps {
		s := &d.plan.Steps[i]
		if !isWork(s) {
			continue
		}
		if _, made := d.rests[s.Asset]; made && !slices.ContainsFunc(d.in.Graph.Nodes[s.Asset].Inputs, func(n assets.Name) bool { return moves[n] }) {
			if t, resting := d.rests.resting(s.Asset, attemptOf(d.in, s.Asset, s.Tick, nil), d.now); resting {
				until[s.Asset] = t
				continue
			}
		}
		moves[s.Asset] = true
	}
	return until
}

// finished reports whether nothing is left to do at this moment but to wait.
func (d *Daemon) finished() bool {
	for _, s := range d.sources {
		if s.looking || s.event {
			return false
		}
	}
	return !d.loading && !d.dirty
}

// publish makes what the loop knows visible.
func (d *Daemon) publish() {
	project, _ := d.Keeper.Declared()
	s := &Snapshot{At: d.now, Project: project, Input: d.in, Plan: d.plan, Invalid: d.invalid, Ready: d.begun, Stopping: d.stopped}
	if d.fault != nil {
		s.Fault, s.FaultSince = d.fault.Error(), d.faultSince
	}
	for r := range d.runs {
		s.Running = append(s.Running, Running{Run: r.job.ID(), Assets: r.names, Began: r.began})
	}
	slices.SortFunc(s.Running, func(a, b Running) int { return a.Began.Compare(b.Began) })
	s.Before = d.lock.since
	for name, look := range d.Keeper.Looks() {
		if look.Err != "" && look.Waiting() {
			s.Waiting = append(s.Waiting, name)
		}
	}
	slices.SortFunc(s.Waiting, assets.Name.Compare)
	d.snapshot.Store(s)
	if d.Watch != nil {
		d.Watch(*s)
	}
}

// Snapshot is what a daemon knew at the end of its latest tick. Nobody changes it.
type Snapshot struct {
	At      time.Time
	Project *assets.Project
	Input   planner.Input
	Plan    planner.Plan
	// Invalid says what is wrong with the project's files, so that an earlier version
	// of them is kept; empty: nothing.
	Invalid string
	// Fault is why nothing can be built, whatever the plan says; empty: nothing is.
	Fault      string
	FaultSince time.Time
	Running    []Running // oldest first
	// Ready says that there is a plan.
	Ready bool
	// Stopping says that no run begins any more.
	Stopping bool
	// Waiting are sources whose last version cannot be read while they wait for the next
	// one to be complete, sorted.
	Waiting []assets.Name
	// Before is the last sign of life of the daemon before this one; zero: there was none.
	Before time.Time
}

// Running is a run that goes on.
type Running struct {
	Run    string
	Assets []assets.Name
	Began  time.Time
}

// Snapshot may be called on any goroutine. Before the first tick it is empty.
func (d *Daemon) Snapshot() Snapshot {
	if s := d.snapshot.Load(); s != nil {
		return *s
	}
	return Snapshot{}
}
