package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) gcCommand() *cobra.Command {
	var dryRun, compact bool
	c := &cobra.Command{
		Use:   "gc",
		Short: "Delete what is not kept of the past",
		Long: `Delete records, results of checks and logs that are older than the project's
retention block says, old versions of tables, and tables that no record names. What
is needed is kept: no plan comes out otherwise afterwards. A run does the same once a
day by itself.

DuckDB keeps the space for what is written next. With -compact the file is copied
into a new one without it, which takes its place when it was found to hold the same.`,
		Example: `  assets gc -dry-run
  assets gc -compact`,
		Args: takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.giveUp(diags, s)
			}
			defer s.Close()
			collected, diags := s.Collect(c.Context(), dryRun, compact && !dryRun)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			var files []view.GoneFile
			for _, f := range collected.Left {
				files = append(files, view.GoneFile{Path: s.Near(f.Path), Bytes: f.Bytes})
			}
			doc := view.NewGC(s.Project.Warehouse, collected.Garbage, files, collected.Before, collected.After)
			doc.DryRun, doc.Compacted = collected.DryRun, collected.Compacted
			if a.json {
				return a.document(doc, nil)
			}
			view.GCText(a.out, doc, a.command("gc", "-compact"), a.outStyle)
			return nil
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would go")
	c.Flags().BoolVar(&compact, "compact", false, "give what the file does not need back to the disk")
	return c
}
