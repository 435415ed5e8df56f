package session

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func TestKeyOf(t *testing.T) {
	unique := func(severity assets.Severity, columns ...string) assets.Check {
		return assets.Check{Kind: assets.Unique, Severity: severity, Columns: columns}
	}
	for _, c := range []struct {
		name   string
		checks []assets.Check
		want   []string
	}{
		{"none", []assets.Check{{Kind: assets.NotNull, Severity: assets.Error, Columns: []string{"a"}}}, nil},
		{"a warning is better than nothing", []assets.Check{unique(assets.Warn, "a")}, []string{"a"}},
		{"an error is better than a warning", []assets.Check{unique(assets.Warn, "a"), unique(assets.Error, "b", "c")}, []string{"b", "c"}},
		{"also if it comes first", []assets.Check{unique(assets.Error, "b", "c"), unique(assets.Warn, "a")}, []string{"b", "c"}},
		{"the fewest columns", []assets.Check{unique(assets.Error, "b", "c"), unique(assets.Error, "a"), unique(assets.Error, "d")}, []string{"a"}},
	} {
		if got := keyOf(c.checks); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The previous version may be dropped by whoever has the file.
func TestCompareVersionsOfADroppedTable(t *testing.T) {
	dir := directory(t)
	apply(t, dir)
	write(t, dir, "orders.csv", "id,amount\n1,10\n2,25\n")
	apply(t, dir)
	v, diags := open(t, dir).CompareVersions(ctx, "mart.total", nil, 10)
	mustNot(t, diags)
	if v.Added != 1 || v.Removed != 1 || v.Before.Table != v.Now.Previous || v.Before.Made.ID == v.Now.Made.ID {
		t.Errorf("%+v", v)
	}
	db, err := warehouse.Open(ctx, warehouse.Options{Path: filepath.Join(dir, "warehouse.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Exec(ctx, "DROP TABLE "+warehouse.TableRef(v.Now.Previous))
	if closing := db.Close(); err != nil || closing != nil {
		t.Fatal(err, closing)
	}
	_, diags = open(t, dir).CompareVersions(ctx, "mart.total", nil, 10)
	if !strings.Contains(diags.Error(), "was dropped by someone else") {
		t.Error(diags)
	}
}

func TestLocate(t *testing.T) {
	dir := directory(t)
	write(t, dir, "more.hcl", `
asset "mart" { sql = "select 1 as total, 2 as \"a.b\"" }
`)
	s := open(t, dir)
	mustNot(t, s.Compile(ctx))
	for _, c := range []struct{ text, name, column string }{
		{"mart.total", "mart.total", ""},
		{"mart.total.total", "mart.total", "total"},
		{"MART.Total.TOTAL", "mart.total", "total"},
		{"mart", "mart", ""},
		{"main.mart.total", "mart", "total"},
		{"mart.a.b", "mart", "a.b"},
		{`mart."a.b"`, "mart", "a.b"},
		{"raw.orders.id", "raw.orders", "id"},
		{"raw.orders", "raw.orders", ""},
	} {
		name, column, diags := s.Locate(c.text)
		if diags.HasErrors() || name.String() != c.name || column != c.column {
			t.Errorf("%s is %s %q: %v", c.text, name, column, diags)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"mart.totl", `mart has no column "totl"`}, // main.mart is there
		{"stagin.orders", "Did you mean staging.orders"},
		{"staging.orders.", `staging.orders has no column ""`},
		{"", "no asset is called"},
		{"*", "stands for 3 assets"},
	} {
		if _, _, diags := s.Locate(c.text); !strings.Contains(strings.ToLower(diags.Error()), strings.ToLower(c.want)) {
			t.Errorf("%q: %v, want %q", c.text, diags, c.want)
		}
	}
}
