package compile

import (
	"encoding/binary"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// A bound statement in the cache: the input columns that anything comes from, and
// then all else, which refers to them by their number.

func (c *cache) addBound(key sum, bound lineage.Bound) {
	w := boundWriter{numbers: map[lineage.Origin]uint64{}}
	w.origins(bound.RowsFrom)
	w.origins(bound.OrderFrom)
	w.body = binary.AppendUvarint(w.body, uint64(len(bound.Outputs)))
	for _, o := range bound.Outputs {
		w.body = appendString(appendString(appendString(w.body, o.Name), o.Type), string(o.Print))
		w.origins(o.From)
		w.origins(o.Ties)
		w.body = appendBool(w.body, o.Constant)
	}
	b := binary.AppendUvarint(nil, uint64(len(w.columns)))
	for _, o := range w.columns {
		b = appendString(appendName(b, o.Input), o.Column)
	}
	b = append(b, w.body...)
	b = binary.AppendUvarint(b, uint64(len(bound.Uses)))
	for _, name := range assets.SortedNames(bound.Uses) {
		b = appendStrings(appendName(b, name), bound.Uses[name])
	}
	for _, s := range []string{string(bound.Meaning), string(bound.Rows), string(bound.Order), bound.Because} {
		b = appendString(b, s)
	}
	b = appendStrings(b, bound.Volatile)
	c.added[key] = string(appendBool(b, bound.Assumed))
}

type boundWriter struct {
	numbers map[lineage.Origin]uint64 // without Via
	columns []lineage.Origin
	body    []byte
}

func (w *boundWriter) origins(origins []lineage.Origin) {
	w.body = binary.AppendUvarint(w.body, uint64(len(origins)))
	for _, o := range origins {
		key := lineage.Origin{Input: o.Input, Column: o.Column}
		n, ok := w.numbers[key]
		if !ok {
			n = uint64(len(w.columns))
			w.numbers[key] = n
			w.columns = append(w.columns, key)
		}
		w.body = binary.AppendUvarint(binary.AppendUvarint(w.body, n), uint64(o.Via))
	}
}

func (c *cache) bound(key sum, into *lineage.Bound) bool {
	answer, ok := c.get(key)
	if !ok {
		return false
	}
	r := boundReader{reader: reader{text: answer}}
	r.columns = make([]lineage.Origin, 0, r.count())
	for range cap(r.columns) {
		r.columns = append(r.columns, lineage.Origin{Input: r.name(), Column: r.string()})
	}
	var b lineage.Bound
	b.RowsFrom = r.origins()
	b.OrderFrom = r.origins()
	b.Outputs = make([]lineage.Output, r.count())
	for i := range b.Outputs {
		b.Outputs[i] = lineage.Output{Column: assets.Column{Name: r.string(), Type: r.string()}, Print: lineage.Print(r.string()), From: r.origins(), Ties: r.origins(), Constant: r.number() == 1}
	}
	uses := r.count()
	b.Uses = make(map[assets.Name][]string, uses)
	for range uses {
		name := r.name()
		b.Uses[name] = r.strings()
	}
	b.Meaning, b.Rows, b.Order = assets.Digest(r.string()), lineage.Print(r.string()), lineage.Print(r.string())
	b.Because = r.string()
	b.Volatile = orNil(r.strings())
	b.Assumed = r.number() == 1
	*into = b
	return r.end()
}

type boundReader struct {
	reader
	columns []lineage.Origin
}

func (r *boundReader) origins() []lineage.Origin {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]lineage.Origin, n)
	for i := range out {
		at, via := r.number(), r.number()
		if at >= uint64(len(r.columns)) {
			r.bad = true
			return nil
		}
		out[i] = r.columns[at]
		out[i].Via = lineage.Via(via)
	}
	return out
}
