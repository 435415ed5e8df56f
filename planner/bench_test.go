package planner

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// layered is a project of n assets: a tenth as many sources, 1–3 inputs, two
// checks each; everything is up to date.
func layered(n int) *world {
	w := newWorld()
	all := make([]assets.Name, n/10)
	for i := range all {
		all[i] = assets.Name{Schema: "raw", Table: fmt.Sprintf("s%d", i)}
	}
	for i := range n {
		name := assets.Name{Schema: fmt.Sprintf("layer%d", i/(n/10)), Table: fmt.Sprintf("a%d", i)}
		var inputs []assets.Name
		seen := map[assets.Name]bool{}
		for j := range 1 + i%3 {
			in := all[max(0, len(all)-n/5)+(i*7919+j*104729)%min(len(all), n/5)]
			if !seen[in] {
				seen[in] = true
				inputs = append(inputs, in)
			}
		}
		w.declare(name, assets.Table, inputs)
		w.Project.Assets[name].Checks = []assets.Check{
			{Kind: assets.NotNull, Columns: []string{"k"}, Severity: assets.Error},
			{Kind: assets.Unique, Columns: []string{"k"}, Severity: assets.Error},
		}
		all = append(all, name)
	}
	for _, n := range w.Graph.Order {
		w.publish(n)
	}
	return w
}

func BenchmarkMake(b *testing.B) {
	for _, c := range []struct {
		name   string
		n      int
		change func(w *world)
	}{
		{"10000/nothing changed", 10_000, func(w *world) {}},
		{"10000/one source changed", 10_000, func(w *world) { w.arrive("raw.s500") }},
		{"10000/everything missing", 10_000, func(w *world) { clear(w.State.Last); clear(w.State.Found) }},
		{"10000/one target", 10_000, func(w *world) { w.Options.Targets = w.Graph.Order[9_999:]; w.arrive("raw.s500") }},
		{"10000/destroy", 10_000, func(w *world) { w.Options.Destroy = true }},
		{"1000/one source changed", 1_000, func(w *world) { w.arrive("raw.s50") }},
	} {
		w := layered(c.n)
		c.change(w)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Make(w.Input)
			}
		})
	}
}

// The budget is 100 ms for a planning tick of 10,000 assets; the test allows a
// busy machine ten times that, which a quadratic rule would exceed still.
func TestTenThousandAssetsPlanInTime(t *testing.T) {
	w := layered(10_000)
	w.arrive("raw.s500")
	began := time.Now()
	p := Make(w.Input)
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
	if s := p.Summary(); s.Rebuild == 0 || s.Unchanged == 0 || s.Rebuild+s.Unchanged != 10_000 {
		t.Errorf("the benchmark plans nothing of interest: %+v", s)
	}
}
