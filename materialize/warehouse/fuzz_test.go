package warehouse

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

var fuzzed = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fuzzPlan plans a project of raw.s → a.b → a.c with what was read.
func fuzzPlan(s Snapshot) planner.Plan {
	raw, b, c := assets.MustName("raw.s"), assets.MustName("a.b"), assets.MustName("a.c")
	p := &assets.Project{Timezone: "UTC", Sources: map[assets.Name]*assets.Source{raw: {Name: raw}}, Assets: map[assets.Name]*assets.Asset{
		b: {Name: b, Enabled: true, Kind: assets.Table, SQL: assets.SQL{Text: "select 1"}}, c: {Name: c, Enabled: true, Kind: assets.View, SQL: assets.SQL{Text: "select 1"}}}}
	g := &lineage.Graph{Order: []assets.Name{b, c}, Nodes: map[assets.Name]*lineage.Node{
		raw: {Name: raw, Readers: []assets.Name{b}}, b: {Name: b, Inputs: []assets.Name{raw}, Readers: []assets.Name{c}}, c: {Name: c, Inputs: []assets.Name{b}}}}
	return planner.Make(planner.Input{Project: p, Graph: g, State: s.State, Observed: s.Observed, Now: fuzzed})
}

// FuzzState: whatever stands in the state tables, reading it ends with a state that can be
// planned from, or with an error that says what could not be read.
func FuzzState(f *testing.F) {
	db, err := Open(bg, Options{Path: filepath.Join(f.TempDir(), "w.duckdb")})
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	record, err := json.Marshal(planner.Materialization{ID: "1", Key: planner.Key{Asset: assets.MustName("a.b")}, Run: "r", Table: "a.b@1", Status: planner.Published,
		Reads: map[assets.Name]planner.Read{assets.MustName("raw.s"): {Version: "v:1", Projection: "p:1", Columns: []string{"x"}}},
		Made:  planner.Version{ID: "v:2", Columns: []assets.Column{{Name: "x", Type: "BIGINT"}}, Arrived: fuzzed}, Rows: 3, Began: fuzzed, Ended: fuzzed})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(record), "raw.s", "v:1", `[{"name":"x","type":"BIGINT"}]`, int64(0))
	f.Add(`{"asset":"a.b","interval":{"start":"9999-12-31T23:59:59Z"},"rows":-1}`, "raw.s", "", "[]", int64(-62135596800))
	f.Add(`{"asset":"a.b","reads":{"a.b":{}},"ended":"0000-01-01T00:00:00Z"}`, "RAW.s", "v", "null", int64(1)<<40)
	f.Add(string(record), "raw.s", "v", "x", int64(1))
	f.Add(string(record), "a b", "v", "[]", int64(1))
	f.Add(`[]`, "", "v", "{}", int64(1))
	f.Add(`{"asset":"a"`, "x.y.z", "v", "x", int64(1))
	f.Add(`null`, "raw.s", "v", `[null]`, int64(1))
	f.Fuzz(func(t *testing.T, record, source, version, columns string, arrived int64) {
		c, err := db.Conn(bg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Exec(bg, "USE "+Catalog); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"current", "failures", "staged"} {
			err = errors.Join(err, c.Exec(bg, "DELETE FROM _assets."+table), c.Exec(bg, "INSERT INTO _assets."+table+
				" (environment, asset, id, run, status, record) VALUES ('prod', 'a.b', '1', 'r', 'published', ?)", record))
		}
		err = errors.Join(err, c.Exec(bg, "DELETE FROM _assets.observations"),
			c.Exec(bg, "INSERT INTO _assets.observations VALUES (?, ?, ?, to_timestamp(?::DOUBLE), to_timestamp(?::DOUBLE))", source, version, columns, arrived, arrived))
		if err != nil {
			t.Skip() // DuckDB would not have it, and so no run can have written it
		}
		snapshot, err := db.Snapshot(bg)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "read ") {
				t.Fatalf("nobody knows what is meant by %v", err)
			}
			return
		}
		if _, err := db.Staged(bg); err != nil {
			t.Fatalf("the same record can be read from one table, and not from another: %v", err)
		}
		if plan := fuzzPlan(snapshot); len(plan.Steps) == 0 {
			t.Fatal("an empty plan")
		}
	})
}

// FuzzCachedState: whatever stands in the file of the cached state, what comes of it was
// written there, whole: what else it may hold is nobody's state.
func FuzzCachedState(f *testing.F) {
	var good bytes.Buffer
	key := planner.Key{Asset: assets.MustName("a.b")}
	snapshot := Snapshot{State: planner.State{Serial: "r", Last: map[planner.Key]planner.Materialization{key: {ID: "1", Key: key, Rows: 3, Ended: fuzzed}}}}
	if err := gob.NewEncoder(&good).Encode(cacheFile{cacheFormat, Engine(), stamp{Size: 1}, snapshot}); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes(), true, 0)
	f.Add(good.Bytes(), true, 100)
	f.Add(good.Bytes()[:good.Len()/2], true, 0)
	f.Add(sealed(good.Bytes()), false, 0)
	f.Add([]byte{}, false, 0)
	f.Add([]byte{0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, true, 0)
	path := filepath.Join(f.TempDir(), "state")
	f.Fuzz(func(t *testing.T, content []byte, seal bool, flip int) {
		if seal {
			content = sealed(content)
			if flip > 0 && flip < len(content) {
				content[flip] ^= 1 // as a disk may
			}
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		cached, ok := readCache(path)
		if !ok {
			return
		}
		if flip > 0 && flip < len(content) && seal {
			t.Fatal("what is damaged is taken for the state")
		}
		fuzzPlan(cached.Snapshot)
	})
}
