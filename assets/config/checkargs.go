package config

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/seed-4311623e/assets/assets"
)

// readCommon reads the arguments that all kinds of check have.
func (l *loader) readCommon(a *args, b *hclsyntax.Block, c *assets.Check) {
	c.Label, c.Description, c.Tags = a.filled("name"), a.text("description"), a.texts("tags")
	c.Severity = assets.Error
	if text := a.filled("severity"); text != "" {
		c.Severity = assets.Severity(text)
		if c.Severity != assets.Error && c.Severity != assets.Warn {
			a.wrong("severity", fmt.Sprintf("Unsupported severity %q", text), "It is \"error\", which keeps bad data from being published, or \"warn\", which records it.")
		}
	}
	if expr := a.expr("where"); expr != nil {
		if sql, ok := a.s.sql(expr, "where", a.what); ok {
			c.Where, c.WhereRange = withoutEnd(sql), expr.Range()
			if strings.TrimSpace(c.Where.Text) == "" {
				a.wrong("where", "\"where\" is empty", "Write a condition: only rows that meet it are looked at.")
			}
		}
	}
	if c.Kind == assets.Query && a.has("where") {
		a.wrong("where", "A check \"sql\" has no \"where\"", "Which rows violate the rule says the query itself: put the condition there.")
	}
	c.Tolerance = a.tolerance()
	c.Limit = a.count("limit")
}

// readSchema reads which columns may vanish and change type.
func (l *loader) readSchema(a *args, c *assets.Check) {
	c.Allow = a.texts("allow")
	for _, name := range []string{"where", "tolerance"} {
		if a.has(name) {
			a.wrong(name, fmt.Sprintf("A check \"schema\" has no %q", name), "It looks at no rows, only at which columns there are. Those that may vanish or change type are named by `allow`: allow = [\"note\"].")
		}
	}
}

// notBuilt says why nothing is put aside of a source.
func (l *loader) notBuilt(a *args) {
	for _, name := range []string{"quarantine", "max_share"} {
		if a.has(name) {
			a.wrong(name, "Nothing is put aside of a source", "A source is read as it is delivered, not built. Put the check, with quarantine, on the asset that reads it; or take the argument out: then a violation keeps the delivery from being read.")
			return
		}
	}
}

// readQuarantine reads whether violating rows are put aside, and how many may be.
// That of a view nothing can be is said in mayQuarantine.
func (l *loader) readQuarantine(a *args, c *assets.Check) {
	if c.Quarantine = a.boolean("quarantine", false); c.Quarantine {
		c.MaxShare = 1
	}
	if share, ok := a.share("max_share"); ok {
		c.MaxShare = share
	}
	switch {
	case a.has("max_share") && !c.Quarantine:
		a.wrong("max_share", "\"max_share\" without \"quarantine\"", "It says of how many rows at most are put aside. Without quarantine = true none are; how many may be wrong is `tolerance`.")
	case c.Quarantine && !c.JudgesRows():
		var kinds []string
		for _, k := range assets.RowKinds {
			kinds = append(kinds, string(k))
		}
		a.wrong("quarantine", "This check has no rows to put aside", fmt.Sprintf("It is not about single rows of the asset. Those that are: %s.", list(kinds)))
	case c.Quarantine && a.has("tolerance"):
		a.wrong("tolerance", "\"tolerance\" together with \"quarantine\"", "With quarantine = true every row that violates the check is put aside, so none is left to be tolerated. Of how many rows at most that may be done is `max_share`.")
	case c.Quarantine && c.Severity == assets.Warn && a.has("severity"):
		a.wrong("quarantine", "What only warns puts nothing aside", "Take severity = \"warn\" out, or quarantine = true: with that, bad rows are kept from being published and the others are not.")
	}
}

