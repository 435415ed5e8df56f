package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// The project's contract is that of assets which declare columns and no contract.
func TestDefaultContract(t *testing.T) {
	p := load(t, `
-- p.hcl --
project "p" {
  defaults { contract = "strict" }
}
asset "a.declares" {
  sql = "select 1 as id"
  column "id" {}
}
asset "a.bare" { sql = "select 1 as id" }
asset "a.open" {
  sql      = "select 1 as id"
  contract = "open"
  column "id" {}
}
asset "a.own" {
  sql      = "select 1 as id"
  contract = "strict"
}
`, Options{})
	for name, want := range map[string]struct {
		contract assets.Contract
		own      bool
	}{"a.declares": {assets.Strict, false}, "a.bare": {assets.Open, false}, "a.open": {assets.Open, true}, "a.own": {assets.Strict, true}} {
		a := p.Assets[assets.MustName(name)]
		if own := a.ContractRange != a.Decl; a.Contract != want.contract || own != want.own {
			t.Errorf("%s is %s, by itself: %v; want %s, %v", name, a.Contract, own, want.contract, want.own)
		}
	}
}

// nullable = false comes to a check, unless one that is as strict is there.
func TestPromises(t *testing.T) {
	p := load(t, `
-- p.hcl --
project "p" {}
asset "a.b" {
  sql = "select 1 as id"
  column "plain" { nullable = false }
  column "checked" {
    nullable = false
    check "not_null" { name = "there" }
  }
  column "together" { nullable = false }
  column "warned" {
    nullable = false
    check "not_null" { severity = "warn" }
  }
  column "other_kind" {
    nullable = false
    check "unique" {}
  }
  column "may" { nullable = true }
  column "silent" {
    nullable  = null
    sensitive = true
  }
  check "not_null" { columns = ["Together", "x"] }
}
`, Options{})
	a := p.Assets[assets.MustName("a.b")]
	promise := func(column string) assets.Check {
		return assets.Check{Kind: assets.NotNull, Label: "contract(" + column + ")", Severity: assets.Error, Columns: []string{column}}
	}
	declared := 4 // come first
	got := a.Checks[declared:]
	want := []assets.Check{promise("plain"), promise("warned"), promise("other_kind")}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(hcl.Range{}, []assets.Span{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if at := got[0].ArgRange.Start.Line; at != 4 {
		t.Errorf("the promise stands in line %d, want 4", at)
	}
	if c := a.DeclaredColumn("SILENT"); c == nil || c.Nullable != nil || !c.Sensitive {
		t.Errorf("silent is %+v", c)
	}
	if got := a.SensitiveColumns(); len(got) != 1 || got[0] != "silent" {
		t.Errorf("sensitive columns %q", got)
	}
}
