package session

import (
	"github.com/seed-4311623e/assets/cmd/internal/telemetry"
	"github.com/seed-4311623e/assets/materialize"
)

// trace makes the id of a run that begins now, and begins its trace; nil: it is not traced.
func (s *Session) trace() (trace *telemetry.Run, id string) {
	id = materialize.NewID(s.Now())
	return s.Telemetry.Begin(s.Project, id, s.Now()), id
}
