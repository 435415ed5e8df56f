package view

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// DiffJSON is the document of `diff -json`: how what the project declares differs
// from what is published.
type DiffJSON struct {
	FormatVersion string          `json:"format_version"`
	Assets        []AssetDiffJSON `json:"assets"`
}

// AssetDiffJSON is one asset that the plan would create, rebuild or drop, or
// whose definition is another text.
type AssetDiffJSON struct {
	Asset         assets.Name      `json:"asset"`
	Action        string           `json:"action"` // as in plan -json
	Reasons       []planner.Reason `json:"reasons"`
	ConditionalOn []assets.Name    `json:"conditional_on,omitempty"`
	// Diff is a unified diff of the SQL; empty if that is the same text or hidden.
	Diff string `json:"diff,omitempty"`
	// Hidden says that the SQL is sensitive, so that no text of it is shown.
	Hidden bool `json:"hidden,omitempty"`
	// TextOnly says that the other text means the same to the plan.
	TextOnly bool `json:"text_only,omitempty"`
	// Unknown says why nobody can tell what the definition changes; Columns and
	// what is downstream are then all that could change.
	Unknown string                  `json:"unknown,omitempty"`
	Columns []lineage.ColumnVerdict `json:"columns"`
	Rows    bool                    `json:"rows"`  // which rows there are may change
	Order   bool                    `json:"order"` // the rows may come to lie in another order
	// Touched and Untouched are made from it: what could change by its definition, and what could not.
	Touched   []TouchedByJSON `json:"touched"`
	Untouched []assets.Name   `json:"untouched"`
	// IfReordered could change, but only if rows came to lie in another order.
	IfReordered []assets.Name `json:"if_reordered"`

	// Disabled says that it keeps what is published whatever its definition is.
	Disabled bool `json:"disabled,omitempty"`

	step   planner.Step
	edited bool
	both   bool // there are two definitions to compare
}

// TouchedByJSON is an asset downstream of an edit.
type TouchedByJSON struct {
	Asset   assets.Name `json:"asset"`
	Rows    bool        `json:"rows"`
	Columns []string    `json:"columns"` // in lower case; with Rows, every column may change
}

// NewDiff compares definitions of the selected assets; nil: of all.
func NewDiff(in planner.Input, plan planner.Plan, selected []assets.Name) DiffJSON {
	doc := DiffJSON{FormatVersion, []AssetDiffJSON{}}
	for _, step := range plan.Steps {
		if selected != nil && !slices.Contains(selected, step.Asset) {
			continue
		}
		d := diffAsset(in, step)
		built := step.Action == planner.Create || step.Action == planner.Rebuild || step.Action == planner.Drop
		if built || d.edited {
			doc.Assets = append(doc.Assets, d)
		}
	}
	return doc
}

func diffAsset(in planner.Input, step planner.Step) AssetDiffJSON {
	name := step.Asset
	d := AssetDiffJSON{
		Asset: name, Action: step.Action.String(), Reasons: append([]planner.Reason{}, step.Reasons...), ConditionalOn: step.ConditionalOn,
		Columns: []lineage.ColumnVerdict{}, Touched: []TouchedByJSON{}, Untouched: []assets.Name{}, IfReordered: []assets.Name{}, step: step,
	}
	last, published := in.State.Last[step.Key]
	asset, node := in.Project.Assets[name], in.Graph.Nodes[name]
	was, is := last.Definition.SQL, ""
	if asset != nil {
		is = asset.SQL.Text
	}
	d.Hidden = published && was == "" || asset != nil && asset.SQL.Sensitive
	if !d.Hidden {
		d.Diff = sqlDiff(name, was, is)
	}
	redefined := has(step, planner.DefinitionChanged)
	d.both = published && asset != nil && node != nil
	d.Disabled = asset != nil && !asset.Enabled
	switch {
	case d.Disabled:
		d.edited = published && d.Diff != ""
		return d
	case !d.both:
		d.edited = true // it comes or goes
		if asset != nil && node != nil {
			d.Columns = append(d.Columns, lineage.Verdicts(lineage.Bound{}, node.Bound)...)
		}
		return d
	}
	change := planner.OwnChange(last, asset, node)
	d.edited = d.Diff != "" || redefined || change.Any()
	if !d.edited {
		return d
	}
	d.TextOnly = !redefined && !change.Any()
	if change.Any() {
		d.Unknown = untold(last.Definition, node)
	}
	if node.Unbound == "" && (change.Any() || redefined) {
		d.Columns = append(d.Columns, lineage.Verdicts(last.Definition.Bound, node.Bound)...)
	}
	d.Rows, d.Order = change.Rows, change.Order
	reached := map[assets.Name]bool{name: true}
	for _, t := range in.Graph.Impact(in.Project, name, change) {
		reached[t.Name] = true
		if t.Reordered {
			d.IfReordered = append(d.IfReordered, t.Name)
			continue
		}
		columns := append([]string{}, t.Change.Names()...)
		d.Touched = append(d.Touched, TouchedByJSON{t.Name, t.Change.Rows, columns})
	}
	for _, below := range assets.SortedNames(in.Graph.Downstream(name)) {
		if !reached[below] {
			d.Untouched = append(d.Untouched, below)
		}
	}
	return d
}

// untold says why fingerprints cannot tell what a definition changes; empty if they do.
func untold(was planner.Definition, node *lineage.Node) string {
	is := node.Bound
	volatile := slices.Concat(was.Bound.Volatile, is.Volatile)
	switch {
	case node.Unbound != "":
		return node.Unbound
	case len(volatile) > 0:
		slices.Sort(volatile)
		return "its value depends on the moment it is built (" + strings.Join(slices.Compact(volatile), ", ") + ")"
	case lineage.Comparable(was.Bound, is):
		return ""
	case was.Bound.Meaning != "" && is.Meaning != "":
		return fmt.Sprintf("it was built by DuckDB %s", was.Engine)
	}
	return "DuckDB does not show how it is computed"
}

// sqlDiff is a unified diff of two texts of an asset's SQL; empty if they are the same.
func sqlDiff(name assets.Name, was, is string) string {
	older, newer := name.String()+" (published)", name.String()+" (project)"
	if was == "" {
		older = "/dev/null"
	}
	if is == "" {
		newer = "/dev/null"
	}
	text := diff.Diff(older, wholeLines(was), newer, wholeLines(is))
	_, text, _ = bytes.Cut(text, []byte("\n")) // the command line that would print it
	return string(text)
}

// wholeLines ends text with a line break: whether a file does is no difference in SQL.
func wholeLines(text string) []byte {
	if text = strings.TrimRight(text, "\n"); text == "" {
		return nil
	}
	return []byte(text + "\n")
}
