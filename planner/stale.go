package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// The rules of staleness: one function each, which returns the reasons it finds
// and none if it does not hold. They look at a node, at its inputs, which are
// decided before it, and at what was observed; at nothing below it.

// findCauses collects why n needs a build, or a look without one.
func (m *model) findCauses(n *node) {
	if n.last == nil {
		n.certain = missing()
	} else {
		definition := append(redefined(n), quarantineChanged(n)...)
		if len(definition) == 0 && m.outdatedView(n) {
			definition = []Reason{{Code: DefinitionChanged, Message: "its SQL changed, and so did what it reads"}}
		}
		inputs := m.inputCauses(n, len(definition) > 0)
		if len(definition)+len(inputs) == 0 {
			inputs = reshaped(n)
		}
		if len(definition)+len(inputs) == 0 {
			inputs = reread(n)
		}
		n.behind = n.behind || len(definition)+len(inputs) > 0
		n.certain = slices.Concat(definition, inputs, drifted(n), m.forcedByUser(n))
	}
}

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
	is := SettingsDigest(n.asset)
	switch settings := n.last.Definition.Settings; {
	case was != n.asset.Kind:
		return fmt.Sprintf("it was a %s and is to be a %s", was, n.asset.Kind)
	case settings.Scheme() == is.Scheme() && settings != is:
		return "its settings changed"
	}
	return ""
}

// inputCauses asks the rules about each input. What is certain is returned;
// inputs that this plan builds become conditions of n, and versions known to
// make no difference become notes.
func (m *model) inputCauses(n *node, redefined bool) (certain []Reason) {
	for _, name := range n.graph.Inputs {
		input := m.nodes[name]
		read, wasRead := n.last.Reads[name]
		_, scanned := n.graph.Bound.Uses[name]
		if !wasRead {
			if !redefined && (scanned || n.graph.Unbound != "") {
				certain = append(certain, because(InputChanged, name, "it did not read %s before", name))
				n.moved = true
			}
			continue
		}
		if input == nil {
			moved := m.sourceMoved(name, read)
			certain = append(certain, moved...)
			n.moved = n.moved || len(moved) > 0
			continue
		}
		touched := input.change.Touches(read.Columns)
		// An input that waits or is blocked moves its readers all the same.
		n.behind = n.behind || input.behind && touched

		var found []Reason
		if !redefined {
			found = usesChanged(n, name, read)
		}
		switch {
		case len(found) > 0:
		case input.builds():
			if found = retyped(input, name, read); len(found) > 0 {
				break
			}
			if touched {
				n.conditional = append(n.conditional, remade(input, name))
				n.conditionalOn = append(n.conditionalOn, name)
			} else {
				n.predictions = append(n.predictions, unaffected(input, name))
				n.unlessChanged = append(n.unlessChanged, name)
			}
		default:
			if !input.needsBuild() && len(input.unlessChanged) > 0 {
				n.unlessChanged = append(n.unlessChanged, name)
			}
			moved, same := inputMoved(input, name, read)
			found = moved
			n.moved = n.moved || len(moved) > 0
			n.notes = append(n.notes, same...)
		}
		certain = append(certain, found...)
	}
	return certain
}

// sourceMoved: a source has another version than the one read. A source that
// was never seen has not moved.
func (m *model) sourceMoved(name assets.Name, read Read) []Reason {
	is := m.in.Observed[name].Version.ID
	if is == "" || is == read.Version {
		return nil
	}
	return []Reason{because(InputChanged, name, "source %s has a new version", name)}
}

// sameMeaning reports whether two statements are known to yield the same from the
// same input. What calls a volatile function does not do so itself.
func sameMeaning(was, is lineage.Bound) bool {
	return was.Meaning != "" && was.Meaning == is.Meaning && len(was.Volatile)+len(is.Volatile) == 0
}

// usesChanged: its unchanged SQL now uses other columns of an input, as with *.
// That somebody now depends on the order of its rows makes it no other.
func usesChanged(n *node, name assets.Name, read Read) []Reason {
	if n.graph.Unbound != "" {
		return nil
	}
	uses, readColumns := lineage.WithoutOrder(n.graph.Bound.Uses[name]), lineage.WithoutOrder(read.Columns)
	if slices.Equal(uses, readColumns) || ColumnKey(uses) == ColumnKey(readColumns) {
		return nil
	}
	more, less := missingFrom(readColumns, uses), missingFrom(uses, readColumns)
	if len(more) == 0 && sameMeaning(n.last.Definition.Bound, n.graph.Bound) {
		return nil // more is known of what it does not use
	}
	var why []string
	if len(more) > 0 {
		why = append(why, "now also uses "+strings.Join(more, ", "))
	}
	if len(less) > 0 {
		why = append(why, "no longer uses "+strings.Join(less, ", "))
	}
	r := because(InputChanged, name, "%s of %s", strings.Join(why, " and "), name)
	r.Columns = slices.Sorted(slices.Values(slices.Concat(more, less)))
	return []Reason{r}
}

