package planner

import (
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// QuarantineSchema is the schema of the warehouse in which rows that were put
// aside are published, under the whole name of their asset.
const QuarantineSchema = "quarantine"

// Quarantine is the rows that a build put aside instead of failing.
type Quarantine struct {
	Table string `json:"table"` // physical, in the schema _assets; it is there even if no row is
	// View is the text of the published view as DuckDB's catalog returns it.
	View string `json:"view,omitempty"`
	Rows int64  `json:"rows"`
	// Content is the digest of the rows and of what each violates, but not of when
	// they were put aside; empty without rows.
	Content assets.Digest `json:"content,omitempty"`
}

// Count is how many rows were put aside, each once.
func (q *Quarantine) Count() int64 {
	if q == nil {
		return 0
	}
	return q.Rows
}

func (q *Quarantine) table() string {
	if q == nil {
		return ""
	}
	return q.Table
}

// QuarantineName is the name under which rows of an asset are put aside.
func QuarantineName(asset assets.Name) assets.Name {
	return assets.Name{Schema: QuarantineSchema, Table: asset.String()}
}

// QuarantineColumns are the names of the columns that stand before a row's own,
// first to last: the ids of the checks it violates (VARCHAR[]), the run that first
// put it aside (VARCHAR) and when (TIMESTAMPTZ).
type QuarantineColumns struct{ Check, Run, At string }

// QuarantineColumnsOf are those for rows of the given columns. Where one of these
// has the same name, ours gets another underscore.
func QuarantineColumnsOf(columns []assets.Column) QuarantineColumns {
	return QuarantineColumns{Unlike("_check", columns), Unlike("_run", columns), Unlike("_at", columns)}
}

// Unlike is name with as many more underscores before it as make it none of columns.
func Unlike(name string, columns []assets.Column) string {
	for slices.ContainsFunc(columns, func(c assets.Column) bool { return strings.EqualFold(c.Name, name) }) {
		name = "_" + name
	}
	return name
}

// QuarantineDigest is the digest of what decides which rows of an asset are put
// aside, and with that its content; empty if none can be.
func QuarantineDigest(a *assets.Asset) assets.Digest {
	return ChecksDigest(assets.Quarantining(a.Checks))
}

// quarantineChanged: other checks decide which rows are put aside. What is
// published cannot be divided anew: rows that were put aside are no longer in it.
func quarantineChanged(n *node) []Reason {
	was, is := n.last.Definition.Quarantine, n.declared().quarantine
	var why string
	switch {
	case was == is:
		return nil
	case was == "":
		why = "its checks now put rows aside"
	case is == "":
		why = "its checks no longer put rows aside"
	default:
		why = "the checks that put rows aside changed"
	}
	return []Reason{{Code: ChecksChanged, Message: why}}
}

// quarantineTaken: the name under which its rows would be put aside is held by an
// object that this project did not make.
func (m *model) quarantineTaken(n *node) []Reason {
	name := QuarantineName(n.asset.Name)
	found, ok := m.in.State.Found[name]
	if !ok || n.declared().quarantine == "" || !isForeign(&found, n.last != nil && n.last.Quarantine != nil) {
		return nil
	}
	return []Reason{{Code: Unmanaged, Message: "its rows would be put aside as " + quoted(name) + ", but " + foreign(found.Kind).Message}}
}

// quoted is the name as SQL takes it.
func quoted(name assets.Name) string { return name.Schema + `."` + name.Table + `"` }
