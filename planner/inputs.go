package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// link is an input that is an asset and was read.
type link struct {
	name  assets.Name
	input *node
	// affected says that a build of the input, or what it is by now, is expected to be
	// other than what was read.
	affected bool
	// current says that the published version is what was read.
	current bool
	// settled says that another cause speaks for it.
	settled bool
	// lastGood says that its last good version is read: see model.lastGood.
	lastGood    bool
	moved, same []Reason
}

// inputCauses asks the rules about each input. Causes that are certain are returned,
// by themselves those with which the statement comes to read other columns; what
// depends on when an input is built is left to settleInputs.
func (m *model) inputCauses(n *node, redefined bool) (certain, reread []Reason) {
	for i, name := range n.graph.Inputs {
		input := n.inputs[i]
		read, wasRead := n.last.Reads[name]
		_, scanned := n.graph.Bound.Uses[name]
		if input != nil && !m.lastGood(n, input) {
			n.gaps, n.borrowed = n.gaps.with(input.gaps), n.borrowed.with(input.borrowed)
		}
		switch {
		case !wasRead:
			if !redefined && (scanned || n.graph.Unbound != "") {
				reread = append(reread, because(InputChanged, name, "it did not read %s before", name))
				n.moved = true
			}
		case input == nil:
			if len(m.unreflected(name, read.Version)) > 0 {
				certain = append(certain, because(InputChanged, name, "source %s has a new version", name))
				n.moved = true
			}
		default:
			l := m.linkTo(n, input, read)
			var found []Reason
			if !redefined {
				found = usesChanged(n, name, read)
			}
			if len(found) == 0 && input.needs() && input.redefinition.Any() && !l.lastGood {
				found = retyped(input, name, read)
			}
			reread = append(reread, found...)
			l.settled = len(found) > 0
			if !l.settled && (!input.needs() || l.lastGood) && l.affected {
				certain = append(certain, l.moved...)
			}
			n.moved = n.moved || len(l.moved) > 0 && l.affected
			n.links = append(n.links, l)
		}
	}
	return slices.Concat(reread, certain), reread
}

// linkTo finds out what an input that was read means for n: whether n reflects a
// definition that is no longer the project's, or the input was redone.
func (m *model) linkTo(n, input *node, read Read) link {
	l := link{name: input.asset.Name, input: input, lastGood: m.lastGood(n, input)}
	l.moved, l.same = inputMoved(input, l.name, read)
	entry := m.read(n, input, read)
	l.current = entry == &input.entry
	redefined := entry == nil || entry.redefinition.Touches(read.Columns)
	redone := input.redone && !l.lastGood || entry != nil && len(l.moved) > 0 && slices.Equal(entry.lag, input.lag) &&
		redefined == input.redefinition.Touches(read.Columns) && (!redefined || entry.by == input.by)
	n.redone = n.redone || redone
	n.atOnce = n.atOnce || redefined || redone
	l.affected = redefined || redone || len(input.gaps) > 0 && !l.lastGood || entry != nil && len(entry.lag) > 0
	return l
}

// settleInputs says what the inputs, which are settled, are to n: those that this plan
// builds become conditions of n, and versions known to make no difference notes.
func (m *model) settleInputs(n *node) {
	for _, l := range n.links {
		switch {
		case l.settled:
		case l.input.builds() && l.affected:
			n.conditional = append(n.conditional, remade(l.input, l.name))
			n.conditionalOn = append(n.conditionalOn, l.name)
		case l.input.builds():
			n.unlessChanged = append(n.unlessChanged, l.name)
			n.notes = append(n.notes, l.same...)
			if l.current && l.input.redefinition.Any() {
				n.predictions = append(n.predictions, unaffected(l.input, l.name))
			}
		default:
			if len(l.input.unlessChanged) > 0 && !l.input.needs() {
				n.unlessChanged = append(n.unlessChanged, l.name)
			}
			n.notes = append(n.notes, l.same...)
			switch {
			case !l.input.needs() || !l.affected || l.lastGood:
			case len(l.moved) > 0:
				n.pending = append(n.pending, l.moved...)
			default:
				n.pending = append(n.pending, because(InputBehind, l.name, "%s is behind", l.name))
			}
		}
	}
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

func because(code Code, input assets.Name, format string, args ...any) Reason {
	return Reason{Code: code, Message: fmt.Sprintf(format, args...), Input: &input}
}
