package warehouse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// A relation's content is identified by its schema, its number of rows, and the
// exclusive or and the sum of a hash of each row. No part depends on the order of
// rows; sum and count see repeated rows, which an exclusive or alone does not.
//
// Two contents count as equal although a person could tell them apart in one
// case: a FLOAT or DOUBLE 0.0 and -0.0. The other way round, equal contents may
// get different digests if a MAP's entries are in another order.

// RowOrder stands among columns for the place of a row: a digest with it changes
// when the same rows lie in another order.
var RowOrder = assets.Column{Name: lineage.RowOrder, Type: "BIGINT"}

// HashRow is a SQL expression for the hash of one row of columns, a UBIGINT. Of no
// columns it is a constant: only the number of rows counts then.
func HashRow(columns []assets.Column) string {
	if len(columns) == 0 {
		return "0::UBIGINT"
	}
	var args []string
	for _, c := range columns {
		if c == RowOrder {
			args = append(args, "row_number() OVER ()")
			continue
		}
		name := Ident(c.Name)
		args = append(args, name)
		if !hashesWhole(c.Type) {
			args = append(args, name+"::VARCHAR")
		}
	}
	// DuckDB combines the hashes of columns by exclusive or, so that swapping two
	// values of a column would leave the exclusive or over all rows as it was, and
	// the sum too once in 10^8. The outer hash mixes each row on its own.
	return "hash(hash(" + strings.Join(args, ", ") + "))"
}

// HashSums is a SQL aggregate over h, a UBIGINT expression such as the result of
// HashRow: what [ContentDigest] needs besides the number of rows, as VARCHAR.
func HashSums(h string) string {
	// As text: the driver refuses integers with the highest bit set. The sum of
	// UBIGINT is a HUGEINT, which no number of rows makes overflow.
	return "concat(bit_xor(" + h + "), ' ', sum(" + h + "))"
}

// HashQuery is a statement that yields one row, the number of rows (BIGINT) and
// the sums (VARCHAR) that [ContentDigest] makes the digest of a relation's columns from.
func HashQuery(relation string, columns []assets.Column) string {
	return "SELECT count(*), " + HashSums("h") + " FROM (SELECT " + HashRow(columns) + " AS h FROM " + relation + ")"
}

// ContentDigest is the digest of a relation: of a whole table with its columns in
// their order, of a projection with the columns sorted by name. Its scheme names
// the engine, whose hash function may change from version to version.
func ContentDigest(columns []assets.Column, rows int64, sums string) assets.Digest {
	parts := make([]string, 0, 2*len(columns)+2)
	for _, c := range columns {
		parts = append(parts, c.Name, c.Type)
	}
	return assets.NewDigest("h2-"+Engine(), append(parts, strconv.FormatInt(rows, 10), sums)...)
}

// OrderedDigest is the digest of a relation to whose readers the order of rows matters,
// of that of its content and that of its content in order.
func OrderedDigest(content, inOrder assets.Digest) assets.Digest {
	return assets.NewDigest(content.Scheme(), string(content), string(inOrder))
}

// plain are the types whose hash differs whenever the values do, 0.0 and -0.0 aside.
var plain = []string{
	"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT",
	"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
	"FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "JSON", "BLOB", "BIT", "ENUM",
	"DATE", "TIME", "TIME_NS", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS",
	"TIME WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE",
}

// hashesWhole reports whether DuckDB's hash tells the values of a type apart. It
// gives one hash to 1 month and 30 days, to NULL, [] and [NULL], to [0] and
// [0, 0]; and what has 128 bits (HUGEINT, UUID, wide DECIMAL) gets the exclusive or
// of the hashes of its halves, which forgets which is which. What those print as differs.
func hashesWhole(typ string) bool {
	if strings.HasSuffix(typ, "]") {
		return false
	}
	var width int
	if fmt.Sscanf(typ, "DECIMAL(%d,", &width); width > 18 {
		return false
	}
	name, _, _ := strings.Cut(typ, "(")
	return slices.Contains(plain, name)
}
