package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/config"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/check/unit"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// CreateTest writes a test of an asset: its inputs are given up to limit of the
// rows that are published, in the columns that the asset uses, and what its SQL
// makes of them is expected. The test was run, and passes.
func (s *Session) CreateTest(ctx context.Context, asset string, limit int) (text []byte, name string, diags hcl.Diagnostics) {
	text, t, err := s.createTest(ctx, asset, limit)
	if err != nil {
		return nil, "", fault("Cannot write a test", err)
	}
	return text, t.Name, nil
}

func (s *Session) createTest(ctx context.Context, asset string, limit int) ([]byte, *assets.Test, error) {
	names, err := lineage.Select(s.Project, s.Graph, []string{asset})
	switch {
	case err != nil:
		return nil, nil, err
	case len(names) != 1:
		return nil, nil, fmt.Errorf("%s stands for %d assets: name one of them", asset, len(names))
	}
	node := s.Graph.Nodes[names[0]]
	if node.Unbound != "" {
		return nil, nil, errors.New(node.Unbound)
	}
	t := &assets.Test{Name: s.testName(node.Name), Asset: node.Name}
	if slices.ContainsFunc(node.Bound.Volatile, unit.IsMoment) {
		t.Now = s.Now().UTC().Truncate(time.Second)
	}
	types := map[assets.Name][]assets.Column{node.Name: node.Bound.Columns()}
	sample := sampler{limit: limit, joined: map[string][]string{}}
	// Those of which most is used first: facts, whose keys then choose among the others.
	inputs := slices.Clone(node.Inputs)
	slices.SortStableFunc(inputs, func(a, b assets.Name) int { return len(node.Bound.Uses[b]) - len(node.Bound.Uses[a]) })
	for _, input := range inputs {
		types[input] = s.Graph.Nodes[input].Columns
		rows, err := s.sample(ctx, &sample, node, input)
		if err != nil {
			return nil, nil, err
		}
		t.Given = append(t.Given, assets.Given{Input: input, Fixture: assets.Fixture{Rows: rows}})
	}
	if t.Expect, err = s.expectation(ctx, t, types[node.Name]); err != nil {
		return nil, nil, err
	}
	text := config.WriteTest(t, types)
	if s.Redactor.String(string(text)) != string(text) {
		return nil, nil, fmt.Errorf("the rows hold a sensitive value, which a test must not show")
	}
	return text, t, nil
}

// expectation is what the asset's SQL makes of what is given. Columns that come
// out different every time are left out, and those that hold a secret.
func (s *Session) expectation(ctx context.Context, t *assets.Test, columns []assets.Column) (*assets.Expected, error) {
	run := func(expect *assets.Expected) (unit.Outcome, error) {
		trial := *t
		trial.Expect = expect
		outcomes, diags := s.runTests(ctx, []*assets.Test{&trial}, nil)
		if diags.HasErrors() {
			return unit.Outcome{}, errors.New(diags[0].Summary + ": " + diags[0].Detail)
		}
		if message := outcomes[0].Message; message != "" {
			return unit.Outcome{}, errors.New(message)
		}
		return outcomes[0], nil
	}
	outcome, err := run(&assets.Expected{})
	if err != nil {
		return nil, err
	}
	expect := &assets.Expected{}
	if outcome.Diff == nil {
		return expect, nil // no rows came of it, as expected
	}
	secret := map[int]bool{}
	for _, pair := range outcome.Diff.Rows {
		for i, cell := range pair.Got {
			secret[i] = secret[i] || s.Redactor.String(cell.Text) != cell.Text
		}
	}
	for _, pair := range outcome.Diff.Rows {
		var row assets.Row
		for i, cell := range pair.Got {
			if secret[i] {
				continue
			}
			row.Cells = append(row.Cells, assets.Cell{Column: columns[i].Name, Value: assets.Value{Text: cell.Text, Null: cell.Null}})
		}
		expect.Rows = append(expect.Rows, row)
	}
	again, err := run(expect)
	if err != nil || again.Passed() {
		return expect, err
	}
	varying := map[string]bool{}
	for _, pair := range again.Diff.Rows {
		for i, column := range columns {
			if pair.Expected == nil || pair.Got == nil || pair.Expected[i] != pair.Got[i] {
				varying[column.Name] = true
			}
		}
	}
	for i := range expect.Rows {
		expect.Rows[i].Cells = slices.DeleteFunc(expect.Rows[i].Cells, func(c assets.Cell) bool { return varying[c.Column] })
	}
	if again, err = run(expect); err == nil && !again.Passed() {
		err = fmt.Errorf("its SQL makes other rows of the same inputs every time, so that nothing can be expected of it: %s", strings.Join(s.Graph.Nodes[t.Asset].Bound.Volatile, ", "))
	}
	return expect, err
}

