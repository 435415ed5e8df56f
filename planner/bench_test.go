package planner

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// layered is a project of n assets: a tenth as many sources, 1–3 inputs, two
// checks each; everything is up to date.
func layered(n int) *world {
	w := newWorld()
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]assets.Name, n/10)
	for i := range all {
		all[i] = assets.Name{Schema: "raw", Table: fmt.Sprintf("s%d", i)}
	}
	for i := range n {
		name := assets.Name{Schema: fmt.Sprintf("layer%d", i/(n/10)), Table: fmt.Sprintf("a%d", i)}
		inputs := []assets.Name{all[len(all)-n/10]} // so that every source is read
		for range random.IntN(3) {
			in := all[max(0, len(all)-n/5)+random.IntN(min(len(all), n/5))]
			if !slices.Contains(inputs, in) {
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
		w.Prepared = Prepare(w.Project) // as a daemon does
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Make(w.Input)
			}
		})
	}
}

// Planning is linear: ten times the assets take about ten times the memory. A
// quadratic rule that makes anything would take a hundred times; the benchmark
// above shows one that only takes its time.
func TestPlanningIsLinear(t *testing.T) {
	allocations := func(n int) float64 {
		w := layered(n)
		w.arrive(fmt.Sprintf("raw.s%d", n/20))
		if s := Make(w.Input).Summary(); s.Rebuild == 0 || s.Unchanged == 0 || s.Rebuild+s.Unchanged != n {
			t.Fatalf("the project plans nothing of interest: %+v", s)
		}
		return testing.AllocsPerRun(1, func() { Make(w.Input) })
	}
	if small, large := allocations(1_000), allocations(10_000); large > 15*small {
		t.Errorf("1,000 assets take %v allocations, 10,000 take %v", small, large)
	}
}
