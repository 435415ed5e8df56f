package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
)

// readFreshness reads a freshness block of an asset or of the project's defaults.
func (l *loader) readFreshness(s *scope, b *hclsyntax.Block, of string) (assets.Freshness, bool) {
	l.noLabels(b)
	what := "the freshness block of " + of
	l.fits(b.Body, freshnessSchema, what)
	a := l.args(s, b.Body, what)
	f := assets.Freshness{Decl: b.DefRange(), Timezone: a.timezone("timezone")}
	var ok bool
	f.MaxLag, ok = a.duration("max_lag")
	if !a.has("max_lag") {
		l.report(problem(b.DefRange(), "Missing argument \"max_lag\"", fmt.Sprintf("In %s, say how old the data may be at most: max_lag = \"24h\".", what)))
	}
	if f.At = a.filled("at"); f.At != "" && !a.ticks("at", f.At) {
		ok = false
	}
	switch {
	case f.Timezone == "":
	case !a.has("at"):
		a.wrong("timezone", "\"timezone\" without \"at\"", "A zone says when the ticks of a cron expression are. Without `at`, max_lag holds at every moment.")
	case calendar.IsInterval(f.At):
		a.noZone("at")
	}
	for i, text := range a.texts("sources") {
		n, err := assets.ParseName(text)
		if err != nil {
			l.report(problem(a.item("sources", i), "Invalid name", sentence(err.Error())))
			continue
		}
		f.Sources = append(f.Sources, n)
		l.refer(reference{name: n, at: a.item("sources", i), sourceOnly: true})
	}
	return f, ok
}
