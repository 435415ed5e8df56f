package export

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// drawn is a random graph without cycles: every node may read those before it.
func drawn(t *rapid.T) Graph {
	g := Graph{}
	for i := range rapid.IntRange(1, 30).Draw(t, "nodes") {
		name := assets.Name{Schema: "s", Table: fmt.Sprintf("t%02d", i)}
		for _, j := range rapid.SliceOfNDistinct(rapid.IntRange(0, max(i-1, 0)), 0, min(i, 3), rapid.ID[int]).Draw(t, "inputs") {
			g.Edges = append(g.Edges, Edge{g.Nodes[j].Name, name})
		}
		g.Nodes = append(g.Nodes, Node{Name: name, Kind: "table"})
	}
	return g
}

// Every item stands in one layer, and every edge goes through each layer from its
// beginning to its end, in steps of one to the right.
func TestLayers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLayering(drawn(t))
		layerOf := make([]int, l.items)
		seen := 0
		for i, layer := range l.layers {
			if len(layer) == 0 {
				t.Fatalf("layer %d is empty", i)
			}
			for _, item := range layer {
				layerOf[item] = i
				seen++
			}
		}
		if all := slices.Sorted(slices.Values(slices.Concat(l.layers...))); seen != l.items || len(slices.Compact(all)) != l.items {
			t.Fatalf("%d items stand in %d places", l.items, seen)
		}
		for _, e := range l.edges {
			path := e.path()
			for i := 1; i < len(path); i++ {
				if layerOf[path[i]] != layerOf[path[i-1]]+1 {
					t.Fatalf("edge %v goes from layer %d to %d", e, layerOf[path[i-1]], layerOf[path[i]])
				}
			}
		}
	})
}

// Edges that can go without a crossing do.
func TestLayersUntangle(t *testing.T) {
	var g Graph
	name := func(layer string, i int) assets.Name {
		return assets.Name{Schema: layer, Table: fmt.Sprintf("t%d", i)}
	}
	for _, layer := range []string{"a", "b", "c"} {
		for i := range 5 {
			g.Nodes = append(g.Nodes, Node{Name: name(layer, i)})
		}
	}
	for i := range 5 {
		g.Edges = append(g.Edges, Edge{name("a", i), name("b", 4-i)}, Edge{name("b", 4-i), name("c", (i*3)%5)})
	}
	l := newLayering(g)
	at := make([]int, l.items)
	for _, layer := range l.layers {
		for i, item := range layer {
			at[item] = i
		}
	}
	for _, e := range l.edges {
		if at[e.from] != at[e.to] {
			t.Errorf("%v → %v crosses others", g.Nodes[e.from].Name, g.Nodes[e.to].Name)
		}
	}
}

// A project with a cycle is never drawn, but a picture must come to an end.
func TestLayersOfACycle(t *testing.T) {
	a, b := assets.MustName("a"), assets.MustName("b")
	newLayering(Graph{Nodes: []Node{{Name: a}, {Name: b}}, Edges: []Edge{{a, b}, {b, a}}})
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		want, height, middle []float64
	}{
		{[]float64{10, 50}, []float64{20, 20}, []float64{10, 50}},              // room enough
		{[]float64{10, 10}, []float64{20, 20}, []float64{0, 20}},               // both give way
		{[]float64{50, 10}, []float64{20, 20}, []float64{20, 40}},              // the order stays
		{[]float64{0, 0, 100}, []float64{10, 30, 10}, []float64{-10, 10, 100}}, // only who is concerned
		{nil, nil, []float64{}},
	} {
		if diff := cmp.Diff(c.middle, spread(c.want, c.height)); diff != "" {
			t.Error(c.want, diff)
		}
	}
}

// Items keep their order, do not overlap, and no block of touching items would be
// nearer to what it wants elsewhere.
func TestSpreadIsBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		want := rapid.SliceOfN(rapid.Float64Range(-100, 100), n, n).Draw(t, "want")
		height := rapid.SliceOfN(rapid.Float64Range(1, 50), n, n).Draw(t, "height")
		middle := spread(want, height)
		off := middle[0] - want[0] // summed over a block
		for i := 1; i < n; i++ {
			gap := (middle[i] - height[i]/2) - (middle[i-1] + height[i-1]/2)
			if gap < -1e-6 {
				t.Fatalf("%d overlaps by %g", i, -gap)
			}
			if gap > 1e-6 {
				if math.Abs(off) > 1e-6 {
					t.Fatalf("the block before %d would be better by %g", i, off)
				}
				off = 0
			}
			off += middle[i] - want[i]
		}
		if math.Abs(off) > 1e-6 {
			t.Fatalf("the last block would be better by %g", off)
		}
	})
}

// Cards lie on the paper and not on each other.
func TestCardsDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawn(t)
		for i := range g.Nodes {
			g.Nodes[i].Columns = make([]assets.Column, rapid.IntRange(0, 5).Draw(t, "columns"))
		}
		p, err := newPicture(g)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range p.cards {
			if a.x < 0 || a.y < 0 || a.x+a.w > p.width || a.y+a.h > p.height {
				t.Fatalf("%v is beside the paper", a)
			}
			for _, b := range p.cards[:i] {
				if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h {
					t.Fatalf("%v and %v overlap", a, b)
				}
			}
		}
		for _, c := range p.curves {
			for _, at := range c.points {
				if at.x < 0 || at.y < 0 || at.x > p.width || at.y > p.height {
					t.Fatalf("an edge leads to %v, beside the paper", at)
				}
			}
		}
	})
}

// A PNG nobody can read is refused, at once.
func TestPNGTooLarge(t *testing.T) {
	var g Graph
	for i := range 20000 {
		g.Nodes = append(g.Nodes, Node{Name: assets.Name{Schema: "s", Table: fmt.Sprintf("t%d", i)}})
	}
	var b strings.Builder
	if err := PNG(&b, g); err == nil || !strings.Contains(err.Error(), "write html or svg") || b.Len() > 0 {
		t.Errorf("got %d bytes and %v", b.Len(), err)
	}
}
