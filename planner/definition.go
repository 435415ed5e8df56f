package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// The rules about definitions: one function each, which returns the reasons it finds
// and none if it does not hold.

// missing: it was never built.
func missing() []Reason {
	return []Reason{{Code: Missing, Message: "not built yet"}}
}

// redefined: it was built by another definition.
func redefined(n *node) []Reason {
	var why []string
	if sql := sqlChanged(n); sql != "" {
		why = append(why, sql)
	}
	if settings := settingsChanged(n); settings != "" {
		why = append(why, settings)
	}
	if len(why) == 0 {
		return nil
	}
	return []Reason{{Code: DefinitionChanged, Message: strings.Join(why, "; ")}}
}

// sqlChanged compares what statements mean or, where that is not known or depends
// on the moment, their syntax trees. Neither says anything across versions of
// DuckDB, nor is there one as long as a source it reads was never seen: then the
// text decides.
func sqlChanged(n *node) string {
	was, is := n.last.Definition, n.graph.Bound.Syntax
	sameText := was.SQL == n.asset.SQL.Text
	switch {
	case sameMeaning(was.Bound, n.graph.Bound):
		return ""
	case n.graph.Unbound != "":
		if sameText || was.SQL == "" { // a sensitive text was not kept; it is compared once it binds
			return ""
		}
	case is.Scheme() == was.Bound.Syntax.Scheme():
		if is == was.Bound.Syntax {
			return ""
		}
	case sameText:
		return ""
	case was.SQL == "":
		return fmt.Sprintf("it was built by DuckDB %s, and its SQL is sensitive and was not kept to compare", was.Engine)
	}
	return "its SQL changed"
}

// outdatedView: a view is published as its text, which names columns that make no
// difference to its meaning. Once its inputs change, the text has to be the one
// that was written for them, or the view may name columns that are gone.
func (m *model) outdatedView(n *node) bool {
	if n.asset.Kind != assets.View || n.graph.Unbound != "" || n.last.Definition.Bound.Syntax == n.graph.Bound.Syntax {
		return false
	}
	return slices.ContainsFunc(n.graph.Inputs, func(name assets.Name) bool {
		input := m.nodes[name]
		return input != nil && (input.last == nil || input.last.Made.ID != n.last.Reads[name].Version || !slices.Equal(input.last.Made.Columns, input.graph.Columns))
	})
}

// settingsChanged compares what there is besides the SQL. Older schemes of the digest
// held declared types, too, which decide nothing; the materializer shows in the record.
func settingsChanged(n *node) string {
	was := assets.Table
	if n.last.Table == "" {
		was = assets.View
	}
	is := n.declared().settings
	switch settings := n.last.Definition.Settings; {
	case was != n.asset.Kind:
		return fmt.Sprintf("it was a %s and is to be a %s", was, n.asset.Kind)
	case settings.Scheme() == is.Scheme() && settings != is:
		return "its settings changed"
	}
	return ""
}

// sameMeaning reports whether two statements are known to yield the same from the
// same input. What calls a volatile function does not do so itself.
func sameMeaning(was, is lineage.Bound) bool {
	return was.Meaning != "" && was.Meaning == is.Meaning && len(was.Volatile)+len(is.Volatile) == 0
}

// reshaped: nothing else accounts for it, yet its unchanged SQL now yields other
// columns or types.
func reshaped(n *node) []Reason {
	was, is := n.last.Definition.Bound, n.graph.Bound
	same := func(a, b lineage.Output) bool { return a.Column == b.Column }
	if n.graph.Unbound != "" || len(was.Outputs) == 0 || slices.EqualFunc(was.Outputs, is.Outputs, same) {
		return nil
	}
	return []Reason{{Code: InputChanged, Message: "its columns change: " + columnsDiff(was.Columns(), is.Columns())}}
}

// reread: nothing else accounts for it, yet its unchanged SQL means something else
// with the columns that its inputs have now, as when those of a UNION are paired
// in another way.
func reread(n *node) []Reason {
	was, is := n.last.Definition.Bound, n.graph.Bound
	if was.Meaning == "" || is.Meaning == "" || was.Meaning == is.Meaning || was.Meaning.Scheme() != is.Meaning.Scheme() {
		return nil
	}
	return []Reason{{Code: DefinitionChanged, Message: "its SQL means something else with the columns that its inputs have now"}}
}

// meansOther: nothing else accounts for it, yet its unchanged SQL is another one with
// what its inputs are now.
func meansOther(n *node) []Reason {
	if columns := reshaped(n); len(columns) > 0 {
		return columns
	}
	return reread(n)
}

// checksChanged: what is published was audited by other checks, or with another
// version of a source that they look at.
func (m *model) checksChanged(n *node) []Reason {
	if n.last.Audit != n.declared().audit {
		return []Reason{{Code: ChecksChanged, Message: "its checks changed"}}
	}
	var reasons []Reason
	for _, name := range n.graph.CheckInputs {
		seen, isSource := m.in.Observed[name]
		if isSource && seen.ID != "" && seen.Err == "" && seen.ID != n.last.Looked[name] {
			reasons = append(reasons, because(ChecksChanged, name, "a check looks at source %s, which has a new version", name))
		}
	}
	return reasons
}
