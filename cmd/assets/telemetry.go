package main

import (
	"sync/atomic"

	"github.com/seed-4311623e/assets/cmd/internal/server"
	"github.com/seed-4311623e/assets/cmd/internal/telemetry"
	"github.com/seed-4311623e/assets/planner"
)

// newTelemetry sends what the project or the environment asks for. live: the process goes
// on after a run; child: its run belongs to what whoever started it does.
func (a *app) newTelemetry(live, child bool) *telemetry.Telemetry {
	return telemetry.New(telemetry.Options{Environ: a.environ, Version: version, Redact: a.redactor.String, Log: a.log, Live: live, Child: child})
}

// meter makes the metrics of one command: those of a daemon that does nothing else.
type meter struct {
	*server.Server
	snapshot atomic.Pointer[server.Snapshot]
}

// telemeter has what a command does until end is called sent to whoever wants to know.
func (a *app) telemeter() (end func()) {
	a.telemetry = a.newTelemetry(false, true)
	a.meter = a.newMeter()
	return a.telemetry.Close
}

func (a *app) newMeter() *meter {
	m := &meter{Server: server.New(server.Options{Version: version, Redact: a.redactor.String, Log: a.log, Now: a.now})}
	m.snapshot.Store(&server.Snapshot{})
	a.telemetry.Gather(m.Gatherer(func() server.Snapshot { return *m.snapshot.Load() }))
	return m
}

// measure takes note of how the warehouse is now that the command has done its work.
func (a *app) measure(p *planned) {
	if !a.telemetry.Configure(p.Project) {
		return
	}
	in, plan := p.Replan(planner.Options{})
	a.meter.snapshot.Store(&server.Snapshot{At: plan.At, Project: p.Project, Input: in, Plan: plan, Ready: true})
}
