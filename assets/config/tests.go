package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/seed-4311623e/assets/assets"
)

var testSchema = schema{
	args:   []string{"asset", "now"},
	blocks: []string{"given", "expect", "expect_error", "expect_check"},
	later:  []string{"for_each", "name", "description", "tags", "vars", "skip"},
	instead: map[string]string{
		"model": "Name the asset under test with `asset`: asset = \"schema.table\".",
		"input": "What an input holds is a block: given \"schema.table\" { rows = […] }.",
		"check": "What a check of the asset must find is a block: expect_check \"unique(id)\" { status = \"failed\" }.",
	},
}

var fixtureArgs = []string{"rows", "file", "sql"}

var (
	givenSchema       = schema{args: fixtureArgs, instead: map[string]string{"format": "The format of the file follows from its extension: .csv, .parquet or .json.", "row": "List the rows: rows = [{ id = 1 }]."}}
	expectSchema      = schema{args: append(slices.Clone(fixtureArgs), "ordered", "tolerance"), instead: givenSchema.instead}
	expectErrorSchema = schema{args: []string{"message"}}
	expectCheckSchema = schema{args: []string{"status", "violations"}}
)

var checkStatuses = []string{"passed", "warned", "failed"}

// test is a test with the places of what can only be judged when all is read.
type test struct {
	*assets.Test
	assetRange hcl.Range
	labels     []hcl.Range // of the expect_check blocks
}

// loadTests reads the test blocks and keeps those without mistakes; sources and
// assets are read already.
func (l *loader) loadTests() {
	seen := map[string]hcl.Range{}
	for _, f := range l.files {
		for _, b := range f.blocks("test") {
			mistakes := len(l.diags) // nobody else is reading now
			name, ok := l.label(b, "name")
			t := l.readTest(l.scopeOf(f.dir), b, name)
			if !ok {
				continue
			}
			if first, taken := seen[name]; taken {
				l.duplicate(fmt.Sprintf("test %q", name), first, b.DefRange())
				continue
			}
			seen[name] = b.DefRange()
			// What would be found out about half a test would only follow from its mistakes.
			if l.checkTest(t) && len(l.diags) == mistakes {
				l.project.Tests = append(l.project.Tests, t.Test)
			}
		}
	}
}

func (l *loader) readTest(s *scope, b *hclsyntax.Block, name string) test {
	what := l.blockName(b)
	l.fits(b.Body, testSchema, what)
	a := l.args(s, b.Body, what)
	t := test{Test: &assets.Test{Name: name, Decl: b.DefRange()}, assetRange: a.at("asset", b.DefRange())}
	if text := a.filled("asset"); text != "" {
		if n, err := assets.ParseName(text); err != nil {
			a.wrong("asset", "Invalid name", sentence(err.Error()))
		} else {
			t.Asset = n
		}
	} else if !a.has("asset") {
		l.report(problem(b.DefRange(), "Missing argument \"asset\"", "Say which asset is tested: asset = \"mart.daily_sales\"."))
	}
	t.Now = a.moment("now")
	inputs := map[assets.Name]hcl.Range{}
	for _, inner := range b.Body.Blocks {
		switch inner.Type {
		case "given":
			l.readGiven(a, inner, t.Test, inputs)
		case "expect":
			l.readExpect(a, inner, t.Test)
		case "expect_error":
			l.readExpectError(a, inner, t.Test)
		case "expect_check":
			l.readExpectCheck(a, inner, &t)
		}
	}
	switch expects := t.Expect != nil || len(t.Checks) > 0; {
	case t.Error != nil && expects:
		l.report(problem(t.Error.Decl, "An expected error beside other expectations", "Where the SQL fails there are no rows and nothing to check. Make two tests of this one."))
	case t.Error == nil && !expects && !slices.ContainsFunc(b.Body.Blocks, func(b *hclsyntax.Block) bool { return strings.HasPrefix(b.Type, "expect") }):
		l.report(problem(b.DefRange(), "A test that expects nothing", "Say what must come out, with a block expect { rows = […] }, expect_error { … } or expect_check \"…\" { … }."))
	}
	return t
}

// moment reads a point of time with its zone.
func (a *args) moment(name string) time.Time {
	text := a.filled(name)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 {
			return t.UTC()
		}
	}
	a.wrong(name, fmt.Sprintf("%q must be a moment", name), `Write a date, a time and a zone, "2024-01-02T08:00:00Z" or "2024-01-02T09:00:00+01:00"; or a date, "2024-01-02", for its beginning in UTC.`)
	return time.Time{}
}

func (l *loader) readGiven(of *args, b *hclsyntax.Block, t *assets.Test, inputs map[assets.Name]hcl.Range) {
	label, ok := l.label(b, "input's name")
	what := fmt.Sprintf("given %q of %s", label, of.what)
	l.fits(b.Body, givenSchema, what)
	g := assets.Given{Decl: b.DefRange()}
	fixture, good := l.readFixture(l.args(of.s, b.Body, what), b)
	if !ok {
		return
	}
	var err error
	if g.Input, err = assets.ParseName(label); err != nil {
		l.report(problem(b.LabelRanges[0], "Invalid name", sentence(err.Error())))
		return
	}
	if first, taken := inputs[g.Input]; taken {
		l.duplicate(fmt.Sprintf("given %q", g.Input), first, b.DefRange())
		return
	}
	inputs[g.Input] = b.DefRange()
	l.refer(reference{name: g.Input, at: b.LabelRanges[0]})
	if g.Fixture = fixture; good {
		t.Given = append(t.Given, g)
	}
}

