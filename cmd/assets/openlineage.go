package main

import (
	"cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/lineage/export"
)

// openLineage writes what is declared as OpenLineage events, one a line.
func (a *app) openLineage(s *session.Session, names []assets.Name) error {
	declared := cmp.Or(s.Project.OpenLineage, &assets.OpenLineage{Namespace: s.Project.Name})
	o := export.OpenLineage{Project: s.Project, Graph: s.Graph, Namespace: declared.Namespace, Redact: a.redactor.String}
	return o.Static(a.stdout, s.Now(), names) // its texts are clean already
}
