package session

import (
	"github.com/seed-4311623e/assets/cmd/internal/telemetry"
	"github.com/seed-4311623e/assets/materialize"
)

// beginTrace makes the id of a run that begins now, and begins its trace; nil: it has none.
// From then on the lines that this session logs say which run they are about.
func (s *Session) beginTrace() (trace *telemetry.Run, id string) {
	now := s.Now()
	id = materialize.NewID(now)
	trace = s.Telemetry.Begin(s.Project, id, now)
	with := s.Log.With().Str("run", id)
	if of := trace.TraceID(); of != "" {
		with = with.Str("trace_id", of)
	}
	s.Log = with.Logger()
	return trace, id
}
