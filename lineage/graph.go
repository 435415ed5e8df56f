package lineage

import "github.com/seed-4311623e/assets/assets"

// Graph says what a project's assets are made from.
type Graph struct {
	// Nodes holds every source and asset of the project.
	Nodes map[assets.Name]*Node
	// Order lists the assets, inputs before their readers; among equals by name.
	Order []assets.Name
}

// Node is one source or asset in a Graph.
type Node struct {
	Name assets.Name
	// Inputs are what an asset's SQL reads, sorted; Readers are the assets that read the node, sorted.
	Inputs, Readers []assets.Name
	// CheckInputs are what an asset's checks read besides the asset itself, sorted.
	// They order nothing: such checks run when the whole run has been built.
	CheckInputs []assets.Name
	// Columns are a source's observed columns or an asset's outputs.
	Columns []assets.Column
	// Bound is an asset's compiled statement; zero for sources.
	Bound Bound
	// Unbound says why a node has no columns: a source that was never seen, or
	// an asset that reads one. Empty otherwise.
	Unbound string
}

// Ref is a name that a statement reads, and the byte of its text where it stands first.
type Ref struct {
	Name   assets.Name
	Offset int
}
