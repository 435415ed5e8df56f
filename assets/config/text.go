package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets/redact"
)

// nearest returns the candidate that was most likely meant by name, or "".
func nearest(name string, candidates []string) string {
	best, least := "", 0
	name = strings.ToLower(name)
	for _, c := range candidates {
		d := levenshtein.Distance(name, strings.ToLower(c), nil)
		if d == 2 && sameLetters(name, strings.ToLower(c)) {
			d = 1 // two letters swapped are one slip
		}
		if limit := max(1, min(len(name), len(c))/3); d > limit {
			continue
		}
		if best == "" || d < least || d == least && c < best {
			best, least = c, d
		}
	}
	return best
}

func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return bytes.Equal(x, y)
}

// didYouMean ends a sentence: with a question if something near is known, else with otherwise.
func didYouMean(name string, candidates []string, otherwise string) string {
	if near := nearest(name, candidates); near != "" {
		return fmt.Sprintf(". Did you mean %q?", near)
	}
	return otherwise
}

// sentence makes an error's text a sentence.
func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.ContainsAny(s[len(s)-1:], ".?!") {
		s += "."
	}
	return s
}

// list writes "a", "b" and "c".
func list(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	switch len(quoted) {
	case 0, 1:
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}

// place writes where something stands, as people refer to it: mart.hcl:12.
func place(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }

func problem(at hcl.Range, summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}
}

// tidy puts diagnostics in order of file and position, says each once, and
// takes out what could show a secret: values of expressions, and any of secrets.
func tidy(diags hcl.Diagnostics, secrets []string) hcl.Diagnostics {
	if len(diags) == 0 {
		return nil
	}
	type key struct {
		severity        hcl.DiagnosticSeverity
		summary, detail string
		at              hcl.Range
	}
	known := redact.New(secrets)
	seen := map[key]bool{}
	tidied := make(hcl.Diagnostics, 0, len(diags))
	for _, d := range diags {
		clean := *d
		clean.Expression, clean.EvalContext, clean.Extra = nil, nil, nil
		clean.Summary, clean.Detail = known.String(d.Summary), known.String(d.Detail)
		k := key{severity: clean.Severity, summary: clean.Summary, detail: clean.Detail}
		if clean.Subject != nil {
			k.at = *clean.Subject
		}
		if !seen[k] {
			seen[k] = true
			tidied = append(tidied, &clean)
		}
	}
	slices.SortStableFunc(tidied, func(a, b *hcl.Diagnostic) int {
		if a.Subject == nil || b.Subject == nil {
			return boolInt(a.Subject != nil) - boolInt(b.Subject != nil)
		}
		if c := strings.Compare(a.Subject.Filename, b.Subject.Filename); c != 0 {
			return c
		}
		return a.Subject.Start.Byte - b.Subject.Start.Byte
	})
	return tidied
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
