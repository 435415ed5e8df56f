package session

import (
	"encoding/json"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/cmd/internal/notify"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize"
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

// callbackJSON is what a callback's command gets on its standard input.
type callbackJSON struct {
	FormatVersion string               `json:"format_version"`
	Event         assets.CallbackEvent `json:"event"`
	Project       string               `json:"project"`
	view.EventJSON
}

// callbacks prepares to run the commands of the project's callback blocks.
func (s *Session) callbacks() *notify.Callbacks {
	document := func(event assets.CallbackEvent, e materialize.Event) ([]byte, error) {
		doc := callbackJSON{view.FormatVersion, event, s.Project.Name, view.NewEventJSON(e)}
		doc.Done, doc.Total = nil, nil
		text, err := json.Marshal(doc)
		return append(redact.JSON(text, s.Redactor.String), '\n'), err
	}
	return notify.OpenCallbacks(s.Project, document, s.Redactor.String, s.Log)
}
