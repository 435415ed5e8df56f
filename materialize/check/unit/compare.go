package unit

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// Cell is a value as DuckDB writes it.
type Cell struct {
	Text string
	Null bool
}

func (c Cell) String() string {
	if c.Null {
		return "NULL"
	}
	return c.Text
}

type row []Cell

// Diff is how rows differ from those expected.
type Diff struct {
	Columns       []string
	Expected, Got int // numbers of rows
	// Reordered says that the rows are those expected, in another order.
	Reordered bool
	Rows      []Pair
}

// Pair is an expected row and the row that stands in its place, or one of them.
type Pair struct{ Expected, Got []Cell }

// Count returns how many rows are missing, unexpected, and different.
func (d *Diff) Count() (missing, unexpected, differing int) {
	for _, p := range d.Rows {
		switch {
		case p.Got == nil:
			missing++
		case p.Expected == nil:
			unexpected++
		default:
			differing++
		}
	}
	return missing, unexpected, differing
}

// comparison is how rows are compared.
type comparison struct {
	columns   []assets.Column
	keys      []int // columns that tell rows apart
	tolerance float64
	ordered   bool
}

// diff compares rows as multisets, or as lists if they are ordered. It returns nil
// if they are equal.
func (c comparison) diff(expected, got []row) *Diff {
	d := &Diff{Expected: len(expected), Got: len(got)}
	for _, column := range c.columns {
		d.Columns = append(d.Columns, column.Name)
	}
	missing, unexpected := c.unmatched(expected, got)
	switch {
	case len(missing)+len(unexpected) > 0:
		d.Rows = c.pair(missing, unexpected)
		return d
	case c.ordered:
		for i := range expected {
			if !c.equal(expected[i], got[i]) {
				d.Rows = append(d.Rows, Pair{expected[i], got[i]})
			}
		}
		if d.Reordered = len(d.Rows) > 0; d.Reordered {
			return d
		}
	}
	return nil
}

// unmatched takes out of both the rows that have an equal one in the other.
func (c comparison) unmatched(expected, got []row) (missing, unexpected []row) {
	count := map[string]int{}
	for _, r := range got {
		count[r.key()]++
	}
	for _, r := range expected {
		if k := r.key(); count[k] > 0 {
			count[k]--
		} else {
			missing = append(missing, r)
		}
	}
	for _, r := range slices.Backward(got) { // of equal rows the later ones are too many
		if k := r.key(); count[k] > 0 {
			count[k]--
			unexpected = append(unexpected, r)
		}
	}
	slices.Reverse(unexpected)
	if c.tolerance == 0 || len(missing) == 0 || len(unexpected) == 0 {
		return missing, unexpected
	}
	return c.tolerated(missing, unexpected)
}

// key is the same for equal rows and for no others.
func (r row) key() string {
	var b strings.Builder
	for _, cell := range r {
		if cell.Null {
			b.WriteString("-;")
			continue
		}
		b.WriteString(strconv.Itoa(len(cell.Text)))
		b.WriteByte(':')
		b.WriteString(cell.Text)
	}
	return b.String()
}

// tolerated matches rows that are equal within the tolerance, as many as can be:
// being near is not transitive, so that whoever comes first must be able to give
// way (augmenting paths in a bipartite graph).
func (c comparison) tolerated(expected, got []row) (missing, unexpected []row) {
	partner := make([]int, len(got))
	for j := range partner {
		partner[j] = -1
	}
	var find func(i int, seen []bool) bool
	find = func(i int, seen []bool) bool {
		for j := range got {
			if seen[j] || !c.equal(expected[i], got[j]) {
				continue
			}
			seen[j] = true
			if partner[j] < 0 || find(partner[j], seen) {
				partner[j] = i
				return true
			}
		}
		return false
	}
	for i := range expected {
		if !find(i, make([]bool, len(got))) {
			missing = append(missing, expected[i])
		}
	}
	for j, p := range partner {
		if p < 0 {
			unexpected = append(unexpected, got[j])
		}
	}
	return missing, unexpected
}

func (c comparison) equal(a, b row) bool {
	for i := range a {
		if !c.same(i, a[i], b[i]) {
			return false
		}
	}
	return true
}

// same compares two values of one column.
func (c comparison) same(column int, a, b Cell) bool {
	if a == b {
		return true
	}
	if typ := c.columns[column].Type; c.tolerance == 0 || a.Null || b.Null || typ != "DOUBLE" && typ != "FLOAT" {
		return false
	}
	x, err := strconv.ParseFloat(a.Text, 64)
	y, also := strconv.ParseFloat(b.Text, 64)
	return err == nil && also == nil && math.Abs(x-y) <= c.tolerance
}

// mostPairs is how many pairs of rows are compared to find those most alike. Beyond
// that nobody reads the differences row by row.
const mostPairs = 100_000

// pair puts expected rows and those that came instead side by side: by their
// keys, then by the number of equal cells, the most alike first.
func (c comparison) pair(missing, unexpected []row) []Pair {
	partner := make([]int, len(missing)) // 1 + index in unexpected; 0: none
	taken := make([]bool, len(unexpected))
	least := len(c.columns) + 1
	if len(missing)*len(unexpected) > mostPairs {
		least = 0
	}
	for ; least > 0; least-- {
		for i, m := range missing {
			if partner[i] > 0 {
				continue
			}
			for j, u := range unexpected {
				if !taken[j] && c.likeness(m, u) >= least {
					partner[i], taken[j] = j+1, true
					break
				}
			}
		}
	}
	var pairs []Pair
	for i, m := range missing {
		if partner[i] > 0 {
			pairs = append(pairs, Pair{m, unexpected[partner[i]-1]})
		} else {
			pairs = append(pairs, Pair{Expected: m})
		}
	}
	for j, u := range unexpected {
		if !taken[j] {
			pairs = append(pairs, Pair{Got: u})
		}
	}
	return pairs
}

// likeness is the number of equal cells, more than there can be for rows of one
// key, and none for rows of different keys.
func (c comparison) likeness(a, b row) int {
	equal := 0
	for i := range a {
		if c.same(i, a[i], b[i]) {
			equal++
		}
	}
	if len(c.keys) == 0 {
		return equal
	}
	for _, k := range c.keys {
		if a[k].Null || !c.same(k, a[k], b[k]) {
			return 0
		}
	}
	return len(c.columns) + 1
}
