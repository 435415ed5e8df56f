package materialize_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// oracleProject is a random project: sources, and assets that read what is before
// them.
type oracleProject struct {
	sources []oracleSource
	assets  []oracleAsset
}

type oracleSource struct {
	fields []field
	rows   [][]string
}

type oracleAsset struct {
	query *query
	view  bool // if it reads no source
	style int
	gone  bool
}

func (p oracleProject) clone() oracleProject {
	p.sources, p.assets = slices.Clone(p.sources), slices.Clone(p.assets)
	for i, s := range p.sources {
		p.sources[i].fields = slices.Clone(s.fields)
		p.sources[i].rows = slices.Clone(s.rows)
		for j, row := range s.rows {
			p.sources[i].rows[j] = slices.Clone(row)
		}
	}
	for i, a := range p.assets {
		p.assets[i].query = a.query.clone()
	}
	return p
}

func (p oracleProject) name(i int) string {
	if i < len(p.sources) {
		return fmt.Sprintf("raw.s%d", i)
	}
	return fmt.Sprintf("main.t%d", i-len(p.sources))
}

// written is a project as text.
type written struct {
	files map[string]string
	// data are the statements that yield the rows of files of sources.
	data map[string]string
	// sql makes the same in a bare DuckDB, statement by statement.
	sql []string
	// published are the assets that are there, in order; labels the choices made in each.
	published []string
	labels    []map[*query][]string
}

// write writes the project out, to be put into dir. What reads an asset that is gone is gone, too.
func (p oracleProject) write(dir string) written {
	out := written{files: map[string]string{}, data: map[string]string{}, sql: []string{"CREATE SCHEMA raw"}, labels: make([]map[*query][]string, len(p.assets))}
	var relations []relation
	hcl := ""
	for i, s := range p.sources {
		file := fmt.Sprintf("s%d.parquet", i)
		out.data[file] = s.query()
		hcl += fmt.Sprintf("source %q {\n  files = %q\n}\n", p.name(i), file)
		out.sql = append(out.sql, fmt.Sprintf("CREATE VIEW %s AS FROM '%s/%s'", p.name(i), dir, file))
		relations = append(relations, relation{fields: s.fields, rows: 6})
	}
	gone := make([]bool, len(p.sources)+len(p.assets))
	for i, a := range p.assets {
		self, fromSource := len(p.sources)+i, false
		gone[self] = a.gone
		w := &writer{style: a.style, labels: map[*query][]string{}, tables: func(i int) (string, []field, int) {
			gone[self] = gone[self] || gone[i]
			fromSource = fromSource || i < len(p.sources)
			return p.name(i), relations[i].fields, relations[i].rows
		}}
		r := w.statement(a.query)
		relations = append(relations, r)
		out.labels[i] = w.labels
		if gone[self] {
			continue
		}
		kind, create := "", "TABLE"
		if a.view && !fromSource {
			kind, create = "\n  materialize \"view\" {}", "VIEW"
		}
		out.files[fmt.Sprintf("t%d.sql", i)] = r.sql
		hcl += fmt.Sprintf("asset \"t%d\" {\n  sql = file(\"t%d.sql\")%s\n}\n", i, i, kind)
		out.sql = append(out.sql, "CREATE "+create+" "+p.name(self)+" AS "+r.sql)
		out.published = append(out.published, p.name(self))
	}
	out.files["p.hcl"] = hcl
	return out
}

// query yields the rows.
func (s oracleSource) query() string {
	var names, columns, rows []string
	for _, f := range s.fields {
		names = append(names, f.name)
		columns = append(columns, fmt.Sprintf("%s::%s AS %[1]s", f.name, f.kind))
	}
	for _, row := range s.rows {
		var cells []string
		for _, v := range row {
			if v = "'" + v + "'"; v == "''" {
				v = "NULL"
			}
			cells = append(cells, v)
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	return fmt.Sprintf("SELECT %s FROM (VALUES %s) AS v(%s)", strings.Join(columns, ", "), strings.Join(rows, ", "), strings.Join(names, ", "))
}

func drawCell(t *rapid.T, k kind) string {
	n := rapid.IntRange(0, 5).Draw(t, "cell")
	switch {
	case n == 5:
		return "" // NULL
	case k == number:
		return fmt.Sprint(n)
	case k == word:
		return string(rune('p'+n%4)) + strings.Repeat("q", n/3)
	case k == day:
		return fmt.Sprintf("2024-01-0%d", n+1)
	}
	return fmt.Sprintf("%d.%d0", n, n%2)
}

func (s *oracleSource) drawRows(t *rapid.T) {
	s.rows = nil
	for range rapid.IntRange(1, 6).Draw(t, "rows") {
		var row []string
		for _, f := range s.fields {
			row = append(row, drawCell(t, f.kind))
		}
		s.rows = append(s.rows, row)
	}
}

func drawSource(t *rapid.T) (s oracleSource) {
	s.fields = []field{{name: "a", kind: number}, {name: "b", kind: number}, {name: "s", kind: word}}
	if rapid.Bool().Draw(t, "wide") {
		s.fields = append(s.fields, field{name: "d", kind: day}, field{name: "m", kind: decimal})
	}
	s.drawRows(t)
	return s
}

// drawQuery draws a query over tables below n, of at most so many levels. Below
// first are the sources: what is there, later assets read far more often.
func drawQuery(t *rapid.T, first, n, depth int) *query {
	q := &query{seed: rapid.Uint64().Draw(t, "seed"), again: map[string]uint64{}, table: drawTable(t, first, n)}
	inputs := 0
	if depth > 0 {
		inputs = rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, "inputs")
	}
	ops := operatorsOf(inputs)
	if inputs == 0 {
		ops = []string{"scan", "scan", "scan", "scan", "scan", "scan", "values", "range"}
	}
	q.op = rapid.SampledFrom(ops).Draw(t, "operator")
	for range inputs {
		q.in = append(q.in, drawQuery(t, first, n, depth-1))
	}
	if inputs == 2 && rapid.IntRange(0, 2).Draw(t, "twins") == 0 {
		q.in[1] = q.in[0].clone()
		q.in[1].nodes()[len(q.in[1].nodes())-1].table = q.table
	}
	return q
}

func drawTable(t *rapid.T, first, n int) int {
	if first < n && rapid.IntRange(0, 7).Draw(t, "asset rather than source") > 0 {
		return rapid.IntRange(first, n-1).Draw(t, "table")
	}
	return rapid.IntRange(0, n-1).Draw(t, "table")
}

func drawOracleAsset(t *rapid.T, first, before, depth int) oracleAsset {
	return oracleAsset{query: drawQuery(t, first, before, depth), view: rapid.IntRange(0, 5).Draw(t, "view") == 0, style: rapid.IntRange(0, 15).Draw(t, "style")}
}

func drawOracleProject(t *rapid.T) (p oracleProject) {
	for range rapid.IntRange(1, 2).Draw(t, "sources") {
		p.sources = append(p.sources, drawSource(t))
	}
	p.assets = append(p.assets, drawOracleAsset(t, len(p.sources), len(p.sources), rapid.IntRange(0, 1).Draw(t, "levels")))
	for range rapid.IntRange(2, 7).Draw(t, "assets") {
		p.assets = append(p.assets, p.drawAsset(t, len(p.sources)+len(p.assets)))
	}
	return p
}

func (p oracleProject) drawAsset(t *rapid.T, before int) oracleAsset {
	return drawOracleAsset(t, len(p.sources), before, rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(t, "levels"))
}
