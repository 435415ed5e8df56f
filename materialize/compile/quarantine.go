package compile

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// checkQuarantine reports checks whose violating rows cannot be put aside.
func (c *compiler) checkQuarantine(a *assets.Asset, columns []assets.Column) {
	quarantining := assets.Quarantining(a.Checks)
	if len(quarantining) == 0 {
		return
	}
	if at := find(columns, "rowid"); at >= 0 {
		c.report(&hcl.Diagnostic{Severity: hcl.DiagError,
			Summary: fmt.Sprintf("The column %q hides which row is which", columns[at].Name),
			Detail:  "To put rows aside, they are told apart by the number that DuckDB gives each under this name. Call the column something else, or take quarantine = true out.",
			Subject: quarantining[0].Decl.Ptr()})
	}
	for _, check := range c.checks {
		// Which rows go is decided when the table was just made: others may not be made
		// yet, and an answer that depends on other rows changes when some are gone.
		reads := slices.IndexFunc(check.parsed.Refs, func(r lineage.Ref) bool { return r.Offset >= len(check.prefix) })
		if check.of.name != a.Name || !check.check.Quarantine || check.broken || reads < 0 {
			continue
		}
		ref := check.parsed.Refs[reads]
		c.report(&hcl.Diagnostic{Severity: hcl.DiagError,
			Summary: "A check that puts rows aside reads a table",
			Detail:  fmt.Sprintf("It reads %s, and may look at nothing but the row. Join what it needs in the asset's SQL, or take quarantine = true out.", ref.Name),
			Subject: place(check.sql, ref.Offset, len(check.prefix), check.at).Ptr()})
	}
}