// mayQuarantine reports checks that would put rows of a view aside: it has none of
// its own. In readQuarantine nobody knows yet what the asset is made as.
func (l *loader) mayQuarantine(asset *assets.Asset) {
	for _, c := range asset.Checks {
		if c.Quarantine && asset.Kind == assets.View {
			l.report(problem(c.Decl, "A view has no rows to put aside", "It shows what it reads. Make it a table, or put the check with quarantine = true on the asset that has the rows."))
		}
	}
}

// readBounds reads min and max of between: any values that can be compared.
func (l *loader) readBounds(a *args, c *assets.Check) bool {
	for _, bound := range []struct {
		name string
		into *string
	}{{"min", &c.Low}, {"max", &c.High}} {
		v, ok := a.value(bound.name)
		if !ok {
			continue
		}
		if !v.Type().IsPrimitiveType() || v.Type() == cty.Bool {
			a.must(bound.name, "a number or a string, such as a date")
			return false
		}
		*bound.into = literal(v)
		c.ArgRange = a.at(bound.name, c.ArgRange)
	}
	return c.Low != "" || c.High != ""
}

// readCounts reads min and max as whole numbers of something.
func (l *loader) readCounts(a *args, c *assets.Check, none string) bool {
	c.Min, c.Max = a.count("min"), a.count("max")
	if c.Min != nil && c.Max != nil && *c.Min > *c.Max {
		a.wrong("max", "\"max\" is less than \"min\"", fmt.Sprintf(none, *c.Min, *c.Max))
	}
	return a.has("min") == (c.Min != nil) && a.has("max") == (c.Max != nil)
}

// readChange reads how much the number of rows may change.
func (l *loader) readChange(a *args, c *assets.Check) {
	var band assets.Band
	for _, bound := range []struct {
		name string
		into **float64
	}{{"min_change", &band.Min}, {"max_change", &band.Max}} {
		if v, ok := a.signedShare(bound.name); ok {
			*bound.into = &v
		}
	}
	if band.Min != nil || band.Max != nil {
		c.Change = &band
	}
	if band.Min != nil && band.Max != nil && *band.Min > *band.Max {
		a.wrong("max_change", "\"max_change\" is less than \"min_change\"", "No change is at least the one and at most the other.")
	}
}

// readSeries reads what orders and divides the rows of a series.
func (l *loader) readSeries(a *args, c *assets.Check) {
	c.Within = a.texts("within")
	if c.Kind == assets.Increasing {
		c.OrderBy, c.Strict = a.texts("order_by"), a.boolean("strict", false)
		return
	}
	if v, ok := a.value("step"); ok {
		switch v.Type() {
		case cty.Number:
			if v.AsBigFloat().Sign() <= 0 {
				a.wrong("step", "\"step\" must be more than nothing", "Say how far one value is from the next: step = 1, or step = \"1 day\".")
				return
			}
			c.Step = literal(v)
		case cty.String:
			c.Step = literal(v)
		default:
			a.must("step", "a number, or a string such as \"1 day\"")
		}
	}
}

// readDistribution reads what is compared with earlier versions, and how.
func (l *loader) readDistribution(a *args, b *hclsyntax.Block, c *assets.Check) bool {
	e := assets.Deviation{Last: 10}
	if n := a.count("last"); n != nil {
		e.Last = int(*n)
		if *n < 2 {
			a.wrong("last", "\"last\" must be at least 2", "A mean of one version tells nothing about how much they differ.")
		}
	}
	statistic := a.filled("statistic")
	if statistic != "" && !isStatistic(statistic) {
		a.wrong("statistic", fmt.Sprintf("Unsupported statistic %q", statistic), "It is \"mean\", \"null_rate\", \"distinct_count\", or a quantile as \"q50\", \"q95\".")
	}
	c.Statistic = assets.Statistic(statistic)
	var good bool
	if e.ZScore, good = a.positive("z_score"); a.has("z_score") && !good {
		return false
	}
	if e.Band, good = a.share("band"); a.has("band") && !good {
		return false
	}
	c.Deviation = &e
	switch {
	case !a.has("statistic"):
		l.report(problem(b.DefRange(), "Missing argument \"statistic\"", "Say what is compared with earlier versions: statistic = \"mean\", \"null_rate\", \"distinct_count\", or a quantile as \"q95\"."))
		return false
	case a.has("z_score") == a.has("band"):
		l.report(problem(b.DefRange(), "Say how far it may be off", "Either z_score = 3, in standard deviations of the last versions, or band = \"20%\", a share of their mean."))
		return false
	}
	return statistic != ""
}

