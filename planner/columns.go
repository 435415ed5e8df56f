package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// columnsDiff says in words how two lists of columns differ.
func columnsDiff(was, is []assets.Column) string {
	var parts []string
	for _, c := range is {
		switch old := typeOf(was, c.Name); {
		case old == "":
			parts = append(parts, "added "+c.Name)
		case old != c.Type:
			parts = append(parts, fmt.Sprintf("%s from %s to %s", c.Name, old, c.Type))
		}
	}
	for _, c := range was {
		if typeOf(is, c.Name) == "" {
			parts = append(parts, "removed "+c.Name)
		}
	}
	if len(parts) == 0 {
		return "another order"
	}
	return strings.Join(parts, ", ")
}

// typeOf is the type of the column of that name, or "".
func typeOf(columns []assets.Column, name string) string {
	i := slices.IndexFunc(columns, func(c assets.Column) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return ""
	}
	return columns[i].Type
}

// missingFrom lists the members of list that set lacks, sorted.
func missingFrom(set, list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(set, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}
