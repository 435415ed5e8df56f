package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// version is set by the linker for releases.
var version = "dev"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the versions of assets and of DuckDB",
		Args:  takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return view.JSON(a.out, map[string]string{
					"format_version": view.FormatVersion, "version": version, "commit": commit(), "duckdb": warehouse.Engine(),
					"platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			_, err := fmt.Fprint(a.out, versionText())
			return err
		},
	}
}

func versionText() string {
	text := "assets " + version
	if c := commit(); c != "" {
		text += " (" + c[:min(12, len(c))] + ")"
	}
	return fmt.Sprintf("%s\nDuckDB %s, %s/%s\n", text, warehouse.Engine(), runtime.GOOS, runtime.GOARCH)
}

// commit is what the binary was built from, if Go knows.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}
