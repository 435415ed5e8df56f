package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/lineage"
)

func (a *app) validateCommand() *cobra.Command {
	var verbose, coverage bool
	c := &cobra.Command{
		Use:   "validate",
		Short: "Check the project and all its SQL",
		Long: `Check the project's files, and bind the SQL of every asset and check against the
columns it reads. Nothing is built and the warehouse is not opened. No command that
tells a secret is run: something else stands for it, and a source that is read with
it is not looked at.

With -coverage, list the assets without owner, description, check or key: a check
"unique". It is no error to lack them.`,
		Args: takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := a.sessionOptions()
			if err != nil {
				return a.refuse(failure("Invalid flag", err), nil)
			}
			o.NoCommands = true
			s, diags := session.Open(o)
			if s != nil {
				defer s.Close()
				if diags.HasErrors() {
					diags = s.CompileRest(c.Context(), diags)
					diags = append(diags, s.CheckTests(c.Context())...)
				} else {
					diags = append(diags, s.Compile(c.Context())...)
					diags = append(diags, s.CheckTests(c.Context())...)
					diags = append(diags, s.Advice()...)
				}
			}
			if a.json {
				doc := view.Validation(a.clean(diags), files(s), graph(s))
				if coverage && doc.Valid {
					declared := view.NewDeclaredCoverage(s.Project)
					doc.Coverage = &declared
				}
				return a.document(doc, diags)
			}
			if err := a.fail(diags, s); err != nil {
				return err
			}
			declares := view.Count(len(s.Project.Sources), "source") + " and " + view.Count(len(s.Project.Assets), "asset")
			if n := len(s.Project.Tests); n > 0 {
				declares = view.Count(len(s.Project.Sources), "source") + ", " + view.Count(len(s.Project.Assets), "asset") + " and " + view.Count(n, "test")
			}
			fmt.Fprintf(a.out, "%s The project declares %s.\n", a.outStyle.Bold(a.outStyle.Green("Success!")), declares)
			if verbose {
				view.LineageCoverage(a.out, s.Graph, a.outStyle)
			}
			if coverage {
				view.DeclaredCoverage(a.out, view.NewDeclaredCoverage(s.Project), verbose, a.outStyle)
			}
			return nil
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "say of which assets the columns could not be followed, and why; with -coverage, list all assets")
	c.Flags().BoolVar(&coverage, "coverage", false, "list the assets that lack an owner, a description, a check or a key")
	return c
}

// graph is what a session compiled, nil if it did not come to that.
func graph(s *session.Session) *lineage.Graph {
	if s == nil {
		return nil
	}
	return s.Graph
}