// retyped: the build of an input gives a column that was read another type.
func retyped(input *node, name assets.Name, read Read) []Reason {
	if input.last == nil || input.graph.Unbound != "" {
		return nil
	}
	var changes, columns []string
	for _, column := range read.Columns {
		was, is := typeOf(input.last.Definition.Bound.Columns(), column), typeOf(input.graph.Columns, column)
		if was != "" && is != "" && was != is {
			changes = append(changes, fmt.Sprintf("%s from %s to %s", column, was, is))
			columns = append(columns, column)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	r := because(InputChanged, name, "%s changes %s", name, strings.Join(changes, ", "))
	r.Columns = columns
	return []Reason{r}
}

// unaffected: this plan builds an input, and nothing that is read of it changes by
// that, as far as the definitions tell. What was read will prove it.
func unaffected(input *node, name assets.Name) Reason {
	columns := input.change.Names()
	if len(columns) == 0 {
		return because(Unaffected, name, "not rebuilt: nothing that it reads of %s changes", name)
	}
	shown := columns
	if len(shown) > 5 {
		shown = append(slices.Clone(columns[:4]), fmt.Sprintf("and %d more", len(columns)-4))
	}
	r := because(Unaffected, name, "not rebuilt: reads none of the changed columns (%s) of %s", strings.Join(shown, ", "), name)
	r.Columns = columns
	return r
}

// remade: this plan builds an input; whether that changes what is read of it
// turns out then.
func remade(input *node, name assets.Name) Reason {
	if input.action == Create {
		return because(InputChanged, name, "%s is built", name)
	}
	return because(InputChanged, name, "%s is rebuilt", name)
}

// inputMoved: an input has another version than the one read. It makes no
// difference if the projection that was read is known to be equal.
func inputMoved(input *node, name assets.Name, read Read) (moved, same []Reason) {
	if input.last == nil || input.last.Made.ID == read.Version {
		return nil, nil
	}
	is := input.last.Digests[ColumnKey(read.Columns)]
	switch {
	case is == "" || is.Scheme() != read.Projection.Scheme():
		return []Reason{because(InputChanged, name, "%s has a new version", name)}, nil
	case is == read.Projection:
		return nil, []Reason{because(Unaffected, name, "what it reads of %s did not change", name)}
	}
	r := because(InputChanged, name, "what it reads of %s changed", name)
	r.Columns = lineage.WithoutOrder(read.Columns)
	return []Reason{r}, nil
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

// drifted: what is published is not as it was left. A view has no table of its own.
func drifted(n *node) []Reason {
	found, last := n.found, n.last
	if found == nil {
		found = &Found{}
	}
	table, view := last.Table != "", "its view"
	if table {
		view = "the view it is published as"
	}
	var why string
	switch {
	case found.Kind == "" && table && found.Table == "":
		why = "its table and " + view + " were dropped"
	case found.Kind == "":
		why = view + " was dropped"
	case found.Kind != "view":
		why = fmt.Sprintf("%s was replaced by a %s", view, found.Kind)
	case table && found.Table == "":
		why = "its table was dropped"
	case found.View != last.View:
		why = view + " was replaced"
	case table && !slices.Equal(found.Columns, last.Made.Columns):
		why = "the columns of its table changed: " + columnsDiff(last.Made.Columns, found.Columns)
	case table && found.Rows != last.Rows:
		why = fmt.Sprintf("the row count of its table changed: %d → %d", last.Rows, found.Rows)
	default:
		return nil
	}
	return []Reason{{Code: Drifted, Message: why}}
}

// forcedByUser: it is asked for by name.
func (m *model) forcedByUser(n *node) []Reason {
	if !m.forced[n.asset.Name] {
		return nil
	}
	return []Reason{{Code: Forced, Message: "asked for by -replace"}}
}

// previousFailure: what it needs was tried and failed. It is no cause by itself
// and joins the causes there are.
func (m *model) previousFailure(n *node) []Reason {
	failed, ok := m.in.State.Failed[Key{Asset: n.asset.Name}]
	if !ok || m.anotherAttempt(n, failed) {
		return nil
	}
	r := Reason{Code: PreviousFailure, Message: "the last attempt failed"}
	if failed.Err != "" {
		first, _, _ := strings.Cut(failed.Err, "\n")
		r.Message += ": " + first
	}
	return []Reason{r}
}

// anotherAttempt reports whether what is to be built now is not what failed then:
// another delivery of a source, or another definition.
func (m *model) anotherAttempt(n *node, failed Materialization) bool {
	for name, read := range failed.Reads {
		if is := m.in.Observed[name].Version.ID; is != "" && is != read.Version {
			return true
		}
	}
	was, is := failed.Definition.Bound, n.graph.Bound
	return was.Syntax != "" && is.Syntax != "" && was.Syntax != is.Syntax && was.Syntax.Scheme() == is.Syntax.Scheme() && !sameMeaning(was, is)
}

// checksChanged: what is published was audited by other checks, or with another
// version of a source that they look at.
func (m *model) checksChanged(n *node) []Reason {
	if n.last.Audit != AuditDigest(n.asset) {
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

func because(code Code, input assets.Name, format string, args ...any) Reason {
	return Reason{Code: code, Message: fmt.Sprintf(format, args...), Input: &input}
}
