package warehouse_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// past writes a random history into a warehouse: of two sources, and of assets that read
// them and each other, now and then an old version.
type past struct {
	*rapid.T
	db     *warehouse.DB
	now    time.Time
	n      uint64 // ids
	latest map[assets.Name][]assets.Digest
	last   map[assets.Name]planner.Materialization
}

var (
	pastSources = []assets.Name{assets.MustName("raw.a"), assets.MustName("raw.b")}
	pastReads   = map[assets.Name][]assets.Name{
		assets.MustName("staging.a"): {assets.MustName("raw.a")},
		assets.MustName("staging.b"): {assets.MustName("raw.b"), assets.MustName("raw.a")},
		assets.MustName("mart.c"):    {assets.MustName("staging.a"), assets.MustName("staging.b")},
		assets.MustName("mart.d"):    {assets.MustName("mart.c"), assets.MustName("raw.b")},
	}
)

func (p *past) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *past) id() string {
	p.n++
	var id ulid.ULID
	p.must(id.SetTime(uint64(p.now.UnixMilli())))
	for i := range 8 {
		id[15-i] = byte(p.n >> (8 * i))
	}
	return id.String()
}

func (p *past) live() {
	for range rapid.IntRange(1, 20).Draw(p.T, "steps") {
		p.now = p.now.Add(time.Duration(rapid.IntRange(1, 500).Draw(p.T, "hours")) * time.Hour)
		if rapid.Bool().Draw(p.T, "arrives") {
			p.arrive()
		} else {
			p.run()
		}
	}
	p.now = p.now.Add(time.Duration(rapid.IntRange(0, 100).Draw(p.T, "later")) * 24 * time.Hour)
}

func (p *past) arrive() {
	source := rapid.SampledFrom(pastSources).Draw(p.T, "source")
	version := assets.Digest(fmt.Sprintf("f1:%d", rapid.IntRange(1, 9).Draw(p.T, "version")))
	p.must(p.db.Observe(ctx, []planner.Observation{{Source: source, At: p.now, Version: planner.Version{ID: version, Arrived: p.now, Columns: []assets.Column{{Name: "a", Type: "INTEGER"}}}}}))
	p.latest[source] = append(p.latest[source], version)
}

func (p *past) run() {
	run := p.id()
	pub := warehouse.Publication{Run: warehouse.Run{ID: run, Began: p.now, Ended: p.now.Add(time.Minute), Status: warehouse.Succeeded}}
	audits := &pub.Audits
	for _, source := range pastSources {
		if len(p.latest[source]) > 0 && rapid.Bool().Draw(p.T, "judge") {
			version := rapid.SampledFrom(p.latest[source]).Draw(p.T, "judged")
			audits.Judgements = append(audits.Judgements, p.judgement(source, run, version))
		}
	}
	for _, name := range assets.SortedNames(pastReads) {
		if rapid.Bool().Draw(p.T, "works") {
			m := p.materialize(name, run)
			pub.Records = append(pub.Records, m)
			audits.Judgements = append(audits.Judgements, p.judgement(name, run, m.Made.ID))
		}
	}
	p.must(p.db.Publish(ctx, pub))
}

func (p *past) judgement(of assets.Name, run string, version assets.Digest) planner.Judgement {
	value := float64(rapid.IntRange(0, 99).Draw(p.T, "value"))
	j := planner.Judgement{Run: run, Occasion: planner.OnDelivery, Of: of, Version: version, At: p.now,
		CheckResult: planner.CheckResult{Check: "c", Kind: assets.RowCount, Severity: assets.Warn,
			Status: rapid.SampledFrom([]planner.CheckStatus{planner.CheckPassed, planner.CheckWarned, planner.CheckFailed}).Draw(p.T, "status"), Value: &value}}
	if j.Status != planner.CheckPassed && rapid.Bool().Draw(p.T, "keep") {
		j.Columns, j.Kept = []string{"a"}, [][]string{{"1"}}
	}
	return j
}

func (p *past) materialize(name assets.Name, run string) planner.Materialization {
	last, published := p.last[name]
	m := planner.Materialization{ID: p.id(), Key: planner.Key{Asset: name}, Run: run, Reads: map[assets.Name]planner.Read{}, Began: p.now, Ended: p.now.Add(time.Duration(p.n) * time.Second)}
	for _, input := range pastReads[name] {
		if versions := p.latest[input]; len(versions) > 0 {
			m.Reads[input] = planner.Read{Version: rapid.SampledFrom(versions[max(0, len(versions)-3):]).Draw(p.T, "read")}
		}
	}
	m.Status = rapid.SampledFrom([]planner.Status{planner.Published, planner.Published, planner.Unchanged, planner.Revalidated, planner.Failed, planner.Skipped}).Draw(p.T, "status")
	if !published && warehouse.IsCurrent(m.Status) {
		m.Status = planner.Published
	}
	switch m.Status {
	case planner.Published:
		m.Made.ID = assets.Digest(fmt.Sprintf("h:%s-%d", name, rapid.IntRange(1, 12).Draw(p.T, "made")))
		m.Table, m.Previous = name.String()+"@"+m.ID, last.Table
	case planner.Unchanged:
		m.Made, m.Table, m.Previous = last.Made, last.Table, last.Previous
	case planner.Revalidated: // which keeps the times of the build
		m.Made, m.Table, m.Previous, m.Began, m.Ended = last.Made, last.Table, last.Previous, last.Began, last.Ended
	}
	if warehouse.IsCurrent(m.Status) {
		p.last[name] = m
		p.latest[name] = append(p.latest[name], m.Made.ID)
	}
	return m
}

