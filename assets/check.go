package assets

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// CheckKind names what a check asserts.
type CheckKind string

const (
	NotNull        CheckKind = "not_null"
	NotEmpty       CheckKind = "not_empty"
	Unique         CheckKind = "unique"
	AcceptedValues CheckKind = "accepted_values"
	Between        CheckKind = "between"
	Length         CheckKind = "length"
	Matches        CheckKind = "matches"
	Increasing     CheckKind = "increasing"
	NoGaps         CheckKind = "no_gaps"
	Relationships  CheckKind = "relationships"
	Reconcile      CheckKind = "reconcile"
	RowCount       CheckKind = "row_count"
	Recency        CheckKind = "freshness"
	Distribution   CheckKind = "distribution"
	Expression     CheckKind = "expression"
	Query          CheckKind = "sql"
	Schema         CheckKind = "schema"
)

// CheckKinds are all kinds of check, in the order documentation lists them.
var CheckKinds = []CheckKind{NotNull, NotEmpty, Unique, AcceptedValues, Between, Length, Matches, Increasing, NoGaps,
	Relationships, Reconcile, RowCount, Recency, Distribution, Expression, Query, Schema}

// RowKinds are the kinds whose violations are rows, each judged by itself.
var RowKinds = []CheckKind{NotNull, NotEmpty, AcceptedValues, Between, Length, Matches, Expression}

// DefaultLimit is how many violating rows are kept of a check that does not say.
const DefaultLimit = 100

// Severity says what a violation does: Error withholds the data, Warn is recorded.
type Severity string

const (
	Error Severity = "error"
	Warn  Severity = "warn"
)

// Check is a rule about the rows of an asset or a source. Which fields matter depends on Kind.
type Check struct {
	Kind        CheckKind
	Label       string // the name argument, or empty
	Description string
	Tags        []string
	Severity    Severity
	// Where is a condition: only rows that meet it are looked at; empty: all.
	Where SQL
	// Tolerance is how much may be wrong.
	Tolerance Tolerance
	// Quarantine moves violating rows aside instead of withholding the asset, up to
	// MaxShare of the rows looked at, beyond which it fails. Only of kinds that judge
	// rows, of tables, and without a Tolerance.
	Quarantine bool
	MaxShare   float64
	// Limit is how many violating rows are kept; nil: DefaultLimit.
	Limit *int64

	Columns   []string
	Values    []string      // accepted_values: SQL literals
	To        Name          // relationships, reconcile: the source or asset compared with
	ToColumns []string      // relationships: as many as Columns
	Min, Max  *int64        // row_count: rows; length: characters of text, elements of a list
	Low, High string        // between: SQL literals, both inclusive; empty: no bound
	Pattern   string        // matches: a regular expression that is found somewhere in the text (RE2)
	OrderBy   []string      // increasing: columns that say in which order
	Within    []string      // increasing, no_gaps: columns of which each combination is a series of its own
	Strict    bool          // increasing: equal neighbours violate it
	Step      string        // no_gaps: SQL literal of a number, or of an interval as '1 day'
	MaxAge    time.Duration // freshness: how old the newest value may be
	Change    *Band         // row_count: how much the number of rows may change, as shares of the version before
	Statistic Statistic     // distribution
	Deviation *Deviation    // distribution
	SQL       SQL           // expression: a condition every row meets; sql: a query returning the rows that violate; reconcile: an aggregate
	ToSQL     SQL           // reconcile: the aggregate of the other side
	Allow     []string      // schema: columns that may vanish and change type
	Decl      hcl.Range
	// ArgRange is the argument an error is about: the columns, expression or query; else the header.
	ArgRange hcl.Range
	// WhereRange is the where argument.
	WhereRange hcl.Range
}

// Tolerance is how much may be wrong: up to Rows rows or, with Share, up to that
// share of them. Of reconcile, Rows is a difference and Share one of the other side.
// The zero Tolerance is none.
type Tolerance struct {
	Rows  float64
	Share float64 // 0.01 is one in a hundred
}

// Band is a range of relative changes: -0.1 is a tenth less. nil: no bound.
type Band struct{ Min, Max *float64 }

// Statistic is what a distribution check compares with earlier versions: "mean",
// "null_rate", "distinct_count", or a quantile as "q50".
type Statistic string

// Deviation says how far a statistic may be from what it was in earlier versions.
type Deviation struct {
	// Last is how many versions are looked back at; with fewer the check is silent.
	Last int
	// ZScore is how many standard deviations, Band which share of their mean, it may
	// differ from the mean of these versions; 0: not asked.
	ZScore, Band float64
}

// ID is the check's identity within its asset: its name, or else its kind and columns.
func (c Check) ID() string {
	switch {
	case c.Label != "":
		return c.Label
	case c.Kind == Distribution:
		return string(c.Kind) + "(" + strings.Join(c.Columns, ", ") + ": " + string(c.Statistic) + ")"
	case len(c.Columns) > 0:
		return string(c.Kind) + "(" + strings.Join(c.Columns, ", ") + ")"
	}
	return string(c.Kind)
}

// Quarantining are those of checks that put rows aside.
func Quarantining(checks []Check) []Check {
	var out []Check
	for _, c := range checks {
		if c.Quarantine {
			out = append(out, c)
		}
	}
	return out
}

// Kept is how many violating rows are kept.
func (c Check) Kept() int {
	if c.Limit == nil {
		return DefaultLimit
	}
	return int(*c.Limit)
}

// JudgesRows reports whether the check's violations are rows, each judged by itself.
func (c Check) JudgesRows() bool {
	return slices.Contains(RowKinds, c.Kind) && (c.Kind != NotEmpty || len(c.Columns) > 0)
}

// Key identifies what the check asserts beyond kind, columns, values, bounds and
// SQL; empty if there is nothing beyond. Two checks of equal Key, and equal in
// those, find the same in the same rows.
func (c Check) Key() string {
	share := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	parts := []string{c.Where.Text, c.Low, c.High, c.Pattern, c.Step, c.ToSQL.Text, string(c.Statistic)}
	parts = append(append(append(parts, c.OrderBy...), "|"), c.Within...)
	if c.Change != nil {
		parts = append(parts, "change", share(c.Change.Min), share(c.Change.Max))
	}
	if c.Deviation != nil {
		parts = append(parts, "expected", strconv.Itoa(c.Deviation.Last), share(&c.Deviation.ZScore), share(&c.Deviation.Band))
	}
	if c.Tolerance != (Tolerance{}) {
		parts = append(parts, "tolerance", share(&c.Tolerance.Rows), share(&c.Tolerance.Share))
	}
	if c.MaxAge > 0 {
		parts = append(parts, "age", c.MaxAge.String())
	}
	if c.Quarantine {
		parts = append(parts, "quarantine", share(&c.MaxShare))
	}
	if c.Strict {
		parts = append(parts, "strict")
	}
	if c.Limit != nil {
		parts = append(parts, "limit", strconv.FormatInt(*c.Limit, 10))
	}
	if len(c.Allow) > 0 {
		parts = append(append(parts, "allow"), c.Allow...)
	}
	text, said := "", false
	for _, part := range parts {
		text += strconv.Itoa(len(part)) + ":" + part
		said = said || part != "" && part != "|"
	}
	if !said {
		return ""
	}
	return text
}
