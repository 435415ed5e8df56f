package compile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// layered is a project of n sources and assets as warehouses have them: 10 %
// sources, then staging, eight layers in between, and marts; eight columns, one
// to three inputs, common table expressions, windows, joins and unions.
func layered(n int) *project {
	rng := rand.New(rand.NewPCG(1, 2))
	p := newProject(nil, nil)
	var pool []string
	for i := range max(1, n/10) {
		name := fmt.Sprintf("raw.s%d", i)
		p.source(name, "id INTEGER, k1 INTEGER, k2 INTEGER, v1 DOUBLE, v2 DOUBLE, name VARCHAR, day DATE, flag BOOLEAN")
		pool = append(pool, name)
	}
	depth := map[string]int{}
	for i := len(pool); i < n; i++ {
		pick := func() string { return pool[max(0, len(pool)-1-rng.IntN(max(1, len(pool)/2)))] }
		a, b, c := pick(), pick(), pick()
		for depth[a] >= 9 || depth[b] >= 9 || depth[c] >= 9 {
			a, b, c = pool[rng.IntN(len(pool))], pool[rng.IntN(len(pool))], pool[rng.IntN(len(pool))]
		}
		name := fmt.Sprintf("mart.a%d", i)
		var sql string
		used := []string{a}
		switch i % 5 {
		case 0:
			sql = fmt.Sprintf(`select id, k1, k2, v1, v2 * 1.1 as v2, upper(name) as name, day, flag
from %s where id is not null and v1 >= 0`, a)
		case 1:
			sql = fmt.Sprintf(`with base as (select * from %s), ranked as (
  select *, row_number() over (partition by k1 order by day desc, id) as rn from base
)
select id, k1, k2, v1, v2, name, day, flag from ranked where rn <= 10 qualify lag(v1) over (order by id) is distinct from v1`, a)
		case 2:
			used = append(used, b)
			sql = fmt.Sprintf(`with l as (select id, k1, k2, v1, name, day, flag from %s),
r as (select k1, sum(v1) as v, max(v2) as v2 from %s group by k1)
select l.id, l.k1, l.k2, l.v1 + coalesce(r.v, 0) as v1, r.v2, l.name, l.day, l.flag and r.v > 0 as flag
from l left join r using (k1)`, a, b)
		case 3:
			used = append(used, b, c)
			sql = fmt.Sprintf(`select id, k1, k2, v1, v2, name, day, flag from %s
union all by name select id, k1, k2, v1, v2, name, day, flag from %s where id in (select id from %s where flag)`, a, b, c)
		case 4:
			used = append(used, b)
			sql = fmt.Sprintf(`select min(x.id) as id, x.k1, x.k2, sum(x.v1) as v1, avg(y.v2) as v2,
  string_agg(x.name, ',' order by x.name) as name, max(x.day) as day, bool_or(x.flag) as flag
from %s x join %s y on x.id = y.id and x.day <= y.day
where case when x.flag then x.v1 > 0 else y.v1 > 0 end group by x.k1, x.k2 having count(*) > 1`, a, b)
		}
		for _, input := range used {
			depth[name] = max(depth[name], depth[input]+1)
		}
		asset := p.asset(name, sql)
		asset.Checks = []assets.Check{{Kind: assets.Unique, Columns: []string{"id"}}, {Kind: assets.NotNull, Columns: []string{"id"}}}
		pool = append(pool, name)
	}
	return p
}

func BenchmarkCold(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		p := layered(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				p.mustCompile(b, "")
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(n), "ms/asset")
		})
	}
}

func BenchmarkUnchanged(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		p, dir := layered(n), b.TempDir()
		p.mustCompile(b, dir)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, c := p.mustCompile(b, dir); c.opened > 0 {
					b.Fatal("DuckDB was started")
				}
			}
		})
	}
}

func BenchmarkOneEdited(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		p, dir := layered(n), b.TempDir()
		p.mustCompile(b, dir)
		first := p.Assets[assets.MustName(fmt.Sprintf("mart.a%d", n/10))]
		text := first.SQL.Text
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				first.SQL = sqlIn("edited.sql", text+strings.Repeat(" ", i+1))
				p.mustCompile(b, dir)
			}
		})
	}
}

// recorder keeps what DuckDB answered.
type recorder struct {
	counter
	statements []string
	plans      [][]byte
}

func (r *recorder) open() (Binder, error) {
	_, err := r.counter.open()
	return r, err
}

func (r *recorder) Bind(ctx context.Context, statements []string) ([][]byte, error) {
	plans, err := r.counter.Bind(ctx, statements)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements, r.plans = append(r.statements, statements...), append(r.plans, plans...)
	return plans, err
}

// BenchmarkLineage measures what following the columns adds to a cold compile, of
// which DuckDB's binding and the decoding of its plans are there anyway.
func BenchmarkLineage(b *testing.B) {
	p := layered(1000)
	inputs := map[string]map[assets.Name][]assets.Column{}
	r := &recorder{}
	g, diags := Compile(context.Background(), p.Project, p.sources, r.open, warehouse.Engine(), "")
	if diags.HasErrors() {
		b.Fatal(describe(diags))
	}
	for name, node := range g.Nodes {
		if a := p.Assets[name]; a != nil {
			columns := map[assets.Name][]assets.Column{}
			for _, input := range node.Inputs {
				columns[input] = g.Nodes[input].Columns
				if columns[input] == nil {
					columns[input] = p.sources[input]
				}
			}
			inputs[a.SQL.Text] = columns
		}
	}
	var parser fastjson.Parser
	var compile, decode, walk time.Duration
	for b.Loop() {
		began := time.Now()
		p.mustCompile(b, "")
		compile += time.Since(began)
		began = time.Now()
		for _, plan := range r.plans {
			if _, err := parser.ParseBytes(plan); err != nil {
				b.Fatal(err)
			}
		}
		decode += time.Since(began)
		began = time.Now()
		for i, plan := range r.plans {
			if columns, ok := inputs[r.statements[i]]; ok { // and not that of a check
				if _, err := lineage.Walk(plan, warehouse.Engine(), columns); err != nil {
					b.Fatal(err)
				}
			}
		}
		walk += time.Since(began)
	}
	b.ReportMetric(float64(compile.Milliseconds())/float64(b.N), "ms/compile")
	b.ReportMetric(float64(walk.Milliseconds())/float64(b.N), "ms/walk")
	b.ReportMetric(float64(decode.Milliseconds())/float64(b.N), "ms/decode")
	b.ReportMetric(100*float64(walk-decode)/float64(compile-walk+decode), "%added")
}
