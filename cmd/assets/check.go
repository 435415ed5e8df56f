package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/planner"
)

// checkFlags ask for something else than to run the checks.
type checkFlags struct {
	history, rows, explain bool
	limit                  int
}

func (f checkFlags) validate(c *cobra.Command) error {
	asked := 0
	for _, flag := range []bool{f.history, f.rows, f.explain} {
		if flag {
			asked++
		}
	}
	switch {
	case asked > 1:
		return errors.New("give one of -history, -rows and -explain")
	case c.Flags().Changed("limit") && !f.history:
		return errors.New("-limit is for -history: how many results are shown. How many violating rows are kept says the argument `limit` of a check")
	case f.limit < 1:
		return fmt.Errorf("-limit is how many results are shown, at least 1, not %d", f.limit)
	}
	return nil
}

func (a *app) checkCommand() *cobra.Command {
	var flags checkFlags
	c := &cobra.Command{
		Use:   "check [SELECTOR...]",
		Short: "Run the checks on what is published and on the sources as they are now",
		Long: `Run the checks of assets on what is published, and those of sources on the
versions there are now. Nothing is built and no data changes; the results are
recorded. Exits 1 if a check of severity "error" fails.

With -history, -rows or -explain nothing is run.`,
		RunE: func(c *cobra.Command, selectors []string) error {
			if err := flags.validate(c); err != nil {
				return err
			}
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			names, diags := s.Checked(c.Context(), selectors)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			if !a.json {
				a.show(diags, s)
			}
			switch {
			case flags.explain:
				return a.explainChecks(s, names)
			case flags.history:
				found, more := s.Judgements(c.Context(), names, flags.limit)
				if more.HasErrors() {
					return a.refuse(more, s)
				}
				return a.pastChecks(view.NewChecks(found, nil, false, a.diagnosticsJSON(diags, s)), view.HistoryText)
			case flags.rows:
				found, more := s.Violations(c.Context(), names)
				if more.HasErrors() {
					return a.refuse(more, s)
				}
				return a.pastChecks(view.NewChecks(found, nil, true, a.diagnosticsJSON(diags, s)), view.RowsText)
			}
			return a.runChecks(c, s, names, func(found []planner.Judgement, unpublished []assets.Name) view.ChecksDoc {
				return view.NewChecks(found, unpublished, false, a.diagnosticsJSON(diags, s))
			})
		},
	}
	c.Flags().BoolVar(&flags.history, "history", false, "show past results, newest first, and run nothing")
	c.Flags().IntVarP(&flags.limit, "limit", "n", 20, "with -history, show `N` results of each asset")
	c.Flags().BoolVar(&flags.rows, "rows", false, "show all rows that are kept of the checks that were violated last, and run nothing")
	c.Flags().BoolVar(&flags.explain, "explain", false, "show the statements that would be run, and which checks share one")
	return c
}

func (a *app) runChecks(c *cobra.Command, s *session.Session, names []assets.Name, document func([]planner.Judgement, []assets.Name) view.ChecksDoc) error {
	report, diags := s.Check(c.Context(), names)
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	doc := document(report.Judgements, report.Unpublished)
	if a.json {
		if err := a.document(doc, nil); err != nil {
			return err
		}
	} else {
		view.ChecksText(a.out, doc, a.outStyle)
	}
	if doc.Summary.Failed > 0 {
		return exit(1)
	}
	return nil
}

// pastChecks shows results that were recorded.
func (a *app) pastChecks(doc view.ChecksDoc, text func(io.Writer, view.ChecksDoc, time.Time, view.Style)) error {
	if a.json {
		return a.document(doc, nil)
	}
	text(a.out, doc, a.now(), a.outStyle)
	return nil
}

func (a *app) explainChecks(s *session.Session, names []assets.Name) error {
	plans, diags := s.ExplainChecks(names)
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	doc := view.ExplainDoc{FormatVersion: view.FormatVersion, Assets: []view.ExplainedJSON{}}
	for _, p := range plans {
		doc.Assets = append(doc.Assets, view.ExplainedJSON{Asset: p.Of, Statements: p.Statements})
	}
	if a.json {
		return a.document(doc, nil)
	}
	view.ExplainText(a.out, doc, a.outStyle)
	return nil
}
