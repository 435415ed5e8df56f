package check

import (
	"fmt"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
)

// Statement is one statement that a Scan would run, and the checks it answers.
type Statement struct {
	Checks []string `json:"checks"` // by [assets.Check.ID]
	// SQL is [redact.Hidden] if it holds a secret; empty: no rows are read.
	SQL string `json:"sql"`
}

// Explain returns the statements that Run would run for a Scan if nothing is
// violated: first the one that its checks share, then those of checks that need
// their own. Rows to show of what is violated take one more each.
func Explain(s Scan) ([]Statement, error) {
	shared, err := newAggregate(s)
	if err != nil {
		return nil, err
	}
	var all []Statement
	if !s.ChecksOnly || len(shared.tallies) > 0 {
		first := Statement{Checks: []string{}, SQL: shared.sql()}
		for i, c := range s.Checks {
			if shared.tallies[i] != nil {
				first.Checks = append(first.Checks, c.ID())
				first.SQL = shown(c, first.SQL)
			}
		}
		all = append(all, first)
	}
	r := runner{Scan: s}
	for i, c := range s.Checks {
		if shared.tallies[i] != nil {
			continue
		}
		var texts []string
		switch c.Kind {
		case assets.Query:
			texts = []string{c.SQL.Text}
		case assets.Reconcile:
			sides := r.sides(c)
			texts = sides[:]
		case assets.Schema:
			texts = []string{""}
		default:
			if texts = []string{r.counting(c)}; texts[0] == "" {
				return nil, fmt.Errorf("checks of kind %q are not known", c.Kind)
			}
		}
		for _, text := range texts {
			all = append(all, Statement{Checks: []string{c.ID()}, SQL: shown(c, text)})
		}
	}
	return all, nil
}

// shown is a statement that a check is part of, as far as it may be seen.
func shown(c assets.Check, statement string) string {
	if holdsSecret(c) {
		return redact.Hidden
	}
	return statement
}
