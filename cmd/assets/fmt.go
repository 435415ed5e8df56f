package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets/config"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// fmtJSON is the document of `fmt -json`.
type fmtJSON struct {
	FormatVersion string                `json:"format_version"`
	Changed       []string              `json:"changed"` // files that are, or with -check were to be, laid out anew
	Diagnostics   []view.DiagnosticJSON `json:"diagnostics"`
}

func (a *app) fmtCommand() *cobra.Command {
	var check, diff bool
	c := &cobra.Command{
		Use:   "fmt",
		Short: "Lay out the project's *.hcl files in the canonical way",
		Long: `Lay out the project's *.hcl files in the canonical way, and list those that
changed. Only spaces are touched.`,
		Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			formatted, texts, diags := config.FormatDir(".")
			changed := []string{}
			for _, f := range formatted {
				if !f.Changed() {
					continue
				}
				changed = append(changed, f.Path)
				if !a.json {
					fmt.Fprintln(a.out, f.Path)
					if diff {
						view.Diff(a.out, f.Path, f.Before, f.After, a.outStyle)
					}
				}
				if check {
					continue
				}
				if err := overwrite(filepath.FromSlash(f.Path), f.After); err != nil {
					diags = append(diags, failure("Cannot write "+f.Path, err)...)
				}
			}
			if a.json {
				doc := fmtJSON{view.FormatVersion, changed, view.DiagnosticsJSON(diags, texts)}
				if err := a.document(doc, diags); err != nil {
					return err
				}
			} else {
				view.Diagnostics(a.err, diags, texts, a.errStyle, 0)
			}
			if diags.HasErrors() || check && len(changed) > 0 {
				return exit(1)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "change nothing; exit 1 if a file is not in the canonical layout")
	c.Flags().BoolVar(&diff, "diff", false, "show the changes, and write them unless -check is given, too")
	return c
}

// overwrite replaces a file's text and keeps its permissions.
func overwrite(path string, text []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, info.Mode().Perm())
}
