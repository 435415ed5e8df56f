package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// pushed is the document of an event that was taken.
type pushed struct {
	FormatVersion string                `json:"format_version"`
	Source        assets.Name           `json:"source"`
	Version       string                `json:"version"`
	At            time.Time             `json:"at"`
	Diagnostics   []view.DiagnosticJSON `json:"diagnostics"`
}

func (a *app) eventCommand() *cobra.Command {
	var version string
	c := &cobra.Command{
		Use:   "event NAME",
		Short: "Push a version of a source that has an event block",
		Long: `Tell the project that something happened: push a version of a source that is
declared with a block event {}. What reads the source is behind from then on.

The event is on the disk when the command ends, and is taken up by the next plan,
apply or round of the daemon. The warehouse is not needed: another process may
hold it. To push the version that was pushed last is to say that nothing changed.`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("version") && version == "" {
				return fmt.Errorf("-version is empty: give one, or leave the flag out for a new one")
			}
			s, diags := a.open()
			if s == nil {
				return a.refuse(diags, s)
			}
			defer s.Close()
			at := a.now().UTC()
			name, version, mistakes := s.Push(args[0], version, at)
			if mistakes.HasErrors() {
				// It may be one of the mistakes of the project that it is not known.
				return a.refuse(append(diags, mistakes...), s)
			}
			// A mistake elsewhere in the project is no reason to lose what happened.
			if a.json {
				return view.JSON(a.out, pushed{view.FormatVersion, name, version, at, []view.DiagnosticJSON{}})
			}
			fmt.Fprintf(a.out, "Pushed version %s of %s.\n", version, name)
			return nil
		},
	}
	c.Flags().StringVarP(&version, "version", "V", "", "which `VERSION` there is now (default: one that was never there)")
	return c
}
