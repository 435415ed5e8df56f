package view

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// PromiseWarnings are the policies that cannot be promised, each where it is declared.
// Of a default that is too tight for many assets the one that takes longest is named.
func PromiseWarnings(in planner.Input) hcl.Diagnostics {
	var longest []planner.Unkept
	at := map[hcl.Range]int{}
	for _, u := range planner.Unpromised(in) {
		i, known := at[u.Decl]
		switch {
		case !known || u.Of != (assets.Name{}): // blocks of for_each stand at one place
			at[u.Decl] = len(longest)
			longest = append(longest, u)
		case u.Chain > longest[i].Chain:
			longest[i] = u
		}
	}
	var diags hcl.Diagnostics
	for _, u := range longest {
		lag := lagText(u.MaxLag.Seconds())
		diags = append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagWarning,
			Summary:  fmt.Sprintf("The policy of %s cannot be promised", u.Asset),
			Detail: fmt.Sprintf("To build it and all that it needs takes about %s, and max_lag is %s. While sources keep moving, what is visible may be as old as two builds. "+
				"Allow a max_lag of %s or more, or make the builds faster.", chainText(u.Chain), lag, chainText(roomy(u.Chain))),
			Subject: u.Decl.Ptr(),
		})
	}
	return diags
}

// roomy is a max_lag, in whole minutes, that builds which take this long leave room in.
func roomy(chain time.Duration) time.Duration {
	const minute = time.Minute
	return (2*chain + minute - 1) / minute * minute
}

func chainText(d time.Duration) string {
	if d >= time.Minute {
		return lagText(d.Round(time.Second).Seconds())
	}
	return Seconds(d.Seconds())
}
