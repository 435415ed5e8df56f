package config

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// shortestRetention is the least that may be said of how long something is kept: what
// a person wants to look at in the morning has to be there still.
const shortestRetention = 24 * time.Hour

var retentionSchema = schema{
	args: []string{"versions", "runs", "checks", "observations"},
	instead: map[string]string{
		"breaches": "Breaches are kept for good: they are small, and the share of each month is computed from them.",
		"days":     `Say how long what is kept: runs = "30d", checks = "90d", observations = "90d".`,
		"records":  "Records of what runs did are kept as long as the runs themselves: `runs`.",
	},
}

// readRetention reads what a project keeps of the past. What it does not say stays as
// it is by default.
func (l *loader) readRetention(s *scope, b *hclsyntax.Block) {
	const what = "the retention block"
	l.noLabels(b)
	l.fits(b.Body, retentionSchema, what)
	a := l.args(s, b.Body, what)
	r := &l.project.Retention
	if n := a.count("versions"); n != nil && *n > 1 {
		a.wrong("versions", "\"versions\" is 0 or 1", "It is how many old versions of each table are kept, to be compared with. More than the previous one are not kept.")
	} else if n != nil {
		r.Versions = int(*n)
	}
	for name, to := range map[string]*time.Duration{"runs": &r.Runs, "checks": &r.Checks, "observations": &r.Observations} {
		d, ok := a.duration(name)
		switch {
		case !ok:
		case d < shortestRetention:
			a.wrong(name, fmt.Sprintf("%q is too short", name), `Keep the past for a day at least: "1d".`)
		default:
			*to = d
		}
	}
}
