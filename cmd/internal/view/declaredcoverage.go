package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// DeclaredCoverageJSON says what a project tells of its assets: who answers for
// them, what they are, how they are checked and what tells their rows apart.
type DeclaredCoverageJSON struct {
	// Total counts the assets, the others those of them that have each.
	Total       int `json:"total"`
	Owner       int `json:"owner"`
	Description int `json:"description"`
	Checks      int `json:"checks"`
	Key         int `json:"key"`
	// Assets are all of them, those that lack most first.
	Assets []DeclaredJSON `json:"assets"`
}

// DeclaredJSON is what a project tells of one asset.
type DeclaredJSON struct {
	Asset       assets.Name `json:"asset"`
	Owner       string      `json:"owner"`
	Description string      `json:"description"`
	Checks      int         `json:"checks"`
	// Key are the columns of its first check that rows are unique.
	Key     []string `json:"key"`
	Missing []string `json:"missing"` // of owner, description, checks and key
}

// NewDeclaredCoverage looks at every asset of a project.
func NewDeclaredCoverage(p *assets.Project) DeclaredCoverageJSON {
	c := DeclaredCoverageJSON{Total: len(p.Assets), Assets: []DeclaredJSON{}}
	for _, name := range assets.SortedNames(p.Assets) {
		a := p.Assets[name]
		d := DeclaredJSON{Asset: name, Owner: a.Owner, Description: strings.TrimSpace(a.Description), Checks: len(a.Checks), Key: []string{}, Missing: []string{}}
		if i := slices.IndexFunc(a.Checks, func(c assets.Check) bool { return c.Kind == assets.Unique }); i >= 0 {
			d.Key = append(d.Key, a.Checks[i].Columns...)
		}
		for _, part := range []struct {
			name  string
			there bool
			count *int
		}{{"owner", d.Owner != "", &c.Owner}, {"description", d.Description != "", &c.Description}, {"checks", d.Checks > 0, &c.Checks}, {"key", len(d.Key) > 0, &c.Key}} {
			if part.there {
				*part.count++
			} else {
				d.Missing = append(d.Missing, part.name)
			}
		}
		c.Assets = append(c.Assets, d)
	}
	slices.SortStableFunc(c.Assets, func(a, b DeclaredJSON) int { return cmp.Compare(len(b.Missing), len(a.Missing)) })
	return c
}

// DeclaredCoverage writes a table of the assets that lack something, or of all.
func DeclaredCoverage(w io.Writer, c DeclaredCoverageJSON, all bool, style Style) {
	if c.Total == 0 {
		return
	}
	const missing = "missing"
	or := func(text string) string { return cmp.Or(text, missing) }
	t := table{style: style, paint: func(_, _ int, text string) string {
		if strings.TrimSpace(text) == missing {
			return style.Yellow(text)
		}
		return text
	}}
	t.add("ASSET", "OWNER", "DESCRIPTION", "CHECKS", "KEY")
	for _, a := range c.Assets {
		if len(a.Missing) == 0 && !all {
			continue
		}
		description, checks := "", ""
		if a.Description != "" {
			description = "yes"
		}
		if a.Checks > 0 {
			checks = fmt.Sprint(a.Checks)
		}
		t.add(a.Asset.String(), or(a.Owner), or(description), or(checks), or(strings.Join(a.Key, ", ")))
	}
	if len(t.rows) > 1 {
		fmt.Fprintln(w)
		t.write(w)
	}
	fmt.Fprintf(w, "\n%s\n", style.Bold(c.summary()))
}

func (c DeclaredCoverageJSON) summary() string {
	if min(c.Owner, c.Description, c.Checks, c.Key) == c.Total {
		have := "have"
		if c.Total == 1 {
			have = "has"
		}
		return fmt.Sprintf("Coverage: %s %s an owner, a description, a check and a key.", allOf(c.Total), have)
	}
	// Rounded down: 100% is all of them.
	share := func(n int) int { return n * 100 / c.Total }
	return fmt.Sprintf("Coverage of %s: %d%% have an owner, %d%% a description, %d%% a check, %d%% a key.",
		Count(c.Total, "asset"), share(c.Owner), share(c.Description), share(c.Checks), share(c.Key))
}
