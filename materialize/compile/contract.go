package compile

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// checkStrict reports the columns that an asset of a strict contract has and does not
// declare, all at once, with the blocks that would declare them.
func (c *compiler) checkStrict(a *assets.Asset, columns []assets.Column) {
	if a.Contract != assets.Strict {
		return
	}
	var names []string
	var blocks strings.Builder
	for _, column := range columns {
		if a.DeclaredColumn(column.Name) == nil {
			names = append(names, column.Name)
			fmt.Fprintf(&blocks, "\ncolumn %s { type = %s }", quoted(column.Name), quoted(column.Type))
		}
	}
	if names == nil {
		return
	}
	what, them := fmt.Sprintf("Column %q is not in the contract", names[0]), "it"
	if len(names) > 1 {
		what, them = fmt.Sprintf("%d columns are not in the contract", len(names)), "them"
	}
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: what, Subject: a.ContractRange.Ptr()}
	by := ""
	if a.ContractRange == a.Decl {
		by = " by the project's defaults"
	}
	d.Detail = fmt.Sprintf("The contract of asset %q is strict%s: it has the declared columns and no others. Its SQL also gives %s. "+
		"Leave %s out of the SQL, write contract = \"open\", or declare %s:\n%s", a.Name, by, strings.Join(names, ", "), them, them, blocks.String())
	if len(a.Columns) == 0 {
		d.Summary = "A strict contract without columns"
		d.Detail = fmt.Sprintf("Asset %q declares no column, and a strict contract allows no others. Leave the contract out, or declare what its SQL gives:\n%s",
			a.Name, blocks.String())
	}
	c.report(d)
}

// quoted writes a string as HCL has it.
func quoted(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(fmt.Sprintf("%q", s))
}
