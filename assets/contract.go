package assets

import "strings"

// Contract says what the column blocks of an asset promise together.
type Contract string

const (
	Open   Contract = "open"   // the declared columns are there, and maybe others
	Strict Contract = "strict" // the declared columns are there, and no others
)

// SensitiveColumns are the names of a's columns whose values nobody is to see.
func (a *Asset) SensitiveColumns() []string {
	var names []string
	for _, c := range a.Columns {
		if c.Sensitive {
			names = append(names, c.Name)
		}
	}
	return names
}

// DeclaredColumn is the column block of that name, in any case, or nil.
func (a *Asset) DeclaredColumn(name string) *DeclaredColumn {
	for i := range a.Columns {
		if strings.EqualFold(a.Columns[i].Name, name) {
			return &a.Columns[i]
		}
	}
	return nil
}
