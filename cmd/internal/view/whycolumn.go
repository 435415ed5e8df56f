package view

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// WhyColumnJSON is the document of `why -json NAME.COLUMN`.
type WhyColumnJSON struct {
	FormatVersion string      `json:"format_version"`
	Name          assets.Name `json:"name"`
	Kind          string      `json:"kind"` // asset or source
	Column        string      `json:"column"`
	Type          string      `json:"type,omitempty"`
	Description   string      `json:"description,omitempty"`
	// From is what the values are computed from, and those again, down to sources.
	From []FromJSON `json:"from"`
	// RowsFrom is what decides which rows the asset has.
	RowsFrom []RowsJSON `json:"rows_from"`
	// Ties decide about its values only by the order in which rows lie.
	Ties []RowsJSON `json:"ties,omitempty"`
	// Constant says that its value is the same in each row; without that, what comes from no column is counted.
	Constant bool            `json:"constant,omitempty"`
	Assumed  bool            `json:"assumed,omitempty"` // From and RowsFrom are everything: DuckDB could not tell
	Checks   []ColumnCheck   `json:"checks"`
	Next     *ColumnNextJSON `json:"next,omitempty"` // what the next plan would do with it; of a source: nothing
	Unbound  string          `json:"unbound,omitempty"`
	// Disabled says that the asset keeps what is published, whatever From becomes.
	Disabled bool `json:"disabled,omitempty"`

	step planner.Step
	now  time.Time
}

// FromJSON is a column that another is computed from.
type FromJSON struct {
	Name   assets.Name `json:"name"`
	Column string      `json:"column"`
	Type   string      `json:"type,omitempty"`
	Kind   string      `json:"kind"`
	Via    []string    `json:"via"` // OpenLineage's subtypes
	From   []FromJSON  `json:"from"`
	// Repeated says that From stands further up.
	Repeated bool `json:"repeated,omitempty"`
}

// RowsJSON is how an input decides which rows there are.
type RowsJSON struct {
	Name    assets.Name `json:"name"`
	Columns []RowsFrom  `json:"columns"` // none: it has its part by its own rows only
}

// RowsFrom is a column that decides which rows there are.
type RowsFrom struct {
	Column string   `json:"column"`
	Via    []string `json:"via"`
}

// ColumnCheck is a check on a column; without Result it never ran on what is published.
type ColumnCheck struct {
	Check       string               `json:"check"`
	Description string               `json:"description,omitempty"`
	Result      *planner.CheckResult `json:"result,omitempty"`
}

// ColumnNextJSON is what the next plan would do with a column.
type ColumnNextJSON struct {
	Action  string           `json:"action"`
	Reasons []planner.Reason `json:"reasons"`
	// Verdict is about the definition, given equal inputs.
	Verdict lineage.Verdict `json:"verdict"`
	Was     string          `json:"was,omitempty"` // its type, where that changes
	// Rows says that the definition changes which rows there are.
	Rows bool `json:"rows"`
	// Inputs are those whose change may reach the column.
	Inputs []assets.Name `json:"inputs"`
	// Reordered says that it may change if rows come to lie in another order, and
	// not for another reason.
	Reordered bool `json:"reordered"`
}

// NewWhyColumn explains a column of a source or asset.
func NewWhyColumn(in planner.Input, plan planner.Plan, name assets.Name, column string) WhyColumnJSON {
	doc := WhyColumnJSON{
		FormatVersion: FormatVersion, Name: name, Kind: "asset", Column: column,
		From: []FromJSON{}, RowsFrom: []RowsJSON{}, Checks: []ColumnCheck{}, now: in.Now,
	}
	last := in.State.Last[planner.Key{Asset: name}]
	if node := in.Graph.Nodes[name]; node != nil {
		root := in.Graph.Trace(name, column)
		doc.Type, doc.Assumed, doc.Unbound = root.Type, node.Bound.Assumed, node.Unbound
		doc.From, doc.RowsFrom = fromJSON(in.Project, root.From), decidingRows(node.Bound)
		if output := node.Bound.Output(doc.Column); output != nil {
			doc.Ties, doc.Constant = tying(output.Ties), output.Constant
		}
	}
	if in.Project.Sources[name] != nil {
		doc.Kind = "source"
		return doc
	}
	if doc.Type == "" {
		for _, c := range last.Made.Columns {
			if strings.EqualFold(c.Name, column) {
				doc.Type = c.Type
			}
		}
	}
	if asset := in.Project.Assets[name]; asset != nil {
		doc.Disabled = !asset.Enabled
		for _, declared := range asset.Columns {
			if strings.EqualFold(declared.Name, column) {
				doc.Description = declared.Description
			}
		}
		doc.Checks = columnChecks(asset.Checks, resultsOf(in, name), column)
	}
	doc.step = Steps(plan)[name]
	doc.Next = columnNext(in, doc.step, name, column)
	return doc
}