// testName is a name that no test has.
func (s *Session) testName(asset assets.Name) string {
	base := strings.ReplaceAll(asset.String(), ".", "_") + "_sample"
	name := base
	for n := 2; slices.ContainsFunc(s.Project.Tests, func(t *assets.Test) bool { return t.Name == name }); n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}

// sampler takes rows of one input after another, such that they join.
type sampler struct {
	limit int
	// joined are the values that rows taken so far have in columns of joins, by name.
	joined map[string][]string
}

// sample takes rows of an input in the columns that the asset uses: of those that
// have a value in common with rows taken of another input, in a column of the
// same name that decides a join, if there are any.
func (s *Session) sample(ctx context.Context, sample *sampler, node *lineage.Node, input assets.Name) ([]assets.Row, error) {
	columns := slices.DeleteFunc(slices.Clone(node.Bound.Uses[input]), func(c string) bool { return c == lineage.RowOrder })
	if len(columns) == 0 { // its rows are counted: any column will do
		columns = []string{s.Graph.Nodes[input].Columns[0].Name}
	}
	var list []string
	for _, c := range columns {
		list = append(list, warehouse.Ident(c)+"::VARCHAR AS "+warehouse.Ident(c))
	}
	query := "SELECT " + strings.Join(list, ", ") + " FROM " + warehouse.NameRef(input)
	keys := joinColumns(node, input)
	end := fmt.Sprintf(" LIMIT %d", sample.limit)
	var rows []assets.Row
	for _, key := range keys {
		if values := sample.joined[key]; len(values) > 0 && len(rows) == 0 {
			var err error
			if rows, err = s.sampleRows(ctx, query+" WHERE "+warehouse.Ident(key)+"::VARCHAR IN ("+strings.Join(values, ", ")+")"+end); err != nil {
				return nil, err
			}
		}
	}
	if len(rows) == 0 {
		var err error
		if rows, err = s.sampleRows(ctx, query+end); err != nil {
			return nil, err
		}
	}
	for _, row := range rows {
		for _, cell := range row.Cells {
			if slices.Contains(keys, strings.ToLower(cell.Column)) && !cell.Value.Null {
				key := strings.ToLower(cell.Column)
				sample.joined[key] = append(sample.joined[key], warehouse.Literal(cell.Value.Text))
			}
		}
	}
	return rows, nil
}

// joinColumns are an input's columns that decide joins, in lower case.
func joinColumns(node *lineage.Node, input assets.Name) []string {
	var columns []string
	for _, o := range node.Bound.RowsFrom {
		if o.Input == input && o.Via&lineage.Join != 0 {
			columns = append(columns, strings.ToLower(o.Column))
		}
	}
	return columns
}

func (s *Session) sampleRows(ctx context.Context, query string) (rows []assets.Row, err error) {
	result, diags := s.Query(ctx, query, false)
	if diags.HasErrors() {
		return nil, errors.New(diags[0].Detail)
	}
	defer func() { err = errors.Join(err, result.Close()) }()
	columns := result.Columns()
	for result.Next() {
		values, err := result.Values()
		if err != nil {
			return nil, err
		}
		var row assets.Row
		for i, v := range values {
			text, _ := v.(string) // all columns were made text
			row.Cells = append(row.Cells, assets.Cell{Column: columns[i], Value: assets.Value{Text: text, Null: v == nil}})
		}
		rows = append(rows, row)
	}
	return rows, result.Err()
}
