package session

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// Locate resolves what a person calls an asset, a source or a column of one:
// NAME, or NAME.COLUMN. An asset of that name comes before a column. The column
// is spelled as it is declared, and empty if none is meant.
func (s *Session) Locate(text string) (name assets.Name, column string, diags hcl.Diagnostics) {
	if name, err := assets.ParseName(text); err == nil && s.knows(name) {
		return name, "", nil
	}
	// The longest name first: main may have an asset called as a schema is.
	for _, parts := range []int{2, 1} {
		owner, column, ok := cutAfter(text, parts)
		name, err := assets.ParseName(owner)
		if ok && err == nil && s.knows(name) {
			column, diags := s.column(name, column)
			return name, column, diags
		}
	}
	// It is nothing that is there: of which name is it a slip?
	if owner, _, ok := cutAfter(text, 2); ok {
		text = owner
	}
	names, diags := s.Select([]string{text})
	if !diags.HasErrors() && len(names) != 1 {
		diags = fault("Which asset?", fmt.Errorf("%s stands for %d assets: name one of them, or one of its columns as NAME.COLUMN", text, len(names)))
	}
	if diags.HasErrors() {
		return name, "", diags
	}
	return names[0], "", nil
}

// cutAfter splits text behind so many parts of a name.
func cutAfter(text string, parts int) (name, column string, ok bool) {
	at := -1
	for range parts {
		next := strings.IndexByte(text[at+1:], '.')
		if next < 0 {
			return "", "", false
		}
		at += 1 + next
	}
	return text[:at], text[at+1:], true
}

// knows reports whether a source or asset of that name is declared or published.
func (s *Session) knows(name assets.Name) bool {
	_, published := s.State.Last[planner.Key{Asset: name}]
	return published || s.Project.Sources[name] != nil || s.Project.Assets[name] != nil
}

// column finds a column, also one that only the published version has.
func (s *Session) column(name assets.Name, want string) (string, hcl.Diagnostics) {
	if len(want) > 1 && want[0] == '"' && want[len(want)-1] == '"' {
		want = strings.ReplaceAll(want[1:len(want)-1], `""`, `"`)
	}
	var columns []assets.Column
	why := ""
	if node := s.Graph.Nodes[name]; node != nil {
		columns, why = node.Columns, node.Unbound
	}
	var names []string
	for _, list := range [][]assets.Column{columns, s.State.Last[planner.Key{Asset: name}].Made.Columns} {
		for _, c := range list {
			if strings.EqualFold(c.Name, want) {
				return c.Name, nil
			}
		}
		if names == nil {
			for _, c := range list {
				names = append(names, c.Name)
			}
		}
	}
	detail := fmt.Sprintf("%s has the columns %s.", name, strings.Join(names, ", "))
	switch near := lineage.Nearest(want, names); {
	case len(names) == 0 && why != "":
		detail = fmt.Sprintf("The columns of %s are not known: %s.", name, why)
	case len(names) == 0:
		detail = fmt.Sprintf("The columns of %s are not known.", name)
	case len(near) > 0:
		detail = fmt.Sprintf("Did you mean %s? %s", strings.Join(near, " or "), detail)
	}
	return "", hcl.Diagnostics{{Severity: hcl.DiagError, Summary: fmt.Sprintf("%s has no column %q", name, want), Detail: detail}}
}