func fromJSON(p *assets.Project, traces []lineage.Trace) []FromJSON {
	list := make([]FromJSON, 0, len(traces))
	for _, t := range traces {
		list = append(list, FromJSON{
			Name: t.Input, Column: t.Column, Type: t.Type, Kind: kindOf(p, t.Input),
			Via: t.Via.Subtypes(), From: fromJSON(p, t.From), Repeated: t.Repeated,
		})
	}
	return list
}

// kindOf is what a name stands for: a source, a table or a view.
func kindOf(p *assets.Project, name assets.Name) string {
	if a := p.Assets[name]; a != nil {
		return string(a.Kind)
	}
	return "source"
}

func decidingRows(b lineage.Bound) []RowsJSON {
	list := make([]RowsJSON, 0, len(b.Uses))
	for _, input := range assets.SortedNames(b.Uses) {
		rows := RowsJSON{Name: input, Columns: []RowsFrom{}}
		for _, o := range b.RowsFrom {
			if o.Input == input {
				rows.Columns = append(rows.Columns, RowsFrom{cmp.Or(o.Column, "(order)"), o.Via.Subtypes()})
			}
		}
		list = append(list, rows)
	}
	return list
}

func tying(origins []lineage.Origin) (list []RowsJSON) {
	for _, o := range origins {
		if len(list) == 0 || list[len(list)-1].Name != o.Input {
			list = append(list, RowsJSON{Name: o.Input})
		}
		last := &list[len(list)-1]
		last.Columns = append(last.Columns, RowsFrom{o.Column, o.Via.Subtypes()})
	}
	return list
}

// resultsOf are the results of the checks on what was built last, or of the
// latest attempt where that failed.
func resultsOf(in planner.Input, name assets.Name) []planner.CheckResult {
	key := planner.Key{Asset: name}
	if failed, ok := in.State.Failed[key]; ok && len(failed.Checks) > 0 {
		return failed.Checks
	}
	return in.State.Last[key].Checks
}

func columnChecks(declared []assets.Check, results []planner.CheckResult, column string) []ColumnCheck {
	list := []ColumnCheck{}
	for _, check := range declared {
		if !concerns(check, column) {
			continue
		}
		shown := ColumnCheck{Check: check.ID(), Description: check.Description}
		for _, r := range results {
			if r.Check == shown.Check {
				shown.Result = &r
			}
		}
		list = append(list, shown)
	}
	return list
}

// concerns reports whether a check is about a column: it lists it, or its SQL has
// the name as a word.
func concerns(check assets.Check, column string) bool {
	return slices.ContainsFunc(check.Columns, func(c string) bool { return strings.EqualFold(c, column) }) || mentions(check.SQL.Text, column)
}

// mentions reports whether a name stands in SQL as a word, in any case.
func mentions(sql, name string) bool {
	return regexp.MustCompile(`(?i)(^|\W)` + regexp.QuoteMeta(name) + `($|\W)`).MatchString(sql)
}

func columnNext(in planner.Input, step planner.Step, name assets.Name, column string) *ColumnNextJSON {
	next := &ColumnNextJSON{
		Action: step.Action.String(), Reasons: append([]planner.Reason{}, step.Reasons...),
		Verdict: lineage.Same, Inputs: []assets.Name{},
	}
	node := in.Graph.Nodes[name]
	last, published := in.State.Last[planner.Key{Asset: name}]
	switch {
	case node == nil:
		next.Verdict = lineage.Removed
		return next
	case !published:
		next.Verdict = lineage.New
		return next
	case !in.Project.Assets[name].Enabled:
		return next
	}
	effect := planner.Effects(in)[name]
	if node.Unbound != "" && effect.Own.Any() {
		next.Verdict = lineage.Unknown
	}
	if node.Unbound != "" {
		return next
	}
	for _, v := range lineage.Verdicts(last.Definition.Bound, node.Bound) {
		if strings.EqualFold(v.Name, column) && (effect.Own.Any() || v.Verdict != lineage.Unknown) {
			next.Verdict = v.Verdict
			if v.Verdict == lineage.Retyped {
				next.Was = v.Was
			}
		}
	}
	next.Rows = effect.Own.Rows
	for _, input := range assets.SortedNames(effect.Inputs) {
		one := map[assets.Name]lineage.Change{input: effect.Inputs[input]}
		if c := node.Bound.CarryContent(one); c.Touches([]string{column}) {
			next.Inputs = append(next.Inputs, input)
		}
	}
	asked := []string{column}
	next.Reordered = effect.Reordered.Touches(asked) && !effect.All.Touches(asked)
	return next
}
