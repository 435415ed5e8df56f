package view

import (
	"fmt"
	"io"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// CoverageJSON says of how many assets the columns are followed through their
// SQL, and of which they could only be assumed.
type CoverageJSON struct {
	Followed int           `json:"followed"`
	Assumed  []AssumedJSON `json:"assumed"`
}

// AssumedJSON is an asset that is taken to use all of its inputs, and why.
type AssumedJSON struct {
	Asset   assets.Name `json:"asset"`
	Because string      `json:"because"`
}

func coverage(g *lineage.Graph) *CoverageJSON {
	c := &CoverageJSON{Assumed: []AssumedJSON{}}
	for _, name := range g.Order {
		switch node := g.Nodes[name]; {
		case node.Bound.Because != "":
			c.Assumed = append(c.Assumed, AssumedJSON{name, node.Bound.Because})
		case node.Unbound == "":
			c.Followed++
		}
	}
	return c
}

// LineageCoverage writes of which assets the columns are followed.
func LineageCoverage(w io.Writer, g *lineage.Graph, style Style) {
	c := coverage(g)
	switch {
	case len(c.Assumed)+c.Followed == 0:
		return
	case len(c.Assumed) == 0:
		fmt.Fprintf(w, "Columns are followed through the SQL of %s.\n", allOf(c.Followed))
		return
	}
	fmt.Fprintf(w, "Columns are followed through the SQL of %s. Of these all columns are taken to depend on all that they read:\n", Count(c.Followed, "asset"))
	for _, a := range c.Assumed {
		fmt.Fprintf(w, "  %s  %s\n", style.Bold(a.Asset.String()), a.Because)
	}
}

func allOf(n int) string {
	if n == 1 {
		return "the only asset"
	}
	return "all " + Count(n, "asset")
}
