package planner

import (
	"fmt"
	"slices"

	"github.com/seed-4311623e/assets/assets"
)

// ContractColumn is what a version was published with as its owner's promise about
// one of its columns.
type ContractColumn struct {
	Name string `json:"name"`
	// Type is DuckDB's spelling of the declared type; empty if none was declared.
	Type string `json:"type,omitempty"`
	// Nullable is false if it was promised that no value is NULL.
	Nullable bool `json:"nullable"`
}

// ContractOf is what an asset with these columns promises, for [Definition.Contract].
func ContractOf(a *assets.Asset, columns []assets.Column) []ContractColumn {
	var contract []ContractColumn
	for _, column := range columns {
		declared := a.DeclaredColumn(column.Name)
		if declared == nil {
			continue
		}
		promise := ContractColumn{Name: column.Name, Nullable: !neverNull(declared)}
		if declared.Type != "" {
			promise.Type = column.Type // the same in DuckDB's words, or the project does not compile
		}
		contract = append(contract, promise)
	}
	return contract
}

// neverNull reports whether a column block, if there is one, promises no NULL.
func neverNull(c *assets.DeclaredColumn) bool { return c != nil && c.Nullable != nil && !*c.Nullable }

// contractChanged: it promises something else than what is published was published
// with. That is recorded, so that the next change is compared with it.
func contractChanged(n *node) []Reason {
	was := n.last.Definition
	if n.graph.Unbound != "" || !was.knowsContract() || slices.Equal(was.Contract, ContractOf(n.asset, n.graph.Columns)) {
		return nil
	}
	return []Reason{{Code: ContractChanged, Message: "its contract changed"}}
}

// Breaking names how a change of a contract can break who relied on it.
type Breaking string

const (
	Gone     Breaking = "gone"     // the column is not there
	Retyped  Breaking = "retyped"  // it has another type
	Nullable Breaking = "nullable" // it may hold NULL
)

// ContractChange is a promise about a column that is not kept any more, although
// published assets of other owners rely on it.
type ContractChange struct {
	Asset  assets.Name `json:"asset"`
	Column string      `json:"column"`
	Kind   Breaking    `json:"kind"`
	// Was and Is are the types of a retyped column.
	Was string `json:"was,omitempty"`
	Is  string `json:"is,omitempty"`
	// Readers use the column, directly or through what is computed from it; inputs first.
	Readers []ContractReader `json:"readers"`
}

// ContractReader is an asset that relies on another owner's promise.
type ContractReader struct {
	Asset assets.Name `json:"asset"`
	Owner string      `json:"owner"`
}

// String says what changes: "mart.orders no longer has amount".
func (c ContractChange) String() string {
	switch c.Kind {
	case Gone:
		return fmt.Sprintf("%s no longer has %s", c.Asset, c.Column)
	case Retyped:
		return fmt.Sprintf("%s changes %s from %s to %s", c.Asset, c.Column, c.Was, c.Is)
	}
	return fmt.Sprintf("%s may now have NULL in %s", c.Asset, c.Column)
}

// BrokenContracts compares the contracts that were published with those of the
// project, and lists what is broken for others. The project need not compile:
// a reader that does not any more may well be what was broken.
func BrokenContracts(in Input) []ContractChange {
	return brokenContracts(in, func(assets.Name) bool { return true })
}

// brokenContracts are those of the assets that are asked about.
func brokenContracts(in Input, asked func(assets.Name) bool) []ContractChange {
	var broken []ContractChange
	for _, name := range in.Graph.Order {
		if !asked(name) {
			continue
		}
		for _, change := range contractChanges(in, name) {
			if change.Readers = relying(in, change); len(change.Readers) > 0 {
				broken = append(broken, change)
			}
		}
	}
	return broken
}

// contractChanges are the promises that an asset breaks, whoever relied on them.
func contractChanges(in Input, name assets.Name) []ContractChange {
	a, node := in.Project.Assets[name], in.Graph.Nodes[name]
	last, published := in.State.Last[Key{Asset: name}]
	if !published || !a.Enabled || node.Unbound != "" {
		return nil
	}
	var changes []ContractChange
	for _, was := range last.Definition.Contract {
		is := typeOf(node.Columns, was.Name)
		if is == "" {
			changes = append(changes, ContractChange{Asset: name, Column: was.Name, Kind: Gone})
			continue
		}
		if was.Type != "" && was.Type != is {
			changes = append(changes, ContractChange{Asset: name, Column: was.Name, Kind: Retyped, Was: was.Type, Is: is})
		}
		if !was.Nullable && !neverNull(a.DeclaredColumn(was.Name)) {
			changes = append(changes, ContractChange{Asset: name, Column: was.Name, Kind: Nullable})
		}
	}
	return changes
}
