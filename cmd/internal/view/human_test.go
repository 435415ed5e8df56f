package view

import (
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

func TestSentence(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"there is nothing", "There is nothing."},
		{"mart.total was never built", "mart.total was never built."},
		{"-var takes NAME=VALUE", "-var takes NAME=VALUE."},
		{"Did you mean x?", "Did you mean x?"},
		{"LINE 1: select\n        ^", "LINE 1: select\n        ^"},
		{"write one:\n\nproject {\n}", "Write one:\n\nproject {\n}"},
		{"write event {}", "Write event {}."},
		{"", ""},
	} {
		if got := Sentence(c.in); got != c.want {
			t.Errorf("%q → %q, want %q", c.in, got, c.want)
		}
	}
}

func TestDurationsAreWrittenAsPeopleSayThem(t *testing.T) {
	for _, c := range []struct {
		seconds float64
		want    string
	}{{0.004, "0.00 s"}, {0.12, "0.12 s"}, {0.999, "1.0 s"}, {9.94, "9.9 s"}, {41.4, "41 s"}, {192, "3m12s"}} {
		if got := Seconds(c.seconds); got != c.want {
			t.Errorf("Seconds(%v) = %s, want %s", c.seconds, got, c.want)
		}
	}
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{{0, "just now"}, {3 * time.Minute, "3m ago"}, {47 * time.Hour, "47h ago"}, {72 * time.Hour, "3d ago"}, {-42 * time.Minute, "in 42m"}} {
		if got := Ago(began.Add(-c.ago), began); got != c.want {
			t.Errorf("%s ago is written %q, want %q", c.ago, got, c.want)
		}
	}
}

func TestErrorsOfDuckDBPointIntoTheAssetsOwnText(t *testing.T) {
	text := "select 1 as a,\n  'abc'::integer as b"
	asset := &assets.Asset{SQL: assets.SQL{Text: text, Origin: []assets.Span{{
		Start: 0, End: len(text), Exact: true, Range: hcl.Range{Filename: "a.sql", Start: hcl.InitialPos, End: hcl.Pos{Line: 2, Column: 1, Byte: len(text)}},
	}}}}
	for _, c := range []struct {
		name, message, text string
		line, column        int // 0: not known
	}{
		{"a line of its own", "a.hcl:3: Conversion Error: no\n\nLINE 2:   'abc'::integer as b\n          ^", "Conversion Error: no", 2, 3},
		{"the first line, behind our prefix", "a.hcl:3: Binder Error: no\n\nLINE 1: CREATE TABLE \"main\".\"x\" AS select 1 as a,\n                                               ^", "Binder Error: no", 1, 13},
		{"a long line that was cut", "Conversion Error: no\n\nLINE 2: ...'abc'::in...\n           ^", "Conversion Error: no", 2, 3},
		{"a line that is not ours", "Error: no\n\nLINE 7: what\n        ^", "Error: no", 0, 0},
		{"no excerpt", "Out of Memory Error", "Out of Memory Error", 0, 0},
	} {
		message, place := explainError(asset, c.message)
		if message != c.text {
			t.Errorf("%s: message %q", c.name, message)
		}
		switch {
		case c.line == 0 && place != nil:
			t.Errorf("%s: a place was made up: %s", c.name, place)
		case c.line > 0 && (place == nil || place.Start.Line != c.line || place.Start.Column != c.column):
			t.Errorf("%s: place %v, want %d:%d", c.name, place, c.line, c.column)
		}
	}
}