func isStatistic(s string) bool {
	if n, err := strconv.Atoi(strings.TrimPrefix(s, "q")); err == nil && strings.HasPrefix(s, "q") {
		return n >= 0 && n <= 100
	}
	return s == "mean" || s == "null_rate" || s == "distinct_count"
}

// readReconcile reads the aggregates of both sides.
func (l *loader) readReconcile(a *args, c *assets.Check) bool {
	good := true
	for _, side := range []struct {
		name string
		into *assets.SQL
	}{{"expression", &c.SQL}, {"to_expression", &c.ToSQL}} {
		expr := a.expr(side.name)
		if expr == nil {
			continue
		}
		sql, ok := a.s.sql(expr, side.name, a.what)
		if good = good && ok; ok {
			*side.into = withoutEnd(sql)
			if strings.TrimSpace(side.into.Text) == "" {
				good = false
				a.wrong(side.name, fmt.Sprintf("%q is empty", side.name), "Write an aggregate: sum(amount), count(*).")
			}
		}
	}
	if !a.has("to_expression") {
		c.ToSQL = c.SQL
	}
	return good
}

// tolerance reads how much may be wrong: a number of rows, or a share as "1%".
func (a *args) tolerance() (t assets.Tolerance) {
	v, ok := a.value("tolerance")
	if !ok {
		return t
	}
	if v.Type() == cty.Number {
		if n, _ := v.AsBigFloat().Float64(); n >= 0 {
			t.Rows = n
			return t
		}
	}
	if v.Type() == cty.String {
		if share, ok := percent(v.AsString()); ok && share >= 0 {
			t.Share = share
			return t
		}
	}
	a.must("tolerance", "a number of rows, or a share as \"0.5%\"")
	return t
}

// share reads a share: 0.2, or "20%".
func (a *args) share(name string) (float64, bool) {
	share, ok := a.signedShare(name)
	if ok && (share < 0 || share > 1) {
		a.must(name, "a share between 0 and 1, or between \"0%\" and \"100%\"")
		return 0, false
	}
	return share, ok
}

// signedShare reads a share that may be negative, or more than all.
func (a *args) signedShare(name string) (float64, bool) {
	v, ok := a.value(name)
	if !ok {
		return 0, false
	}
	if v.Type() == cty.String {
		if share, ok := percent(v.AsString()); ok {
			return share, true
		}
	}
	if n, err := convert.Convert(v, cty.Number); err == nil {
		share, _ := n.AsBigFloat().Float64()
		return share, true
	}
	a.must(name, "a share: 0.2, or \"20%\"")
	return 0, false
}

// positive reads a number that is more than nothing.
func (a *args) positive(name string) (float64, bool) {
	v, ok := a.value(name)
	if !ok {
		return 0, false
	}
	if n, err := convert.Convert(v, cty.Number); err == nil && n.AsBigFloat().Cmp(big.NewFloat(0)) > 0 {
		f, _ := n.AsBigFloat().Float64()
		return f, true
	}
	a.must(name, "a number, more than nothing")
	return 0, false
}

// percent reads "20%" as 0.2.
func percent(text string) (float64, bool) {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(text), "%")
	if !isPercent {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	return n / 100, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

// missingArg reports that a check lacks an argument, unless it is there and wrong,
// which was said.
func (l *loader) missingArg(a *args, decl hcl.Range, name, detail string) {
	if !a.has(name) {
		l.report(problem(decl, fmt.Sprintf("Missing argument %q", name), detail))
	}
}
