package planner

import (
	"fmt"
	"slices"
)

// drifted: what is published is not as it was left. A view has no table of its own.
func drifted(n *node) []Reason {
	found, last := n.found, n.last
	if found == nil {
		found = &Found{}
	}
	table, view := last.Table != "", "its view"
	if table {
		view = "the view it is published as"
	}
	var why string
	switch {
	case found.Kind == "" && table && found.Table == "":
		why = "its table and " + view + " were dropped"
	case found.Kind == "":
		why = view + " was dropped"
	case found.Kind != "view":
		why = fmt.Sprintf("%s was replaced by a %s", view, found.Kind)
	case table && found.Table == "":
		why = "its table was dropped"
	case found.View != last.View:
		why = view + " was replaced"
	case table && !slices.Equal(found.Columns, last.Made.Columns):
		why = "the columns of its table changed: " + columnsDiff(last.Made.Columns, found.Columns)
	case table && found.Rows != last.Rows:
		why = fmt.Sprintf("the row count of its table changed: %d → %d", last.Rows, found.Rows)
	default:
		return nil
	}
	return []Reason{{Code: Drifted, Message: why}}
}

// dropped reports whether what was published can no longer be read: its view or its
// table is gone.
func dropped(n *node) bool {
	return n.found == nil || n.found.Kind == "" || n.found.Kind == "view" && n.last.Table != "" && n.found.Table == ""
}

// forcedByUser: it is asked for by name.
func (m *model) forcedByUser(n *node) []Reason {
	if !m.forced[n.asset.Name] {
		return nil
	}
	return []Reason{{Code: Forced, Message: "asked for by -replace"}}
}
