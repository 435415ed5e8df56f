package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// testFlags are the flags of `assets test`.
type testFlags struct {
	run, junit  string
	verbose     bool
	create, out string
	rows        int
}

func (a *app) testCommand() *cobra.Command {
	var flags testFlags
	c := &cobra.Command{
		Use:   "test [TEST | SELECTOR...]",
		Short: "Run the unit tests, or write one",
		Long: `Run the project's unit tests, or those named, or those of the assets selected:
each gives rows to the inputs of an asset and says what its SQL must make of
them. The warehouse is not opened.

With -create, write a test for an asset instead: its inputs are given rows of
what is published, and what the SQL makes of these is expected.`,
		Example: `  assets test
  assets test -run refund -v mart.*
  assets test -create mart.daily_sales -rows 5 -out tests.hcl`,
		RunE: func(c *cobra.Command, selectors []string) error {
			if c.Flags().Changed("parallelism") && a.parallelism < 1 {
				return fmt.Errorf("-parallelism is how many tests run at once, at least 1, not %d", a.parallelism)
			}
			if flags.create != "" && a.json {
				return fmt.Errorf("-create writes a test block, which is HCL: leave -json out")
			}
			pattern, err := flags.pattern(selectors, c.Flags().Changed("rows"))
			if err != nil {
				return err
			}
			s, diags := a.compile(c.Context())
			if s != nil {
				defer s.Close()
			}
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			if !a.json {
				a.show(diags, s)
			}
			if flags.create != "" {
				return a.createTest(c, s, flags)
			}
			tests, wrong := s.Tests(selectors, pattern)
			if wrong.HasErrors() {
				return a.refuse(append(diags, wrong...), s)
			}
			began := time.Now()
			outcomes, wrong := s.RunTests(c.Context(), tests)
			if wrong.HasErrors() {
				return a.refuse(append(diags, wrong...), s)
			}
			results := view.TestResults{Outcomes: outcomes, Took: time.Since(began)}
			if flags.junit != "" {
				if err := a.writeJUnit(flags.junit, results, s); err != nil {
					return err
				}
			}
			if a.json {
				err = view.JSON(a.out, view.NewTestsJSON(results, a.diagnosticsJSON(diags, s)))
			} else {
				view.TestsText(a.out, results, flags.verbose, a.outStyle)
			}
			if err == nil && results.Failed() > 0 {
				return exit(1)
			}
			return err
		},
	}
	c.Flags().StringVar(&flags.run, "run", "", "only tests whose name the regular expression `REGEX` is found in")
	c.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "list the tests that passed, too")
	c.Flags().StringVar(&flags.junit, "junit", "", "also write what came of the tests to `FILE`, as JUnit's XML")
	c.Flags().IntVar(&a.parallelism, "parallelism", 0, "run `N` tests at once (default: as many as there are cores)")
	c.Flags().StringVar(&flags.create, "create", "", "write a test for the asset `NAME`, from rows that are published")
	c.Flags().IntVar(&flags.rows, "rows", 5, "with -create: take `N` rows of each input")
	c.Flags().StringVar(&flags.out, "out", "", "with -create: append the test to `FILE` instead of writing it to stdout")
	return c
}

// pattern refuses flags that do not go together, and reads -run.
func (f testFlags) pattern(selectors []string, rows bool) (*regexp.Regexp, error) {
	switch {
	case f.create == "" && f.out != "":
		return nil, fmt.Errorf("-out is for -create: `assets test -create NAME -out FILE`")
	case f.create == "" && rows:
		return nil, fmt.Errorf("-rows is for -create: `assets test -create NAME -rows N`")
	case f.create != "" && (len(selectors) > 0 || f.run != "" || f.junit != ""):
		return nil, fmt.Errorf("-create writes a test and runs none: it goes with -rows and -out only")
	case f.rows < 1:
		return nil, fmt.Errorf("-rows takes a number of rows, 1 or more, not %d", f.rows)
	case f.run == "":
		return nil, nil
	}
	pattern, err := regexp.Compile(f.run)
	if err != nil {
		return nil, fmt.Errorf("-run takes a regular expression, and %q is none: %w", f.run, err)
	}
	return pattern, nil
}

func (a *app) writeJUnit(path string, results view.TestResults, s *session.Session) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("-junit: %w", plainly(err))
	}
	out := a.redactor.Writer(file)
	err = view.JUnit(out, results, s.Project.Name)
	if err == nil {
		err = out.Flush()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// createTest writes a test to stdout, or behind what a file holds.
func (a *app) createTest(c *cobra.Command, s *session.Session, flags testFlags) error {
	text, name, diags := s.CreateTest(c.Context(), flags.create, flags.rows)
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	if flags.out == "" {
		_, err := a.out.Write(text)
		return err
	}
	if filepath.Ext(flags.out) != ".hcl" {
		return fmt.Errorf("-out takes a *.hcl file of the project, not %q", flags.out)
	}
	before, err := os.ReadFile(flags.out)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("-out: %w", plainly(err))
	}
	if len(before) > 0 {
		text = append([]byte("\n"), text...)
		if before[len(before)-1] != '\n' {
			text = append([]byte("\n"), text...)
		}
	}
	file, err := os.OpenFile(flags.out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("-out: %w", plainly(err))
	}
	_, err = file.Write(text)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Wrote test %q to %s. Run it with `%s`.\n", name, flags.out, a.command("test", name))
	return nil
}
