package compile

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// checked is a source or asset of which the project says something besides what
// it is: columns and checks.
type checked struct {
	name    assets.Name
	what    string // "source" or "asset"
	columns []assets.DeclaredColumn
	checks  []assets.Check
}

// String names it in a message: asset "mart.sales".
func (s checked) String() string { return fmt.Sprintf("%s %q", s.what, s.name) }

// checked lists all sources and assets, each kind by name.
func (c *compiler) checked() []checked {
	list := make([]checked, 0, len(c.project.Sources)+len(c.project.Assets))
	for _, name := range assets.SortedNames(c.project.Sources) {
		s := c.project.Sources[name]
		list = append(list, checked{name, "source", s.Columns, s.Checks})
	}
	for _, name := range assets.SortedNames(c.project.Assets) {
		a := c.project.Assets[name]
		list = append(list, checked{name, "asset", a.Columns, a.Checks})
	}
	return list
}

// readsAsset reports a source's check that reads an asset: it runs before
// anything is built, and would see what an earlier run left.
func (c *compiler) readsAsset(of checked, check assets.Check, read assets.Name, at hcl.Range) bool {
	if of.what != "source" || c.project.Assets[read] == nil {
		return false
	}
	c.report(&hcl.Diagnostic{Severity: hcl.DiagError,
		Summary: fmt.Sprintf("A check of a source reads asset %q", read),
		Detail: fmt.Sprintf("A source is judged before anything is built, so check %q of %s can read sources only. Put the check on asset %q, or on one that reads the source.",
			check.ID(), of, read),
		Subject: at.Ptr()})
	return true
}
