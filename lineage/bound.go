package lineage

import (
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// Bound is what DuckDB's binder knows of one statement.
type Bound struct {
	// Outputs are the columns the statement yields, in order.
	Outputs []Output `json:"outputs"`
	// RowsFrom are the input columns that only decide which rows there are: those
	// of filters, join conditions, grouping and distinct keys, and of sorting under
	// a limit. Sorted by input, then column.
	RowsFrom []Origin `json:"-"`
	// OrderFrom are input columns, [RowOrder] among them, that decide in which order
	// the rows lie and nothing else. It matters only to readers that depend on an order.
	OrderFrom []Origin `json:"-"`
	// Uses lists, for each input that is scanned, every column whose values can
	// influence the result, sorted; [RowOrder] stands for the order of its rows. An
	// input whose rows are only counted has an empty list, one that only an unused
	// common table expression names has none. Soundness of cut-off rests on these
	// sets being complete.
	Uses map[assets.Name][]string `json:"uses,omitempty"`
	// Syntax is the digest of the statement's syntax tree: comments, layout and
	// keyword case do not change it. Its scheme names the engine's version.
	Syntax assets.Digest `json:"syntax"`
	// Meaning is the digest of the bound plan: names and types of the outputs, how
	// each is computed and from which rows. Names within the statement, the order of
	// common table expressions and what is not used do not change it. Empty if the
	// plan could not be read. Its scheme names the engine's version.
	Meaning assets.Digest `json:"meaning,omitempty"`
	// Rows is the fingerprint of the set of rows, Order of the order they lie in.
	Rows  Print `json:"rows,omitempty"`
	Order Print `json:"order,omitempty"`
	// Volatile lists functions whose value depends on the moment or on chance.
	Volatile []string `json:"volatile,omitempty"`
	// Assumed says that DuckDB could not show its plan, so that every column of
	// every input is taken as used, by every output.
	Assumed bool `json:"assumed,omitempty"`
	// Because says, in DuckDB's words or Walk's, why that is, or which operator of a
	// plan Walk has no rule for, so that all depends on all that is below it.
	Because string `json:"-"`
}

// RowOrder is the column that stands for the order in which the rows of an input
// lie. What reads it would come out different if the same rows lay in another
// order, as a LIMIT without ORDER BY. No column of DuckDB can have this name.
const RowOrder = ""

// Output is one column of a statement's result.
type Output struct {
	assets.Column
	// From are the input columns its values are computed from, sorted by input, then
	// column: conditions of CASE, keys of windows and arguments of functions included.
	From []Origin `json:"-"`
	// Ties are input columns that have a say in its values only in that they decide
	// in which order rows lie, where a window or an aggregate depends on that.
	Ties []Origin `json:"-"`
	// Constant says that its value is the same in each row, and not counted.
	Constant bool `json:"-"`
	// Print is the fingerprint of how it is computed: given equal inputs, two
	// statements of equal [Bound.Rows] have equal values in columns of equal Print.
	Print Print `json:"print,omitempty"`
}

// Print is a fingerprint of 64 bits, in hex: good to predict that nothing
// changes, never the proof of it. An empty one equals nothing.
type Print string

// Origin is an input column, and on which ways it comes in.
type Origin struct {
	Input  assets.Name
	Column string
	Via    Via
}

// Columns are the names and types of the outputs.
func (b Bound) Columns() []assets.Column {
	if b.Outputs == nil {
		return nil
	}
	columns := make([]assets.Column, len(b.Outputs))
	for i, o := range b.Outputs {
		columns[i] = o.Column
	}
	return columns
}

// Record is what of b is kept when it was carried out: where columns come from is
// a question about a project, not about a version of it.
func (b Bound) Record() Bound {
	outputs := make([]Output, len(b.Outputs))
	for i, o := range b.Outputs {
		o.From, o.Ties, o.Constant = nil, nil, false
		outputs[i] = o
	}
	b.Outputs, b.RowsFrom, b.OrderFrom, b.Because = outputs, nil, nil, ""
	return b
}

// OutputsOf are outputs of which nothing but names and types is known.
func OutputsOf(columns []assets.Column) []Output {
	outputs := make([]Output, len(columns))
	for i, c := range columns {
		outputs[i].Column = c
	}
	return outputs
}

// Output is the output of that name, in any case, or nil.
func (b Bound) Output(name string) *Output {
	for i := range b.Outputs {
		if strings.EqualFold(b.Outputs[i].Name, name) {
			return &b.Outputs[i]
		}
	}
	return nil
}

// Via is the set of ways on which a value comes in, as OpenLineage's
// columnLineage facet divides them: directly, into the value itself, or
// indirectly, as something that decides about it.
// Source: OpenLineage 2-0-2, ColumnLineageDatasetFacet 1-2-0.
type Via uint16

// The ways, weakest first: [Via.String] names the first that holds.
const (
	Identity       Via = 1 << iota // the value as it is
	Transformation                 // a function of it
	Aggregation                    // an aggregate over it
	Conditional                    // it chooses between values, as in CASE WHEN
	Window                         // a window's partitions or order
	Join                           // a join's condition
	GroupBy                        // a key of grouping or distinct
	Filter                         // a filter
	Sort                           // a sort's key, where it decides more than the order
)

// Direct are the ways that bring in the value itself.
const Direct = Identity | Transformation | Aggregation

var viaNames = []string{"IDENTITY", "TRANSFORMATION", "AGGREGATION", "CONDITIONAL", "WINDOW", "JOIN", "GROUP_BY", "FILTER", "SORT"}

// Subtypes are OpenLineage's words for the ways in v, direct ones first.
func (v Via) Subtypes() []string {
	var out []string
	for i, name := range viaNames {
		if v&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// String is the word for the most direct way in v.
func (v Via) String() string {
	for i, name := range viaNames {
		if v&(1<<i) != 0 {
			return name
		}
	}
	return ""
}

// through is what becomes of v on a further way.
func (v Via) through(way Via) Via {
	switch way {
	case Identity:
		return v
	case Transformation:
		if v&Identity != 0 {
			v = v&^Identity | Transformation
		}
		return v
	case Aggregation:
		if v&Direct != 0 {
			v = v&^Direct | Aggregation
		}
		return v
	}
	return way
}
