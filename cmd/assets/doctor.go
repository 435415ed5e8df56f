package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) doctorCommand() *cobra.Command {
	var verify, fix bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with the warehouse",
		Long: `Look at the warehouse as a stranger would: whether each published view has its
text and its table, each table its columns, its rows and its record; whether the
records fit each other; and whether the disk and the clock are fit to go on with.
With -verify the rows of all that is published are read and compared with what was
published.

It changes nothing and says for each problem what to do. With -fix it drops what
nobody needs: tables that no record names, and files that killed programs left.

Exits 1 if there is a problem, 0 if there is none.`,
		Args: takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.giveUp(diags, s)
			}
			defer s.Close()
			e, diags := s.Examine(c.Context(), verify, fix)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			doc := view.DoctorJSON{FormatVersion: view.FormatVersion, Warehouse: e.Warehouse, Healthy: e.Healthy(), Verified: e.Contents,
				Published: e.Published, StateVersion: e.Version, Size: view.WarehouseSize{Bytes: e.Size.File, FreeBytes: e.Size.Free},
				Findings: view.Findings(e.Found), Fixed: view.Findings(e.Mended)}
			if a.json {
				if err := a.document(doc, nil); err != nil {
					return err
				}
			} else {
				view.DoctorText(a.out, doc, e.Exists, a.outStyle)
			}
			if !e.Healthy() {
				return exit(1)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&verify, "verify", false, "read all that is published, and compare it with what was published")
	c.Flags().BoolVar(&fix, "fix", false, "drop what nobody needs")
	return c
}
