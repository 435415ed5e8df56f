package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// takes says what columns a kind of check can be about.
type takes struct {
	what string
	fits func(typ string) bool
}

var takesTypes = map[assets.CheckKind]takes{
	assets.Length:  {"text or lists", func(t string) bool { return isText(t) || strings.HasSuffix(t, "]") || t == "BLOB" || t == "BIT" }},
	assets.Matches: {"text", isText},
	assets.NoGaps:  {"whole numbers, dates and times", func(t string) bool { return isWhole(t) || isTime(t) }},
	assets.Recency: {"dates and times", isTime},
}

func isText(t string) bool  { return t == "VARCHAR" || t == "JSON" || strings.HasPrefix(t, "ENUM") }
func isTime(t string) bool  { return t == "DATE" || strings.HasPrefix(t, "TIMESTAMP") }
func isWhole(t string) bool { return strings.HasSuffix(t, "INT") || t == "INTEGER" || t == "UINTEGER" }
func isNumber(t string) bool {
	base, _, _ := strings.Cut(t, "(")
	return base == "DECIMAL" || slices.Contains(numeric, base)
}

// checkTypesOf reports checks that are about columns of a type they cannot judge.
func (c *compiler) checkTypesOf(of checked, columns []assets.Column) {
	for _, check := range of.checks {
		accepts, restricted := takesTypes[check.Kind]
		if check.Kind == assets.Distribution && check.Statistic != "null_rate" && check.Statistic != "distinct_count" {
			accepts, restricted = takes{"numbers", isNumber}, true
		}
		if !restricted {
			continue
		}
		for _, name := range check.Columns {
			if at := find(columns, name); at >= 0 && !accepts.fits(columns[at].Type) {
				c.report(&hcl.Diagnostic{Severity: hcl.DiagError,
					Summary: fmt.Sprintf("Column %q cannot be checked for this", columns[at].Name),
					Detail:  fmt.Sprintf("A check %q is for %s, and in %s the column is of type %s.", check.Kind, accepts.what, of, columns[at].Type),
					Subject: check.ArgRange.Ptr()})
			}
		}
	}
}