func (l *loader) readExpect(of *args, b *hclsyntax.Block, t *assets.Test) {
	l.noLabels(b)
	what := "the expect block of " + of.what
	l.fits(b.Body, expectSchema, what)
	a := l.args(of.s, b.Body, what)
	fixture, ok := l.readFixture(a, b)
	e := &assets.Expected{Fixture: fixture, Ordered: a.boolean("ordered", false)}
	if v, given := a.value("tolerance"); given {
		if v, err := convert.Convert(v, cty.Number); err == nil && v.AsBigFloat().Sign() >= 0 {
			e.Tolerance, _ = v.AsBigFloat().Float64()
		} else {
			a.must("tolerance", "a number, zero or more")
		}
	}
	switch {
	case t.Expect != nil:
		l.report(problem(b.DefRange(), "Duplicate expect block", "A test expects one set of rows. Take this block out, or make two tests."))
	case ok:
		t.Expect = e
	}
}

func (l *loader) readExpectError(of *args, b *hclsyntax.Block, t *assets.Test) {
	l.noLabels(b)
	what := "the expect_error block of " + of.what
	l.fits(b.Body, expectErrorSchema, what)
	a := l.args(of.s, b.Body, what)
	e := &assets.ExpectedError{Decl: b.DefRange()}
	if text := a.filled("message"); text != "" {
		var err error
		if e.Message, err = regexp.Compile(text); err != nil {
			a.wrong("message", "Invalid regular expression", fmt.Sprintf("%s Regular expressions are Go's; a character that means itself is written with a backslash before it, doubled in a string: \"\\\\(\".", sentence(err.Error())))
		}
	}
	if t.Error != nil {
		l.report(problem(b.DefRange(), "Duplicate expect_error block", "SQL fails with one error. Take this block out, or the first."))
	}
	t.Error = e
}

func (l *loader) readExpectCheck(of *args, b *hclsyntax.Block, t *test) {
	id, ok := l.label(b, "check")
	what := fmt.Sprintf("expect_check %q of %s", id, of.what)
	l.fits(b.Body, expectCheckSchema, what)
	a := l.args(of.s, b.Body, what)
	c := assets.ExpectedCheck{ID: id, Status: a.filled("status"), Violations: a.count("violations"), Decl: b.DefRange()}
	switch {
	case !a.has("status"):
		l.report(problem(b.DefRange(), "Missing argument \"status\"", "Say what the check must find: status = \"failed\"; or \"warned\", or \"passed\"."))
	case c.Status != "" && !slices.Contains(checkStatuses, c.Status):
		a.wrong("status", fmt.Sprintf("Unsupported status %q", c.Status), "A check has passed, warned or failed"+didYouMean(c.Status, checkStatuses, "."))
	}
	if !ok {
		return
	}
	if slices.ContainsFunc(t.Checks, func(other assets.ExpectedCheck) bool { return strings.EqualFold(other.ID, id) }) {
		l.report(problem(b.DefRange(), fmt.Sprintf("Duplicate expect_check %q", id), "One block says what a check must find. Take this one out, or the first."))
		return
	}
	t.Checks = append(t.Checks, c)
	t.labels = append(t.labels, b.LabelRanges[0])
}

// checkTest looks up what a test names, and reports whether its asset is there.
func (l *loader) checkTest(t test) bool {
	asset := l.project.Assets[t.Asset]
	switch {
	case t.Asset == (assets.Name{}), asset == nil && l.unread.Has(t.Asset):
		return false // reported
	case l.project.Sources[t.Asset] != nil:
		l.report(problem(t.assetRange, fmt.Sprintf("%q is a source", t.Asset), "A test is about what an asset's SQL makes of its inputs; a source has none. Name an asset that reads it."))
		return false
	case asset == nil:
		var all []string
		for n := range l.project.Assets {
			all = append(all, n.String())
		}
		l.report(problem(t.assetRange, fmt.Sprintf("No asset %q", t.Asset), "Nothing of this name is declared"+didYouMean(t.Asset.String(), all, ".")))
		return false
	}
	for i, c := range t.Checks {
		var ids []string
		known := false
		for _, check := range asset.Checks {
			ids = append(ids, check.ID())
			if strings.EqualFold(check.ID(), c.ID) {
				t.Checks[i].ID, known = check.ID(), true
			}
		}
		if !known {
			otherwise := fmt.Sprintf(". Its checks are %s.", list(ids))
			if len(ids) == 0 {
				otherwise = ". It has none."
			}
			l.report(problem(t.labels[i], fmt.Sprintf("No check %q", c.ID), fmt.Sprintf("Asset %q has no such check%s", t.Asset, didYouMean(c.ID, ids, otherwise))))
		}
	}
	return true
}
