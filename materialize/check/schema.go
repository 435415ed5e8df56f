package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// schema judges which columns there are by those that a version before had: none of
// them may have vanished or changed its type. Without a version before it is silent.
func (s Scan) schema(c assets.Check) measured {
	var vanished, changed, names []string
	for _, was := range s.Baseline {
		if slices.ContainsFunc(c.Allow, func(name string) bool { return strings.EqualFold(name, was.Name) }) {
			continue
		}
		at := slices.IndexFunc(s.Columns, func(is assets.Column) bool { return strings.EqualFold(is.Name, was.Name) })
		switch {
		case at < 0:
			vanished = append(vanished, was.Name)
		case s.Columns[at].Type != was.Type:
			changed = append(changed, fmt.Sprintf("%s from %s to %s", was.Name, was.Type, s.Columns[at].Type))
		default:
			continue
		}
		names = append(names, fmt.Sprintf("%q", was.Name))
	}
	var parts []string
	if vanished != nil {
		parts = append(parts, "gone: "+strings.Join(vanished, ", "))
	}
	if changed != nil {
		parts = append(parts, "changed type: "+strings.Join(changed, ", "))
	}
	m := measured{violations: int64(len(names))}
	if names != nil {
		m.note = fmt.Sprintf("columns are not what they were. %s. If that is meant, accept it with allow = [%s]", strings.Join(parts, "; "), strings.Join(names, ", "))
	}
	return m
}
