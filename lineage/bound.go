package lineage

import "github.com/seed-4311623e/assets/assets"

// Bound is what DuckDB's binder knows of one statement.
type Bound struct {
	// Outputs are the columns the statement yields, in order.
	Outputs []assets.Column `json:"outputs"`
	// Uses lists, for each input, every column whose values can influence the
	// result, sorted. An input whose rows are only counted has an empty list.
	// Soundness of cut-off rests on these sets being complete.
	Uses map[assets.Name][]string `json:"uses,omitempty"`
	// Syntax is the digest of the statement's syntax tree: comments, layout and
	// keyword case do not change it. Its scheme names the engine's version.
	Syntax assets.Digest `json:"syntax"`
	// Volatile lists functions whose value depends on the moment or on chance.
	Volatile []string `json:"volatile,omitempty"`
	// Assumed says that DuckDB could not show its plan, so that every column of
	// every input is taken as used.
	Assumed bool `json:"assumed,omitempty"`
}
