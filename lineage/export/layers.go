package export

import (
	"cmp"
	"slices"

	"github.com/seed-4311623e/assets/assets"
)

// layering puts the nodes of a graph into layers, so that every edge leads to the
// right. An edge that passes a layer has a bend in it: a place of its own among
// that layer's nodes, so that it goes between them and not behind them.
type layering struct {
	// layers hold items from top to bottom: an item below the number of nodes is a
	// node, another one a bend.
	layers [][]int
	edges  []route // as the graph's edges
	items  int
}

// route is an edge by the indices of its nodes, and the bends between them.
type route struct {
	from, to int
	bends    []int
}

// path lists the items on the way.
func (r route) path() []int {
	return append(append([]int{r.from}, r.bends...), r.to)
}

// sweeps is how often the order within layers is improved, once from the left
// and once from the right each time. More of them change next to nothing.
const sweeps = 8

func newLayering(g Graph) layering {
	index := make(map[assets.Name]int, len(g.Nodes))
	for i, n := range g.Nodes {
		index[n.Name] = i
	}
	l := layering{items: len(g.Nodes)}
	for _, e := range g.Edges {
		l.edges = append(l.edges, route{from: index[e.From], to: index[e.To]})
	}
	depth := l.depths()
	for i, d := range depth {
		for len(l.layers) <= d {
			l.layers = append(l.layers, nil)
		}
		l.layers[d] = append(l.layers[d], i)
	}
	for i := range l.edges {
		e := &l.edges[i]
		for d := depth[e.from] + 1; d < depth[e.to]; d++ {
			e.bends = append(e.bends, l.items)
			l.layers[d] = append(l.layers[d], l.items)
			l.items++
		}
	}
	l.order()
	return l
}

// depths is each node's layer: one right of its rightmost input. What has no
// input stands one left of its first reader, as long edges say little.
func (l layering) depths() []int {
	inputs := make([][]int, l.items)
	for _, e := range l.edges {
		inputs[e.to] = append(inputs[e.to], e.from)
	}
	depth := make([]int, l.items)
	done := make([]bool, l.items)
	var visit func(int) int
	visit = func(i int) int {
		if !done[i] {
			done[i] = true // before its inputs: even a cycle would come to an end
			for _, input := range inputs[i] {
				depth[i] = max(depth[i], visit(input)+1)
			}
		}
		return depth[i]
	}
	for i := range depth {
		visit(i)
	}
	nearest := make(map[int]int)
	for _, e := range l.edges {
		if at, seen := nearest[e.from]; !seen || depth[e.to]-1 < at {
			nearest[e.from] = depth[e.to] - 1
		}
	}
	for i, at := range nearest {
		if len(inputs[i]) == 0 {
			depth[i] = max(at, 0)
		}
	}
	return depth
}

// order sorts each layer by where its items' neighbours stand, alternately those
// to the left and those to the right: the barycenter heuristic against crossings.
func (l layering) order() {
	left, right := l.neighbours()
	at := make([]float64, l.items) // how far down its layer an item stands, from 0 to 1
	place := func(layer []int) {
		for i, item := range layer {
			at[item] = (float64(i) + 0.5) / float64(len(layer))
		}
	}
	for _, layer := range l.layers {
		place(layer)
	}
	mean := func(item int, of [][]int) float64 {
		if len(of[item]) == 0 {
			return at[item]
		}
		sum := 0.0
		for _, other := range of[item] {
			sum += at[other]
		}
		return sum / float64(len(of[item]))
	}
	sort := func(layer []int, of [][]int) {
		want := make(map[int]float64, len(layer))
		for _, item := range layer {
			want[item] = mean(item, of)
		}
		slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(want[a], want[b]) })
		place(layer)
	}
	for range sweeps {
		for _, layer := range l.layers {
			sort(layer, left)
		}
		for _, layer := range slices.Backward(l.layers) {
			sort(layer, right)
		}
	}
}

// neighbours are, for each item, those it is joined with in the layer before and
// in the layer after.
func (l layering) neighbours() (left, right [][]int) {
	left, right = make([][]int, l.items), make([][]int, l.items)
	for _, e := range l.edges {
		path := e.path()
		for i := 1; i < len(path); i++ {
			left[path[i]] = append(left[path[i]], path[i-1])
			right[path[i-1]] = append(right[path[i-1]], path[i])
		}
	}
	return left, right
}

// spread gives each item of a layer its middle: as near to the one it wants as
// the order and the heights allow. Items that want the same place push
// each other away evenly: blocks of touching items move to the mean of what their
// items want. This is least squares with an order, by pooling adjacent violators.
func spread(want, height []float64) []float64 {
	type block struct {
		first     int // its first item
		top, size float64
	}
	var blocks []block
	offset := make([]float64, len(want)) // of an item's middle from the first item's top, if all touch
	down := 0.0
	for i := range want {
		offset[i] = down + height[i]/2
		down += height[i]
		b := block{i, want[i] - offset[i], 1}
		for len(blocks) > 0 && blocks[len(blocks)-1].top >= b.top {
			above := blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			size := above.size + b.size
			b = block{above.first, (above.top*above.size + b.top*b.size) / size, size}
		}
		blocks = append(blocks, b)
	}
	middle := make([]float64, len(want))
	for n, b := range blocks {
		end := len(want)
		if n+1 < len(blocks) {
			end = blocks[n+1].first
		}
		for i := b.first; i < end; i++ {
			middle[i] = b.top + offset[i]
		}
	}
	return middle
}
