package export

// picture is a graph on paper, in points from the upper left corner: what SVG and
// PNG draw, each in its way.
type picture struct {
	width, height float64
	curves        []curve // from back to front
	cards         []card
}

// card is a node: a head with its name and kind, and below it a row for each column.
type card struct {
	node       Node
	x, y, w, h float64
}

// curve leads through points from left to right, level at each of them.
type curve struct {
	points []spot
	faint  bool // between columns, one that only says which nodes belong together
}

type spot struct{ x, y float64 }

const (
	margin    = 24.0
	headSize  = 40.0 // height of a card's head
	rowSize   = 20.0 // height of a column's row
	cardGap   = 18.0 // between cards of a layer
	bendGap   = 8.0  // between edges that pass a layer
	laneGap   = 72.0 // between layers
	strandGap = 3.0  // between columns that take the same way
	padding   = 10.0 // left and right of a text
	textSize  = 12.0
	noteSize  = 10.0
	longest   = 40 // runes of a name or type that are shown
)

// newPicture lays g out.
func newPicture(g Graph) (picture, error) {
	f, err := newFonts(1)
	if err != nil {
		return picture{}, err
	}
	l, strands := newLayering(g), g.strands()
	height, room := make([]float64, l.items), make([]float64, l.items) // room: with the gap to the next one
	for i, n := range g.Nodes {
		height[i] = headSize + rowSize*float64(len(n.Columns))
		room[i] = height[i] + cardGap
	}
	for i, e := range g.Edges {
		for _, bend := range l.edges[i].bends {
			height[bend] = strandGap * float64(max(1, len(strands[e])))
			room[bend] = height[bend] + bendGap
		}
	}
	middle := l.middles(room)

	p := picture{height: 2 * margin, cards: make([]card, l.items)} // a bend is a card that is not drawn
	x := margin
	for _, layer := range l.layers {
		lane := 0.0 // the cards of a layer are equally wide
		for _, item := range layer {
			if item < len(g.Nodes) {
				lane = max(lane, cardWidth(f, g.Nodes[item]))
			}
		}
		for _, item := range layer {
			p.cards[item] = card{x: x, y: middle[item] - height[item]/2, w: lane, h: height[item]}
			p.height = max(p.height, middle[item]+height[item]/2+margin)
		}
		x += lane + laneGap
	}
	p.width = max(x-laneGap+margin, 2*margin)
	p.curves = p.edges(g, l, strands)
	p.cards = p.cards[:len(g.Nodes)]
	for i, n := range g.Nodes {
		p.cards[i].node = n
	}
	return p, nil
}

// edges are the curves between cards: from head to head, or, with columns, from
// row to row, and faintly from head to head where no value goes.
func (p picture) edges(g Graph, l layering, strands map[Edge][]strand) []curve {
	var faint, plain []curve
	for i, e := range g.Edges {
		r := l.edges[i]
		from, to := p.cards[r.from], p.cards[r.to]
		along := func(y0, y1, aside float64) []spot {
			points := []spot{{from.x + from.w, y0}}
			for _, bend := range r.bends {
				c := p.cards[bend]
				y := c.y + c.h/2 + aside
				points = append(points, spot{c.x, y}, spot{c.x + c.w, y})
			}
			return append(points, spot{to.x, y1})
		}
		for n, s := range strands[e] {
			aside := strandGap * (float64(n) - float64(len(strands[e])-1)/2)
			plain = append(plain, curve{points: along(from.row(s.from), to.row(s.to), aside)})
		}
		heads := along(from.y+headSize/2, to.y+headSize/2, 0)
		switch {
		case g.Columns == nil:
			plain = append(plain, curve{points: heads})
		case len(strands[e]) == 0:
			faint = append(faint, curve{points: heads, faint: true})
		}
	}
	return append(faint, plain...)
}

// row is the middle of a card's column, counted from 1.
func (c card) row(port int) float64 { return c.y + headSize + rowSize*(float64(port)-0.5) }

// middles gives every item its height on the page: near its neighbours, so that
// edges are as level as they can be.
func (l layering) middles(room []float64) []float64 {
	left, right := l.neighbours()
	middle := make([]float64, l.items)
	settle := func(layer []int, of ...[][]int) {
		want, size := make([]float64, len(layer)), make([]float64, len(layer))
		for i, item := range layer {
			want[i], size[i] = middle[item], room[item]
			sum, n := 0.0, 0
			for _, side := range of {
				for _, other := range side[item] {
					sum, n = sum+middle[other], n+1
				}
			}
			if n > 0 {
				want[i] = sum / float64(n)
			}
		}
		for i, y := range spread(want, size) {
			middle[layer[i]] = y
		}
	}
	for i := range l.layers {
		settle(l.layers[i], left)
	}
	for i := range l.layers {
		settle(l.layers[len(l.layers)-1-i], right)
	}
	for i := range l.layers {
		settle(l.layers[i], left, right)
	}
	top := 0.0
	for i, y := range middle {
		top = min(top, y-room[i]/2)
	}
	for i := range middle {
		middle[i] += margin - top
	}
	return middle
}
