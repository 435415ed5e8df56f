package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/check/unit"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Tests are the unit tests that are asked for: those with a name in selectors or of
// an asset that one selects, all without any; of them those whose name pattern, if
// it is not nil, is found in.
func (s *Session) Tests(selectors []string, pattern *regexp.Regexp) ([]*assets.Test, hcl.Diagnostics) {
	chosen := map[string]bool{}
	for _, selector := range selectors {
		if slices.ContainsFunc(s.Project.Tests, func(t *assets.Test) bool { return t.Name == selector }) {
			chosen[selector] = true
			continue
		}
		found, err := lineage.Select(s.Project, s.Graph, []string{selector})
		if err != nil {
			var names []string
			for _, t := range s.Project.Tests {
				names = append(names, t.Name)
			}
			if near := lineage.Nearest(selector, names); len(near) > 0 {
				err = fmt.Errorf("no test or asset is called %s. Did you mean the test %q?", selector, near[0])
			}
			return nil, fault("Cannot select tests", err)
		}
		for _, t := range s.Project.Tests {
			if slices.Contains(found, t.Asset) {
				chosen[t.Name] = true
			}
		}
	}
	var tests []*assets.Test
	for _, t := range s.Project.Tests {
		if (len(selectors) == 0 || chosen[t.Name]) && (pattern == nil || pattern.MatchString(t.Name)) {
			tests = append(tests, t)
		}
	}
	switch {
	case len(s.Project.Tests) == 0:
		return nil, fault("There are no tests", fmt.Errorf("the project declares no test block. `assets test -create NAME` writes one for an asset, from rows that are published"))
	case len(tests) == 0 && pattern != nil:
		return nil, fault("No test matches", fmt.Errorf("none of the names of %d tests matches -run %q", len(s.Project.Tests), pattern))
	case len(tests) == 0:
		return nil, fault("No test matches", fmt.Errorf("none of %d tests is about %s", len(s.Project.Tests), strings.Join(selectors, ", ")))
	}
	return tests, nil
}

// RunTests runs unit tests; mistakes in them are diagnostics, and then none is run.
func (s *Session) RunTests(ctx context.Context, tests []*assets.Test) ([]unit.Outcome, hcl.Diagnostics) {
	return s.runTests(ctx, tests, s.Redactor.String)
}

func (s *Session) runTests(ctx context.Context, tests []*assets.Test, redact func(string) string) ([]unit.Outcome, hcl.Diagnostics) {
	suite, diags, err := unit.Prepare(ctx, s.Project, s.Graph, tests)
	if err != nil {
		return nil, fault("Cannot prepare the tests", err)
	}
	defer s.closeSuite(suite)
	if diags.HasErrors() {
		return nil, diags
	}
	outcomes, err := suite.Run(ctx, s.Parallelism, redact)
	if errors.Is(err, context.Canceled) {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Interrupted", Detail: "Not all of the tests were run, so nothing is said of any."}}
	}
	if err != nil {
		return nil, fault("Cannot run the tests", err)
	}
	return outcomes, nil
}

func (s *Session) closeSuite(suite *unit.Suite) {
	if err := suite.Close(); err != nil {
		s.Log.Warn().Err(err).Msg("could not close DuckDB")
	}
}

// CheckTests finds what is wrong with unit tests. Those in which nothing was found
// last time, and nothing has changed since, are not looked at again.
func (s *Session) CheckTests(ctx context.Context) hcl.Diagnostics {
	if len(s.Project.Tests) == 0 || s.Graph == nil {
		return nil
	}
	right := map[string]bool{}
	if text, err := os.ReadFile(s.cache("tests")); err == nil {
		for _, key := range strings.Fields(string(text)) {
			right[key] = true
		}
	}
	keys := map[*assets.Test]string{}
	now := map[string]bool{}
	var unknown []*assets.Test
	for _, t := range s.Project.Tests {
		if keys[t] = s.testKey(t); keys[t] != "" && right[keys[t]] {
			now[keys[t]] = true
		} else {
			unknown = append(unknown, t)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	suite, diags, err := unit.Prepare(ctx, s.Project, s.Graph, unknown)
	if err != nil {
		return fault("Cannot check the tests", err)
	}
	defer s.closeSuite(suite)
	for _, t := range suite.Tests() {
		now[keys[t]] = true
	}
	if err := warehouse.ReplaceFile(s.cache("tests"), []byte(strings.Join(slices.Sorted(maps.Keys(now)), "\n"))); err != nil {
		s.Log.Debug().Err(err).Msg("what was found right about tests is not cached")
	}
	return diags
}

// testKey changes with everything that decides whether a test has a mistake.
func (s *Session) testKey(t *assets.Test) string {
	node := s.Graph.Nodes[t.Asset]
	if node == nil {
		return ""
	}
	parts := []any{warehouse.Engine(), t, node.Inputs, node.CheckInputs, node.Bound.Columns(), node.Unbound, s.Project.Assets[t.Asset].Checks}
	files := []string{}
	for _, g := range t.Given {
		files = append(files, g.File)
		if input := s.Graph.Nodes[g.Input]; input != nil {
			parts = append(parts, input.Columns)
		}
	}
	if t.Expect != nil {
		files = append(files, t.Expect.File)
	}
	for _, file := range files {
		if info, err := os.Stat(file); file != "" && err == nil {
			parts = append(parts, file, info.Size(), info.ModTime().UnixNano())
		}
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return "" // never among those that were kept
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
