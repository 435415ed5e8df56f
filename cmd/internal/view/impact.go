package view

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// ImpactJSON is the document of `impact -json`: what a change of a source, an
// asset or a column would touch.
type ImpactJSON struct {
	FormatVersion string      `json:"format_version"`
	Name          assets.Name `json:"name"`
	Kind          string      `json:"kind"` // source, table or view
	Column        string      `json:"column,omitempty"`
	// Touched are the assets made from it that could change, nearest first.
	Touched []TouchedJSON `json:"touched"`
	// IfReordered could change, but only if rows came to lie in another order.
	IfReordered []assets.Name `json:"if_reordered"`
	// Untouched are made from it too, but would come out the same.
	Untouched []assets.Name `json:"untouched"`
	// Disabled are those of Untouched that keep the rows they have, whatever changes.
	Disabled []assets.Name `json:"disabled"`
	// Checks look at it from another asset.
	Checks []LookingCheck `json:"checks"`
	Owners []OwnerJSON    `json:"owners"`
}

// TouchedJSON is an asset that a change would touch.
type TouchedJSON struct {
	Asset   assets.Name   `json:"asset"`
	Kind    assets.Kind   `json:"kind"`
	Steps   int           `json:"steps"` // 1: reads it directly
	Through []assets.Name `json:"through"`
	// Rows says that the change decides which rows the asset has; with it every
	// column may change.
	Rows bool `json:"rows"`
	// Columns are those whose values come from what changes.
	Columns   []string        `json:"columns"`
	Owner     string          `json:"owner,omitempty"`
	Tags      []string        `json:"tags"`
	Freshness []FreshnessJSON `json:"freshness"`

	all bool // every column
}

// FreshnessJSON is a declared policy.
type FreshnessJSON struct {
	MaxLagSeconds float64       `json:"max_lag_seconds"`
	At            string        `json:"at,omitempty"` // cron expression
	Timezone      string        `json:"timezone,omitempty"`
	Sources       []assets.Name `json:"sources,omitempty"` // missing: all
}

// LookingCheck is a check of one asset that looks at another.
type LookingCheck struct {
	Asset assets.Name `json:"asset"`
	Check string      `json:"check"`
}

// OwnerJSON is who answers for some of what is touched; without a name, nobody is said to.
type OwnerJSON struct {
	Owner  string        `json:"owner"`
	Assets []assets.Name `json:"assets"`
}

// NewImpact says what a change of the named source or asset would touch; with a
// column, what a change of that column's values would.
func NewImpact(p *assets.Project, g *lineage.Graph, name assets.Name, column string) ImpactJSON {
	doc := ImpactJSON{
		FormatVersion: FormatVersion, Name: name, Kind: kindOf(p, name), Column: column,
		Touched: []TouchedJSON{}, IfReordered: []assets.Name{}, Untouched: []assets.Name{}, Disabled: []assets.Name{}, Owners: []OwnerJSON{},
	}
	change := lineage.Everything
	if column != "" {
		change = lineage.ColumnChange(column)
	}
	touched := map[assets.Name]bool{name: true}
	owners := map[string][]assets.Name{}
	for _, t := range g.Impact(p, name, change) {
		touched[t.Name] = true
		if t.Reordered {
			doc.IfReordered = append(doc.IfReordered, t.Name)
			continue
		}
		a := p.Assets[t.Name]
		owners[a.Owner] = append(owners[a.Owner], t.Name)
		doc.Touched = append(doc.Touched, TouchedJSON{
			Asset: t.Name, Kind: a.Kind, Steps: t.Steps, Through: t.Through,
			Rows: t.Change.Rows, Columns: append([]string{}, t.Values...),
			Owner: a.Owner, Tags: append([]string{}, a.Tags...), Freshness: freshnessJSON(a.Freshness),
			all: len(t.Values) > 1 && len(t.Values) == len(g.Nodes[t.Name].Columns),
		})
	}
	for _, below := range assets.SortedNames(g.Downstream(name)) {
		if touched[below] {
			continue
		}
		doc.Untouched = append(doc.Untouched, below)
		if !p.Assets[below].Enabled {
			doc.Disabled = append(doc.Disabled, below)
		}
	}
	for owner, of := range owners {
		doc.Owners = append(doc.Owners, OwnerJSON{owner, of})
	}
	slices.SortFunc(doc.Owners, func(a, b OwnerJSON) int { // whoever has the most first, nobody last
		if (a.Owner == "") != (b.Owner == "") {
			return strings.Compare(b.Owner, a.Owner)
		}
		return cmp.Or(len(b.Assets)-len(a.Assets), strings.Compare(a.Owner, b.Owner))
	})
	doc.Checks = lookingChecks(p, g, name, column)
	return doc
}

func freshnessJSON(declared []assets.Freshness) []FreshnessJSON {
	list := []FreshnessJSON{}
	for _, f := range declared {
		list = append(list, FreshnessJSON{f.MaxLag.Seconds(), f.At, f.Timezone, f.Sources})
	}
	return list
}

// lookingChecks are the checks of other assets that look at the named one. Of SQL
// only its words are known here: a check that may look at the column counts.
func lookingChecks(p *assets.Project, g *lineage.Graph, name assets.Name, column string) []LookingCheck {
	list := []LookingCheck{}
	for _, from := range assets.SortedNames(p.Assets) {
		if !slices.Contains(g.Nodes[from].CheckInputs, name) {
			continue
		}
		for _, check := range p.Assets[from].Checks {
			looks := check.Kind != assets.Relationships && mentions(check.SQL.Text, name.Table) &&
				(column == "" || mentions(check.SQL.Text, column) || strings.Contains(check.SQL.Text, "*"))
			if check.Kind == assets.Relationships && check.To == name {
				looks = column == "" || slices.ContainsFunc(check.ToColumns, func(c string) bool { return strings.EqualFold(c, column) })
			}
			if looks {
				list = append(list, LookingCheck{from, check.ID()})
			}
		}
	}
	return list
}
