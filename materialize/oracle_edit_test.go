package materialize_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// edit changes one thing, as a person or a supplier would, and says what. Cosmetic
// edits change no meaning.
func (p oracleProject) edit(t *rapid.T, cosmetic bool) (_ oracleProject, what string) {
	p = p.clone()
	// The first ones have the most readers.
	i := min(rapid.IntRange(0, len(p.assets)-1).Draw(t, "asset"), rapid.IntRange(0, len(p.assets)-1).Draw(t, "or an earlier one"))
	before := len(p.sources) + i
	a := &p.assets[i]
	name := p.name(before)
	if cosmetic {
		a.style = (a.style + rapid.IntRange(1, 15).Draw(t, "style")) % 16
		return p, name + " is laid out in another way"
	}
	nodes := a.query.nodes()
	q := nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "node")]
	switch rapid.SampledFrom([]string{"choice", "choice", "choice", "choice", "choice", "insert", "insert", "remove", "swap", "leaf", "redraw", "gone", "new", "view", "source", "source", "source", "source"}).Draw(t, "edit") {
	case "choice":
		labels := p.write("").labels[i][q]
		if len(labels) == 0 {
			return p, "nothing"
		}
		label := rapid.SampledFrom(labels).Draw(t, "choice")
		q.again[label]++
		return p, fmt.Sprintf("%s chooses its %s of %s anew", name, label, q.op)
	case "insert":
		below := *q
		*q = query{op: rapid.SampledFrom(operatorsOf(1)).Draw(t, "operator"), seed: rapid.Uint64().Draw(t, "seed"), again: map[string]uint64{}, in: []*query{&below}, table: q.table}
		return p, fmt.Sprintf("%s gets a %s over %s", name, q.op, below.op)
	case "remove":
		if len(q.in) == 0 {
			return p, "nothing"
		}
		what = fmt.Sprintf("%s loses a %s", name, q.op)
		*q = *q.in[0]
		return p, what
	case "swap":
		slices.Reverse(q.in)
		return p, fmt.Sprintf("%s swaps what a %s reads", name, q.op)
	case "leaf":
		q.table = drawTable(t, len(p.sources), before)
		return p, fmt.Sprintf("%s reads %s", name, p.name(q.table))
	case "redraw":
		*a = p.drawAsset(t, before)
		return p, name + " is written anew"
	case "gone":
		a.gone = !a.gone
		return p, name + " comes or goes"
	case "new":
		p.assets = append(p.assets, p.drawAsset(t, len(p.sources)+len(p.assets)))
		return p, "a new asset"
	case "view":
		a.view = !a.view
		return p, name + " becomes a view or a table"
	}
	return p, p.editSource(t)
}

// anotherOrder ends what is said of an edit that leaves a source the rows it has.
const anotherOrder = " has its rows in another order"

func (p oracleProject) editSource(t *rapid.T) (what string) {
	i := rapid.IntRange(0, len(p.sources)-1).Draw(t, "source")
	s := &p.sources[i]
	name := p.name(i)
	switch rapid.SampledFrom([]string{"rows", "turn", "column", "column", "column", "add", "drop"}).Draw(t, "delivery") {
	case "rows":
		s.drawRows(t)
		return name + " has other rows"
	case "turn":
		slices.Reverse(s.rows)
		return name + anotherOrder
	case "column":
		at := rapid.IntRange(0, len(s.fields)-1).Draw(t, "column")
		for j := range s.rows {
			s.rows[j][at] = drawCell(t, s.fields[at].kind)
		}
		return fmt.Sprintf("%s has other values of %s", name, s.fields[at].name)
	case "add":
		f := rapid.SampledFrom([]field{{name: "c", kind: number}, {name: "t", kind: word}, {name: "d", kind: day}, {name: "m", kind: decimal}}).Draw(t, "new")
		if slices.ContainsFunc(s.fields, func(g field) bool { return g.name == f.name }) {
			return "nothing"
		}
		at := rapid.IntRange(0, len(s.fields)).Draw(t, "place")
		s.fields = slices.Insert(s.fields, at, f)
		for j := range s.rows {
			s.rows[j] = slices.Insert(s.rows[j], at, drawCell(t, f.kind))
		}
		return fmt.Sprintf("%s gets a column %s at place %d", name, f.name, at)
	}
	if len(s.fields) < 3 {
		return "nothing"
	}
	at := rapid.IntRange(0, len(s.fields)-1).Draw(t, "place")
	what = fmt.Sprintf("%s loses its column %s", name, s.fields[at].name)
	s.fields = slices.Delete(s.fields, at, at+1)
	for j := range s.rows {
		s.rows[j] = slices.Delete(s.rows[j], at, at+1)
	}
	return what
}
