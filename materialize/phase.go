package materialize

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// PhaseKind names a part of the work of a run.
type PhaseKind string

const (
	StagePhase   PhaseKind = "stage"   // an asset's rows, or its view, are made
	CheckPhase   PhaseKind = "check"   // one scan for as many checks of an asset or source as can share it
	WritePhase   PhaseKind = "write"   // tables that were built are written to the warehouse's file, several at once
	PublishPhase PhaseKind = "publish" // everything that passed becomes visible
)

// Phase is a part of the work of a run that has ended: see [Executor.Trace].
type Phase struct {
	Kind PhaseKind
	// Asset or Source is what it was about; of WritePhase and PublishPhase neither.
	Asset, Source assets.Name
	Began, Ended  time.Time
	Rows          int64                 // of CheckPhase: the rows that were scanned; -1: not counted
	Tables        int                   // of WritePhase and PublishPhase
	Checks        []planner.CheckResult // of CheckPhase
	// Err says why it could not be carried out. That a check failed is no such error.
	Err error
}

// phase does a part of the work and tells who traces the run how it went. do fills in
// what is known only afterwards.
func (r *run) phase(p Phase, do func(*Phase) error) error {
	if r.Trace == nil {
		return do(&p)
	}
	p.Began = r.Now()
	p.Err = do(&p)
	p.Ended = r.Now()
	r.Trace(p)
	return p.Err
}
