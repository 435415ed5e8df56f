package session

import (
	"github.com/seed-4311623e/assets/cmd/internal/notify"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Notify prepares to tell others of the run that carries plan out, if the project
// names any; nil: it names none.
func (s *Session) Notify(plan planner.Plan) *notify.Run {
	return notify.Open(notify.Options{
		Project: s.Project, Graph: s.Graph, Plan: plan, Engine: warehouse.Engine(), Redact: s.Redactor.String, Now: s.Now,
		Undelivered: s.cache("openlineage-undelivered.ndjson"),
	})
}