// readings are all that anybody reads to plan, build, check or settle.
type readings struct {
	State    planner.State
	Observed map[assets.Name]planner.Observation
	Ledger   planner.Ledger
	Built    map[assets.Name]time.Time
	Lately   map[assets.Name][]planner.Arrival
	Records  map[assets.Name][]planner.Materialization
	Measured map[string][]float64
	Kept     map[assets.Name][]planner.Judgement
	Tables   map[string]planner.Materialization
}

func (p *past) read(k warehouse.Keeping) (r readings) {
	var err error
	r.State, err = p.db.State(ctx)
	p.must(err)
	r.Observed, err = p.db.Observations(ctx)
	p.must(err)
	r.Ledger, err = p.db.Ledger(ctx, moment.AddDate(100, 0, 0))
	p.must(err)
	r.Built, err = p.db.FirstBuilt(ctx)
	p.must(err)
	r.Lately, err = p.db.ArrivalsSince(ctx, p.now.Add(-8*24*time.Hour))
	p.must(err)
	r.Records, r.Measured = map[assets.Name][]planner.Materialization{}, map[string][]float64{}
	r.Kept, r.Tables = map[assets.Name][]planner.Judgement{}, map[string]planner.Materialization{}
	for name := range pastReads {
		r.Records[name], err = p.db.RecordsOfAsset(ctx, name, k.History[name])
		p.must(err)
		r.Kept[name], err = p.db.Violations(ctx, name)
		p.must(err)
	}
	for _, m := range r.State.Last {
		for _, table := range m.Tables() {
			record, known, err := p.db.RecordOfTable(ctx, table)
			p.must(err)
			if known {
				r.Tables[table] = record
			}
		}
	}
	for _, source := range pastSources {
		for _, except := range append([]assets.Digest{""}, p.latest[source]...) {
			values, err := p.db.Measured(ctx, source, except)
			p.must(err)
			series := values["c"]
			r.Measured[source.String()+string(except)] = series[max(0, len(series)-k.History[source]+1):]
		}
	}
	return r
}

// fewer has rapid make no more tries in one test, unless more are asked for.
func fewer(t *testing.T, checks int) {
	f := flag.Lookup("rapid.checks")
	if was := f.Value.String(); was == f.DefValue {
		if err := f.Value.Set(strconv.Itoa(checks)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Value.Set(was) })
	}
}

// What is deleted of the past is nothing that anybody reads: whatever the history and the
// retention, the state that plans are made from stays the same, and so does what checks,
// estimates and breaches look back at.
func TestWhatIsNeededIsKept(t *testing.T) {
	var gone int64
	dir := t.TempDir()
	n := 0
	fewer(t, 25) // each writes to a file of its own
	rapid.Check(t, func(rt *rapid.T) {
		n++
		db, err := warehouse.Open(ctx, warehouse.Options{Path: filepath.Join(dir, fmt.Sprintf("w%d.duckdb", n))})
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		p := &past{T: rt, db: db, now: moment, latest: map[assets.Name][]assets.Digest{}, last: map[assets.Name]planner.Materialization{}}
		p.live()
		days := func(what string) time.Duration {
			return time.Duration(rapid.IntRange(1, 60).Draw(rt, what)) * 24 * time.Hour
		}
		k := warehouse.Keeping{Retention: assets.Retention{Versions: 1, Runs: days("runs"), Checks: days("checks"), Observations: days("observations")},
			Now: p.now, History: map[assets.Name]int{}, Most: rapid.IntRange(0, 5).Draw(rt, "most")}
		for _, name := range pastSources {
			k.History[name] = rapid.IntRange(1, 4).Draw(rt, "history")
		}
		for name := range pastReads {
			k.History[name] = rapid.IntRange(1, 4).Draw(rt, "history")
		}
		before := p.read(k)
		would, err := db.Garbage(ctx, k)
		if err != nil {
			rt.Fatal(err)
		}
		total := int64(0)
		for more := true; more; {
			g, err := db.Collect(ctx, k)
			if err != nil {
				rt.Fatal(err)
			}
			for _, past := range g.Past {
				total += past.Gone
			}
			more = g.More
		}
		for _, past := range would.Past {
			total -= past.Gone
			gone += past.Gone
		}
		if total != 0 && k.Most == 0 {
			rt.Errorf("%d rows more went than were said to", total)
		}
		if diff := cmp.Diff(before, p.read(k), cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("what is read (-before +after):\n%s", diff)
		}
		if again, err := db.Garbage(ctx, k); err != nil {
			rt.Error(err)
		} else {
			for _, past := range again.Past {
				if past.Gone > 0 {
					rt.Errorf("%d of %s are left over", past.Gone, past.Kind)
				}
			}
		}
	})
	if gone == 0 {
		t.Error("nothing was ever deleted: this tests nothing")
	}
}
