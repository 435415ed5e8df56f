package lineage

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// relation is what an operator of a plan yields, as far as the walk follows it.
type relation struct {
	columns []column
	// rows decide which rows there are, order in which order they lie.
	rows, order           sources
	rowsPrint, orderPrint print
	// one says that there is one row, always.
	one bool
	// key are columns in which no two rows are equal, if any are known.
	key []column
	// every stands for each column of an operator the walk does not know.
	every *column
}

// column is a column of a relation, or an expression over one.
type column struct {
	from sources
	// ties decide about it only in that they decide in which order rows lie.
	ties  sources
	print print
	// same says that its value is the same in each row.
	same bool
}

// all is what has any influence on the column.
func (c column) all() sources { return c.from.union(c.ties) }

// column is the column that a reference by place means.
func (r *relation) column(w *planWalk, place uint64) column {
	switch {
	case place < uint64(len(r.columns)):
		return r.columns[place]
	case r.every != nil:
		return *r.every
	}
	w.fail("it refers to column %d of %d", place, len(r.columns))
	return column{}
}

// settled reports whether rows that are equal in the columns of keys are equal in
// all columns, so that it does not matter which of them comes first.
func (r *relation) settled(keys []column) bool {
	if r.every != nil {
		return false
	}
	among := func(c column) bool {
		return slices.ContainsFunc(keys, func(k column) bool { return k.print == c.print })
	}
	if r.one || len(r.key) > 0 && !slices.ContainsFunc(r.key, func(c column) bool { return !among(c) }) {
		return true
	}
	for _, c := range r.columns {
		if !c.same && !among(c) {
			return false
		}
	}
	return true
}

// varied are columns whose values may differ from row to row.
func varied(columns []column) []column {
	out := slices.Clone(columns)
	for i := range out {
		out[i].same = false
	}
	return out
}

// source is an input column, by its number in the walk.
type source struct {
	id  int32
	via Via
}

// sources is a set of input columns, sorted by number. Sets are never changed.
type sources []source

func (s sources) union(t sources) sources {
	switch {
	case len(t) == 0 || len(s) == len(t) && slices.Equal(s, t):
		return s
	case len(s) == 0:
		return t
	}
	out := make(sources, 0, len(s)+len(t))
	for len(s) > 0 && len(t) > 0 {
		switch a, b := s[0], t[0]; {
		case a.id < b.id:
			out, s = append(out, a), s[1:]
		case a.id > b.id:
			out, t = append(out, b), t[1:]
		default:
			out, s, t = append(out, source{a.id, a.via | b.via}), s[1:], t[1:]
		}
	}
	return append(append(out, s...), t...)
}

// without is what t does not hold.
func (s sources) without(t sources) (out sources) {
	for _, x := range s {
		if _, found := slices.BinarySearchFunc(t, x.id, func(y source, id int32) int { return int(y.id - id) }); !found {
			out = append(out, x)
		}
	}
	return out
}

// through is the set after a further way.
func (s sources) through(way Via) sources {
	if way == Identity {
		return s
	}
	for i := range s {
		if s[i].via.through(way) != s[i].via {
			out := make(sources, len(s))
			for j := range s {
				out[j] = source{s[j].id, s[j].via.through(way)}
			}
			return out
		}
	}
	return s
}

// print is a fingerprint.
type print [16]byte

func (p print) short() Print { return Print(hex.EncodeToString(p[:8])) }

// printer collects what a fingerprint is made of. Parts that may differ in length
// are told apart by what stands around them: text is written with a closing NUL.
type printer []byte

// newPrinter begins a fingerprint of something of a kind.
func newPrinter(kind string) printer { return append(append(make(printer, 0, 128), kind...), 0) }

func (p *printer) text(s string) { *p = append(append(*p, s...), 0) }

func (p *printer) print(q print) { *p = append(*p, q[:]...) }

// prints adds the fingerprints of columns in their order.
func (p *printer) prints(columns []column) {
	*p = append(*p, byte(len(columns)), byte(len(columns)>>8))
	for _, c := range columns {
		p.print(c.print)
	}
}

// set adds the fingerprints of columns whose order does not matter.
func (p *printer) set(columns []column) {
	sorted := slices.Clone(columns)
	slices.SortFunc(sorted, func(a, b column) int { return slices.Compare(a.print[:], b.print[:]) })
	p.prints(slices.CompactFunc(sorted, func(a, b column) bool { return a.print == b.print }))
}

func (p printer) sum() print {
	full := sha256.Sum256(p)
	return print(full[:16])
}

// tagged is a fingerprint of q in a role.
func tagged(role string, q ...print) print {
	p := newPrinter(role)
	for _, q := range q {
		p.print(q)
	}
	return p.sum()
}

// keyed is such a fingerprint for what is done by keys, whose order matters.
func keyed(role string, keys []column, q ...print) print {
	p := newPrinter(role)
	p.prints(keys)
	for _, q := range q {
		p.print(q)
	}
	return p.sum()
}
