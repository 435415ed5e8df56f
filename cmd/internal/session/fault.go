package session

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// fault is a diagnostic about something outside the project's files.
func fault(summary string, err error) hcl.Diagnostics {
	if errors.Is(err, context.Canceled) {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Interrupted",
			Detail: "Nothing was published. What a run had built until now is kept, and the next apply goes on from there."}}
	}
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: Sentence(err.Error())}}
}

// stale refuses a plan whose basis is no longer what it was.
func stale(moved []string) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "The plan is out of date",
		Detail: "Since it was made:\n  - " + strings.Join(moved, "\n  - ") +
			"\n\nNothing was done. Make a new plan and look at it before applying.",
	}}
}

// Sentence makes an error's text one of a message: it begins with a capital and
// ends with a full stop. A text that begins with a name is left as it is.
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return text
	}
	if word, _, _ := strings.Cut(text, " "); strings.ToLower(word) == word && !strings.ContainsAny(word, "./_:\"'0123456789") {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if !strings.ContainsAny(text[len(text)-1:], ".?!:") && !strings.Contains(text[strings.LastIndexByte(text, '\n')+1:], "^") {
		text += "."
	}
	return text
}
