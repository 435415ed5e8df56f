package assets

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// CheckKind names what a check asserts.
type CheckKind string

const (
	NotNull        CheckKind = "not_null"
	Unique         CheckKind = "unique"
	AcceptedValues CheckKind = "accepted_values"
	Relationships  CheckKind = "relationships"
	RowCount       CheckKind = "row_count"
	Expression     CheckKind = "expression"
	Query          CheckKind = "sql"
)

// CheckKinds are all kinds of check, in the order documentation lists them.
var CheckKinds = []CheckKind{NotNull, Unique, AcceptedValues, Relationships, RowCount, Expression, Query}

// Severity says what a violation does: Error withholds the data, Warn is recorded.
type Severity string

const (
	Error Severity = "error"
	Warn  Severity = "warn"
)

// Check is a rule about an asset's rows. Which fields matter depends on Kind.
type Check struct {
	Kind        CheckKind
	Label       string // the name argument, or empty
	Description string
	Severity    Severity
	Columns     []string // not_null, unique, accepted_values, relationships
	Values      []string // accepted_values: SQL literals
	To          Name     // relationships: the referenced asset or source
	ToColumns   []string // relationships: as many as Columns
	Min, Max    *int64   // row_count, in rows
	SQL         SQL      // expression: a condition every row meets; sql: a query returning the rows that violate
	Decl        hcl.Range
	// ArgRange is the argument an error is about: the columns, expression or query; else the header.
	ArgRange hcl.Range
}

// ID is the check's identity within its asset: its name, or else its kind and columns.
func (c Check) ID() string {
	switch {
	case c.Label != "":
		return c.Label
	case len(c.Columns) > 0:
		return string(c.Kind) + "(" + strings.Join(c.Columns, ", ") + ")"
	}
	return string(c.Kind)
}
