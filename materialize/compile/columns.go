package compile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// checkColumns compares the bound columns with what the project says of them:
// declared columns and types, and columns that checks name.
func (c *compiler) checkColumns() error {
	var declared []*declaredType
	for _, of := range c.checked() {
		name, node := of.name, c.graph.Nodes[of.name]
		for _, check := range of.checks {
			if check.To != (assets.Name{}) {
				c.checkTarget(of, check)
			}
		}
		if node.Columns == nil {
			continue
		}
		if a := c.project.Assets[name]; a != nil {
			c.checkStrict(a, node.Columns)
			c.checkQuarantine(a, node.Columns)
		}
		for _, column := range of.columns {
			at := find(node.Columns, column.Name)
			if at < 0 {
				c.missing[columnOf{name, strings.ToLower(column.Name)}] = true
				c.report(unknownColumn(column.Name, of.String(), node.Columns, column.Decl))
				continue
			}
			if column.Type != "" && !strings.EqualFold(column.Type, node.Columns[at].Type) {
				declared = append(declared, &declaredType{asset: name, column: column, bound: node.Columns[at].Type})
			}
		}
		c.checkTypesOf(of, node.Columns)
		for _, check := range of.checks {
			for _, column := range slices.Concat(check.Columns, check.OrderBy, check.Within) {
				if find(node.Columns, column) < 0 && !c.missing[columnOf{name, strings.ToLower(column)}] {
					c.report(unknownColumn(column, of.String(), node.Columns, check.ArgRange))
				}
			}
		}
	}
	return c.checkTypes(declared)
}

// checkTarget looks up what a relationship refers to.
func (c *compiler) checkTarget(of checked, check assets.Check) {
	target := c.graph.Nodes[check.To]
	if target == nil && c.project.Unread.Has(check.To) {
		return
	}
	if target == nil {
		c.report(lineage.Missing(c.project, fmt.Sprintf("Check %q of %s", check.ID(), of), check.To, check.ArgRange))
		return
	}
	if check.Kind == assets.Relationships && c.readsAsset(of, check, check.To, check.ArgRange) { // of others it is seen in their SQL
		return
	}
	if target.Columns == nil {
		return // unbound, or reported where it is declared
	}
	for _, column := range check.ToColumns {
		if find(target.Columns, column) < 0 {
			c.report(unknownColumn(column, check.To.String(), target.Columns, check.ArgRange))
		}
	}
}

// declaredType is a declared column whose type is spelled differently from the bound one.
type declaredType struct {
	asset  assets.Name
	column assets.DeclaredColumn
	bound  string
	key    sum
	meant  string // DuckDB's spelling of the declared type
	err    error
}

// checkTypes asks DuckDB what the declared types mean: INT is INTEGER.
func (c *compiler) checkTypes(declared []*declaredType) error {
	var misses []*declaredType
	for _, d := range declared {
		d.key = sumOf("type", c.engine, d.column.Type)
		if !c.cache.text(d.key, &d.meant) {
			misses = append(misses, d)
		}
	}
	if len(misses) > 0 {
		binder, err := c.engineRoom()
		if err != nil {
			return err
		}
		if err := inBatches(c.ctx, len(misses), func(ctx context.Context, from, to int) error {
			return spellTypes(ctx, binder, misses[from:to])
		}); err != nil {
			return err
		}
	}
	for _, d := range misses {
		if d.err == nil {
			c.cache.addText(d.key, d.meant)
		}
	}
	for _, d := range declared {
		switch {
		case d.err != nil:
			c.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("%q is not a type", d.column.Type), Detail: upperFirst(d.err.Error()), Subject: d.column.TypeRange.Ptr()})
		case d.meant != d.bound:
			c.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("Type mismatch in column %q", d.column.Name),
				Detail: fmt.Sprintf("Asset %q declares %s, but its SQL gives %s. Cast the column in the SQL, or declare %s.",
					d.asset, d.meant, d.bound, d.bound),
				Subject: d.column.TypeRange.Ptr()})
		}
	}
	return nil
}

const typeQuery = "SELECT CAST(NULL AS "

func spellTypes(ctx context.Context, binder Binder, types []*declaredType) error {
	texts := make([]string, 0, len(types))
	for _, d := range types {
		texts = append(texts, typeQuery+d.column.Type+") AS c")
	}
	plans, err := binder.Bind(ctx, texts)
	if err != nil {
		return err
	}
	for i, d := range types {
		bound, err := lineage.Walk(plans[i], "", nil)
		switch {
		case err != nil:
			d.err = err
		case len(bound.Outputs) != 1 || bound.Outputs[0].Name != "c":
			d.err = fmt.Errorf("it is more than a type")
		default:
			d.meant = bound.Outputs[0].Type
		}
	}
	return nil
}

// find is the place of a column among others, -1 if it is not there.
func find(columns []assets.Column, name string) int {
	for i, c := range columns {
		if strings.EqualFold(c.Name, name) {
			return i
		}
	}
	return -1
}

func unknownColumn(column, of string, columns []assets.Column, subject hcl.Range) *hcl.Diagnostic {
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	detail := upperFirst(of) + " has no such column. "
	if near := lineage.Nearest(column, names); len(near) > 0 {
		detail += fmt.Sprintf("Did you mean %q?", near[0])
	} else {
		detail += "Its columns are " + strings.Join(names, ", ") + "."
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("Unknown column %q", column), Detail: detail, Subject: &subject}
}
