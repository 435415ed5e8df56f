package notify

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// aboutFile warns of events that are not in the file.
func (r *Run) aboutFile(closing error) hcl.Diagnostics {
	err := r.file.err
	if len(r.file.kept) == 0 {
		if err = closing; err == nil {
			return nil
		}
	}
	return hcl.Diagnostics{r.warning("Lineage events could not be written",
		fmt.Sprintf("%s to %s: %s. %s Put the file's place right, or give another one as `file`.",
			count(len(r.file.kept), "OpenLineage event was not appended", "OpenLineage events were not appended"), r.shown(r.to.File), err, unharmed))}
}

// aboutServer warns of events that did not reach the server.
func (r *Run) aboutServer(lost int, keeping error) hcl.Diagnostics {
	var warnings hcl.Diagnostics
	d := r.server
	if n := len(d.kept); n > 0 {
		why := "there was no time for them before the end of the run"
		switch {
		case d.err != nil:
			why = strings.TrimSuffix(d.err.Error(), ".")
		case d.refusal != nil:
			why = "it refused those before them"
		}
		what := count(n, "OpenLineage event was not delivered", "OpenLineage events were not delivered")
		fate := fmt.Sprintf("What was not delivered is kept in %s, and the next run sends it first.", r.shown(r.undelivered.path))
		switch {
		case keeping != nil:
			fate = fmt.Sprintf("It could not be kept for the next run either: %s.", plainly(keeping))
		case lost > 0:
			fate += fmt.Sprintf(" Of it, %s, beyond the newest %d MiB.", count(lost, "event, the oldest, was given up", "events, the oldest, were given up"), mostKept>>20)
		}
		warnings = append(warnings, r.warning("Lineage events could not be delivered",
			fmt.Sprintf("%s to %s: %s. %s %s", what, place(r.to.URL), why, fate, unharmed)))
	} else if keeping != nil {
		warnings = append(warnings, r.warning("Delivered lineage events will be delivered again",
			fmt.Sprintf("They could not be taken out of %s: %s.", r.shown(r.undelivered.path), plainly(keeping))))
	}
	if d.refused > 0 {
		warnings = append(warnings, r.warning("Lineage events were refused",
			fmt.Sprintf("%s by %s: %s. They are not sent again, as they would be refused again. %s",
				count(d.refused, "OpenLineage event was refused", "OpenLineage events were refused"), place(r.to.URL), d.refusal, unharmed)))
	}
	return warnings
}

// unharmed is what everybody wants to know first.
const unharmed = "What was built is not affected."

func (r *Run) warning(summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: detail, Subject: r.to.Decl.Ptr()}
}

// shown is a path as people know it: from the project's directory.
func (r *Run) shown(path string) string {
	if rel, err := filepath.Rel(r.Project.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// Sentences are the errors of a run as one text.
func Sentences(diags hcl.Diagnostics) string {
	var texts []string
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			texts = append(texts, d.Summary+": "+d.Detail)
		}
	}
	return strings.Join(texts, "\n")
}
