package compile

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// checkInputBlocks reports input blocks about assets that the SQL does not read.
func (c *compiler) checkInputBlocks() {
	for _, name := range assets.SortedNames(c.project.Assets) {
		node := c.graph.Nodes[name]
		if node == nil || c.broken[name] {
			continue
		}
		for _, rule := range c.project.Assets[name].Inputs {
			if c.project.Assets[rule.Name] == nil || slices.Contains(node.Inputs, rule.Name) {
				continue
			}
			c.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("%s is no input", rule.Name), Subject: rule.Decl.Ptr(),
				Detail: fmt.Sprintf("The SQL of asset %q does not read it. Take the block out, or name an asset that is read.", name)})
		}
	}
}
