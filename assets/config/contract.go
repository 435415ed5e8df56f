package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

// readColumns reads the column blocks of an asset or a source, but for their checks.
func (l *loader) readColumns(a *args, body *hclsyntax.Body) []assets.DeclaredColumn {
	var columns []assets.DeclaredColumn
	seen := map[string]hcl.Range{}
	for _, b := range blocksOf(body, "column") {
		if len(b.Labels) == 0 || b.Labels[0] == "" {
			continue
		}
		name := b.Labels[0]
		if first, ok := seen[strings.ToLower(name)]; ok {
			l.duplicate(fmt.Sprintf("column %q", name), first, b.DefRange())
			continue
		}
		seen[strings.ToLower(name)] = b.DefRange()
		ca := l.args(a.s, b.Body, fmt.Sprintf("column %q of %s", name, a.what))
		column := assets.DeclaredColumn{
			Name: name, Type: strings.TrimSpace(ca.filled("type")), Sensitive: ca.boolean("sensitive", false), Description: ca.text("description"),
			Decl: b.DefRange(), TypeRange: ca.at("type", b.DefRange()), NullableRange: ca.at("nullable", b.DefRange()),
		}
		if _, given := ca.value("nullable"); given {
			nullable := ca.boolean("nullable", true)
			column.Nullable = &nullable
		}
		columns = append(columns, column)
	}
	return columns
}

// contract reads the argument of that name; empty if it is not given.
func (a *args) contract() assets.Contract {
	text := a.filled("contract")
	switch contract := assets.Contract(text); contract {
	case assets.Open, assets.Strict, "":
		return contract
	}
	a.wrong("contract", fmt.Sprintf("Unsupported contract %q", text),
		"It is \"strict\", so that there are the declared columns and no others, or \"open\", so that others may be there too.")
	return ""
}

// readContract reads an asset's contract. The project's default is for assets that
// declare columns: of the others it asks nothing.
func (l *loader) readContract(a *args, asset *assets.Asset) {
	asset.Contract, asset.ContractRange = a.contract(), a.at("contract", asset.Decl)
	if asset.Contract == "" && len(asset.Columns) > 0 {
		asset.Contract = l.defaultContract
	}
	if asset.Contract == "" {
		asset.Contract = assets.Open
	}
}

// promises are the checks that an asset's contract comes to: no NULL in a column
// that is not nullable. One that the asset checks already is not checked twice.
func (l *loader) promises(asset *assets.Asset) []assets.Check {
	var checks []assets.Check
	for _, column := range asset.Columns {
		if column.Nullable == nil {
			continue
		}
		at := slices.IndexFunc(asset.Checks, func(c assets.Check) bool { return forbidsNull(c, column.Name) })
		switch {
		case *column.Nullable && at >= 0:
			l.report(problem(column.NullableRange, fmt.Sprintf("Column %q may and must not be NULL", column.Name),
				fmt.Sprintf("Check %q at %s keeps rows with a NULL from being published. Take out the check, or nullable = true.",
					asset.Checks[at].ID(), place(asset.Checks[at].Decl))))
		case *column.Nullable || at >= 0:
		default:
			promise := assets.Check{Kind: assets.NotNull, Label: "contract(" + column.Name + ")", Severity: assets.Error,
				Columns: []string{column.Name}, Decl: column.Decl, ArgRange: column.NullableRange}
			if taken := slices.IndexFunc(asset.Checks, func(c assets.Check) bool { return strings.EqualFold(c.ID(), promise.ID()) }); taken >= 0 {
				l.report(problem(asset.Checks[taken].Decl, fmt.Sprintf("Duplicate check %q", promise.ID()),
					fmt.Sprintf("That is what nullable = false at %s is known by. Give this check another name.", place(column.NullableRange))))
				continue
			}
			checks = append(checks, promise)
		}
	}
	return checks
}

// forbidsNull reports whether a check keeps every NULL in a column from being published: a
// not_null check that nothing restricts or weakens.
func forbidsNull(c assets.Check, column string) bool {
	if !slices.ContainsFunc(c.Columns, func(of string) bool { return strings.EqualFold(of, column) }) {
		return false
	}
	c.Label, c.Description, c.Columns, c.Decl, c.ArgRange = "", "", nil, hcl.Range{}, hcl.Range{}
	return reflect.DeepEqual(c, assets.Check{Kind: assets.NotNull, Severity: assets.Error})
}
