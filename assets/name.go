package assets

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Name is the name of a source or asset: the same in HCL, in SQL, in the
// warehouse and on the command line. Both parts are lower case; a name written
// without a schema belongs to the schema "main".
type Name struct{ Schema, Table string }

var namePart = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// ParseName reads "schema.table" or "table", in any case.
func ParseName(s string) (Name, error) {
	parts := strings.Split(strings.ToLower(s), ".")
	if len(parts) == 1 {
		parts = []string{"main", parts[0]}
	}
	if len(parts) != 2 {
		return Name{}, fmt.Errorf("a name has at most two parts, schema.table, and %q has %d", s, len(parts))
	}
	for _, part := range parts {
		if !namePart.MatchString(part) {
			return Name{}, fmt.Errorf("%q is not a name: use letters, digits and underscores, as in staging.orders", s)
		}
	}
	return Name{parts[0], parts[1]}, nil
}

// MustName is ParseName for names known to be good; it panics on others.
func MustName(s string) Name {
	n, err := ParseName(s)
	if err != nil {
		panic(err)
	}
	return n
}

// String writes the name as a person would: without the schema "main".
func (n Name) String() string {
	if n.Schema == "main" || n.Schema == "" {
		return n.Table
	}
	return n.Schema + "." + n.Table
}

// Compare orders names by schema, then table.
func (n Name) Compare(m Name) int {
	return cmp.Or(strings.Compare(n.Schema, m.Schema), strings.Compare(n.Table, m.Table))
}

// MarshalText makes a Name a JSON string and a JSON object's key.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *Name) UnmarshalText(text []byte) (err error) {
	*n, err = ParseName(string(text))
	return err
}

// SortedNames returns the keys of m in order.
func SortedNames[V any](m map[Name]V) []Name {
	names := make([]Name, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.SortFunc(names, Name.Compare)
	return names
}
