package assets

import "strings"

// Unread says which names a project declares that are neither among its sources nor
// its assets, because a mistake keeps their block from being read. To miss one
// of them is no second mistake.
type Unread struct {
	Names map[Name]bool
	// Prefixes begin names whose rest is not known, as those that for_each would have
	// made. An empty one stands for any name.
	Prefixes []string
}

// Has reports whether n is, or may be, such a name.
func (u Unread) Has(n Name) bool {
	if u.Names[n] {
		return true
	}
	for _, prefix := range u.Prefixes {
		if strings.HasPrefix(n.String(), prefix) || strings.HasPrefix(n.Schema+"."+n.Table, prefix) {
			return true
		}
	}
	return false
}
