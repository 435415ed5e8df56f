package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

var exportFormats = []string{"csv", "json", "parquet"}

func (a *app) quarantineExport() *cobra.Command {
	var format, out string
	var force bool
	c := &cobra.Command{
		Use:   "export NAME",
		Short: "Write the rows of an asset that are put aside as CSV, JSON or Parquet",
		Example: `  assets quarantine export staging.orders > bad.csv
  assets quarantine export staging.orders -format parquet -out bad.parquet`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if a.json && !c.Flags().Changed("format") {
				format = "json"
			}
			switch {
			case !slices.Contains(exportFormats, format):
				return formatError(format, exportFormats)
			case format == "parquet" && out == "":
				return errors.New("a Parquet file is no text: say where to write it with -out FILE")
			}
			s, q, err := a.quarantineOf(c.Context(), args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			if out == "" {
				return a.quarantineRows(c.Context(), s, q, 0, format, a.out)
			}
			if err := a.exportTo(c.Context(), s, q, format, out, force); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "Wrote %s of %s to %s.\n", view.Count(q.Rows, "row"), q.Asset, out)
			return nil
		},
	}
	c.Flags().StringVar(&format, "format", "csv", "how to write the rows: `FORMAT` is csv, json or parquet")
	c.Flags().StringVar(&out, "out", "", "write to `FILE` instead of standard output")
	c.Flags().BoolVar(&force, "force", false, "replace the file if there is one")
	return c
}

// exportTo writes rows to a file, which is there as a whole or not at all.
func (a *app) exportTo(ctx context.Context, s *session.Session, q warehouse.Quarantined, format, path string, force bool) error {
	refuse := func(err error) error { return a.refuse(failure("Cannot export the quarantine", plainly(err)), s) }
	if _, err := os.Lstat(path); err == nil && !force {
		return refuse(fmt.Errorf("there is a file %s already. Give another one, or -force to replace it", path))
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.new")
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(fmt.Errorf("there is no directory %s", filepath.Dir(path)))
	}
	if err != nil {
		return refuse(err)
	}
	defer os.Remove(temp.Name()) // gone already if all went well
	if format == "parquet" {
		if diags := s.ExportQuarantine(ctx, q, temp.Name()); diags.HasErrors() {
			return errors.Join(a.refuse(diags, s), temp.Close())
		}
	} else {
		w := a.redactor.Writer(temp)
		if err := a.quarantineRows(ctx, s, q, 0, format, w); err != nil {
			return errors.Join(err, temp.Close())
		}
		if err := w.Flush(); err != nil {
			return errors.Join(refuse(err), temp.Close())
		}
	}
	if err := errors.Join(temp.Close(), os.Chmod(temp.Name(), 0o644), os.Rename(temp.Name(), path)); err != nil {
		return refuse(err)
	}
	return nil
}

// quarantineRows writes rows that are put aside; limit 0: all.
func (a *app) quarantineRows(ctx context.Context, s *session.Session, q warehouse.Quarantined, limit int, format string, w io.Writer) (err error) {
	result, diags := s.QueryQuarantine(ctx, q, limit, format == "json")
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	defer func() {
		if closing := result.Close(); err == nil {
			err = closing
		}
	}()
	return view.WriteRows(w, result, format, a.outStyle, columns(a.outTerm) > 0)
}
