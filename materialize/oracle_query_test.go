package materialize_test

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
)

// A query of the oracle is a tree of operators. What an operator does in detail
// (which columns, which constant, which kind of join) is not stored but chosen
// while it is written as SQL, by a hash of its seed, of what is chosen and of each
// option: the option with the least hash wins. So any tree is a query that binds,
// whatever its inputs yield; a choice stays when other options come and go; and to
// edit a query is to make one of its choices anew.
type query struct {
	op    string
	seed  uint64
	again map[string]uint64 // choices that edits made anew, and how often
	in    []*query
	table int // what a leaf reads, and the subqueries of other operators
}

func (q *query) clone() *query {
	c := *q
	c.again = map[string]uint64{}
	for label, n := range q.again {
		c.again[label] = n
	}
	c.in = make([]*query, len(q.in))
	for i, in := range q.in {
		c.in[i] = in.clone()
	}
	return &c
}

// nodes are q and all below it.
func (q *query) nodes() []*query {
	all := []*query{q}
	for _, in := range q.in {
		all = append(all, in.nodes()...)
	}
	return all
}

// kind is the type of a column. Names of columns are drawn from a pool for each
// kind, so that columns of one name fit each other.
type kind string

const (
	number  kind = "INTEGER"
	word    kind = "VARCHAR"
	day     kind = "DATE"
	decimal kind = "DECIMAL(18,2)"
	list    kind = "INTEGER[]"
	pair    kind = "STRUCT(x INTEGER, y VARCHAR)"
)

var pool = map[kind][]string{
	number: {"a", "b", "c"}, word: {"s", "t"}, day: {"d", "e"}, decimal: {"m", "n"}, list: {"l", "k"}, pair: {"r", "w"},
}

// field is a column of a relation; ref is how expressions refer to it, side tells
// those of the second of two relations from those of the first.
type field struct {
	name string
	kind kind
	ref  string
	side string
}

// relation is a SELECT and what it yields.
type relation struct {
	sql    string
	fields []field
	rows   int // at most about so many
}

// writer writes one query.
type writer struct {
	tables func(i int) (name string, fields []field, rows int)
	style  int // how it is laid out: no style changes what it means
	n      int
	// labels are the choices that were made, by operator.
	labels map[*query][]string
}

// alias is a new name for a relation.
func (w *writer) alias() string {
	w.n++
	return fmt.Sprintf("%s%d", []string{"q", "other", "x_"}[w.style%3], w.n)
}

// from is a relation as it stands in FROM, and its columns under an alias.
func (w *writer) from(r relation) (string, []field) {
	alias := w.alias()
	return "(" + r.sql + ") AS " + alias, under(alias, r.fields)
}

func under(alias string, fields []field) []field { return beside("", alias, fields) }

func beside(side, alias string, fields []field) []field {
	out := slices.Clone(fields)
	for i := range out {
		out[i].ref, out[i].side = alias+"."+out[i].name, side
	}
	return out
}

// choice is an operator whose choices are being made.
type choice struct {
	*writer
	*query
}

// aliased are the aliases in an option: how they are called decides nothing.
var aliased = regexp.MustCompile(`\b(q|other|x_)\d+\b`)

// pick chooses an option.
func pick[T any](c choice, label string, options ...T) T {
	c.labels[c.query] = append(c.labels[c.query], label)
	best, least := 0, ^uint64(0)
	for i, o := range options {
		h := fnv.New64a()
		fmt.Fprint(h, c.seed, label, c.again[label], aliased.ReplaceAllString(fmt.Sprint(o), ""))
		sum := h.Sum64()
		sum = (sum ^ sum>>32) * 0x9e3779b97f4a7c15
		if sum ^= sum >> 29; sum < least {
			best, least = i, sum
		}
	}
	return options[best]
}

// upTo chooses a number from 0 to n.
func (c choice) upTo(label string, n int) int {
	options := make([]int, n+1)
	for i := range options {
		options[i] = i
	}
	return pick(c, label, options...)
}

// chance is true in one of n cases.
func (c choice) chance(label string, n int) bool { return c.upTo(label, n-1) == 0 }

// some chooses about one of n fields, at least least and at most most.
func (c choice) some(label string, fields []field, least, most int) (out []field) {
	for len(out) < least+c.upTo(label, most-least) && len(fields) > 0 {
		f := pick(c, fmt.Sprint(label, len(out)), fields...)
		out = append(out, f)
		fields = slices.DeleteFunc(slices.Clone(fields), func(g field) bool { return g.ref == f.ref && g.name == f.name })
	}
	return out
}

func ofKind(fields []field, kinds ...kind) []field {
	return slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return !slices.Contains(kinds, f.kind) })
}

func refs(fields []field) string {
	var out []string
	for _, f := range fields {
		out = append(out, f.ref)
	}
	return strings.Join(out, ", ")
}

// item is an expression that becomes a column.
type item struct {
	sql  string
	kind kind
	name string // preferred
}

// columns names items: by the name they prefer if it is free, or by one of the pool.
func (c choice) columns(items []item) (sql string, fields []field) {
	var list []string
	for i, it := range items {
		name := it.name
		if name == "" {
			name = pick(c, fmt.Sprint("name", i), pool[it.kind]...)
		}
		for n := 0; slices.ContainsFunc(fields, func(f field) bool { return f.name == name }); n++ {
			name = pool[it.kind][n%len(pool[it.kind])]
			if n >= len(pool[it.kind]) {
				name += fmt.Sprint(n)
			}
		}
		fields = append(fields, field{name: name, kind: it.kind})
		list = append(list, it.sql+" AS "+name)
	}
	return strings.Join(list, ", "), fields
}

// write is the query as SQL.
func (w *writer) write(q *query) relation {
	c := choice{w, q}
	var in []relation
	for _, below := range q.in {
		in = append(in, w.write(below))
	}
	return operators[q.op].write(c, in)
}

// statement is the whole query in its style.
func (w *writer) statement(q *query) relation {
	r := w.write(q)
	if r.rows > 300 {
		from, _ := w.from(r)
		r.sql, r.rows = fmt.Sprintf("SELECT * FROM %s ORDER BY ALL LIMIT 40", from), 40
	}
	if w.style&4 != 0 {
		r.sql = "SELECT * FROM (" + r.sql + ")"
	}
	if w.style&8 != 0 {
		r.sql = "-- a comment\n" + strings.ReplaceAll(r.sql, " FROM ", "\n\tFROM /* here */ ") + "\n;"
	}
	return r
}
