package compile

import (
	"context"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// printed are the tables that statements about fingerprints read.
func printed(t *testing.T) (*project, Binder) {
	t.Helper()
	p := newProject(map[string]string{
		"m.t": "a INTEGER, b INTEGER, c INTEGER, s VARCHAR, day DATE, ts TIMESTAMP, tz TIMESTAMPTZ, x DECIMAL(10,2), f DOUBLE, l INTEGER[], r STRUCT(p INTEGER, q INTEGER), j JSON",
		"m.u": "a INTEGER, b INTEGER, k INTEGER, s VARCHAR, day DATE",
	}, nil)
	p.sources[assets.MustName("m.t")] = columnsOf("a INTEGER", "b INTEGER", "c INTEGER", "s VARCHAR", "day DATE", "ts TIMESTAMP", "tz TIMESTAMPTZ", "x DECIMAL(10,2)", "f DOUBLE", "l INTEGER[]", "r STRUCT(p INTEGER, q INTEGER)", "j JSON")
	binder := newBinder(t)
	if err := binder.Declare(context.Background(), p.sources); err != nil {
		t.Fatal(err)
	}
	return p, binder
}

func columnsOf(columns ...string) (out []assets.Column) {
	for _, c := range columns {
		name, typ, _ := strings.Cut(c, " ")
		out = append(out, assets.Column{Name: name, Type: typ})
	}
	return out
}

// Were two statements that yield different rows to have one meaning, an edit from
// one to the other would build nothing. So within a group every two must differ.
func TestWhatDiffersHasAnotherMeaning(t *testing.T) {
	p, binder := printed(t)
	for _, group := range different {
		of := map[assets.Digest]string{}
		for _, sql := range group {
			bound, err := walk(t, binder, sql, p.sources)
			if err != nil {
				t.Errorf("%s: %v", sql, err)
				continue
			}
			if other, ok := of[bound.Meaning]; ok {
				t.Errorf("one meaning for both\n\t%s\n\t%s", other, sql)
			}
			of[bound.Meaning] = sql
		}
	}
}

// What people do to a text without changing what it says changes no fingerprint.
func TestWhatMeansTheSameHasOneMeaning(t *testing.T) {
	p, binder := printed(t)
	for _, group := range alike {
		var first lineage.Bound
		for i, sql := range group {
			bound, err := walk(t, binder, sql, p.sources)
			switch {
			case err != nil:
				t.Errorf("%s: %v", sql, err)
			case i == 0:
				first = bound
			case bound.Meaning != first.Meaning || bound.Rows != first.Rows || bound.Order != first.Order:
				t.Errorf("two meanings for\n\t%s\n\t%s", group[0], sql)
			default:
				for o := range bound.Outputs {
					if bound.Outputs[o].Print != first.Outputs[o].Print {
						t.Errorf("column %s has two fingerprints in\n\t%s\n\t%s", bound.Outputs[o].Name, group[0], sql)
					}
				}
			}
		}
	}
}

// The meaning of a statement is kept in the records of a warehouse, which may be
// opened on another machine: it must not depend on the process, on the instance or
// on what else there is. A new version of DuckDB has a scheme of its own.
func TestMeaningIsTheSameEverywhere(t *testing.T) {
	p, binder := printed(t)
	other := newBinder(t)
	crowd := map[assets.Name][]assets.Column{assets.MustName("m.aaa"): columnsOf("a INTEGER"), assets.MustName("z.zzz"): columnsOf("a INTEGER")}
	for name, columns := range p.sources {
		crowd[name] = append(columnsOf("before INTEGER"), append(columns, columnsOf("after VARCHAR")...)...)
	}
	for range 3 { // tables that were replaced have other numbers inside DuckDB
		if err := other.Declare(context.Background(), crowd); err != nil {
			t.Fatal(err)
		}
	}
	for sql, want := range golden {
		bound, err := walk(t, binder, sql, p.sources)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if got := string(bound.Meaning); got != want {
			t.Errorf("%s:\n\tmeans %s, and was\n\t      %s\nA change of the walk that changes what a statement means needs another scheme.", sql, got, want)
		}
		again, err := walk(t, other, sql, crowd)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if again.Meaning != bound.Meaning || again.Rows != bound.Rows || again.Order != bound.Order {
			t.Errorf("%s: its meaning depends on what else there is", sql)
		}
	}
}
