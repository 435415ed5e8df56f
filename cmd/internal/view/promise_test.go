package view

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

func TestWhatCannotBePromisedIsToldWhereItIsDeclared(t *testing.T) {
	in, _ := shop()
	for _, a := range in.Project.Assets {
		a.Enabled = true
	}
	in.State.Estimates = map[assets.Name]time.Duration{n("staging.orders"): 20 * time.Minute, n("mart.sales"): 70 * time.Second}
	own := &hcl.Range{Filename: "a.hcl", Start: hcl.Pos{Line: 7}}
	in.Project.Assets[n("mart.sales")].Freshness = []assets.Freshness{{MaxLag: 30 * time.Minute, Decl: *own}}
	diags := PromiseWarnings(in)
	if len(diags) != 1 || diags.HasErrors() || *diags[0].Subject != *own || diags[0].Summary != "The policy of mart.sales cannot be promised" ||
		!strings.Contains(diags[0].Detail, "takes about 21m10s, and max_lag is 30m.") || !strings.Contains(diags[0].Detail, "a max_lag of 43m or more") {
		t.Errorf("%v", diags)
	}

	in.Project.Assets[n("mart.sales")].Freshness = nil
	in.Project.Freshness = []assets.Freshness{{MaxLag: time.Minute, Decl: *own}}
	if diags := PromiseWarnings(in); len(diags) != 1 || !strings.Contains(diags[0].Summary, "mart.sales") {
		t.Errorf("the default is too tight for both, and told of the one that takes longest: %v", diags)
	}
}
