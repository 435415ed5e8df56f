package daemon

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/planner"
)

// once logs text unless it was the last thing said of what.
func (d *Daemon) once(what, text string, e *zerolog.Event) {
	if d.told[what] != text {
		d.told[what] = text
		e.Msg(text)
	}
}

// few is how many names a line of the log holds.
const few = 5

func list(names []assets.Name) string {
	var words []string
	for i, name := range names {
		if i == few && len(names) > few+1 {
			words = append(words, fmt.Sprintf("and %d more", len(names)-few))
			break
		}
		words = append(words, name.String())
	}
	return strings.Join(words, ", ")
}

// summary is the first error among diagnostics, and where it stands.
func summary(diags hcl.Diagnostics) string {
	errs := diags.Errs()
	for _, diag := range diags {
		if diag.Severity != hcl.DiagError {
			continue
		}
		text := diag.Summary
		if diag.Subject != nil {
			text = fmt.Sprintf("%s:%d: %s", diag.Subject.Filename, diag.Subject.Start.Line, text)
		}
		if more := countErrors(diags) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
		return text
	}
	if len(errs) > 0 {
		return errs[0].Error()
	}
	return ""
}

func countErrors(diags hcl.Diagnostics) (n int) {
	for _, diag := range diags {
		if diag.Severity == hcl.DiagError {
			n++
		}
	}
	return n
}

// isInvalid tells of a project with mistakes, once for each set of them.
func (d *Daemon) isInvalid(l *session.Loaded) {
	text := summary(l.Diags)
	if d.invalid == text {
		return
	}
	d.invalid = text
	d.Log.Error().Int("mistakes", countErrors(l.Diags)).Str("first", text).Msg("the project was edited and has mistakes: the last good version is kept until they are mended")
	if d.Show != nil {
		d.Show(l.Diags, l.Texts)
	}
}

// warn tells of what is no mistake in a project.
func (d *Daemon) warn(l *session.Loaded) {
	for _, diag := range l.Diags {
		d.once("warning "+diag.Summary, diag.Summary+". "+diag.Detail, d.Log.Warn())
	}
	for name, look := range d.Keeper.Looks() {
		d.told["source "+name.String()] = look.Err
	}
}

// observed tells when a source can no longer be observed, and when it can again; and
// for what a delivery waits. A file that is just being written is not worth a line.
func (d *Daemon) observed(name assets.Name, look observe.Look) {
	key, now := "source "+name.String(), look.Err
	if look.Waiting() {
		now = ""
		if look.Again.IsZero() {
			now = look.Waits
		}
	}
	before, told := d.told[key]
	if before == now {
		return
	}
	d.told[key] = now
	switch {
	case now != "" && look.Waiting():
		d.Log.Info().Stringer("source", name).Str("for", now).Msg("source waits: what reads it keeps its last good version")
	case now != "":
		d.Log.Warn().Stringer("source", name).Str("why", now).Msg("source cannot be observed: what reads it keeps its last good version")
	case told:
		d.Log.Info().Stringer("source", name).Msg("source can be observed again")
	}
}

// blocked tells of assets that cannot be built, once for each reason.
func (d *Daemon) blocked() {
	for i := range d.plan.Steps {
		s := &d.plan.Steps[i]
		key := "blocked " + s.Asset.String()
		if s.Action != planner.Blocked {
			delete(d.told, key)
			continue
		}
		var why []string
		for _, r := range s.Reasons {
			why = append(why, r.Message)
		}
		if text := strings.Join(why, "; "); d.told[key] != text {
			d.told[key] = text
			d.Log.Warn().Stringer("asset", s.Asset).Str("why", text).Msg("asset cannot be built now")
		}
	}
}

// missed tells what became due while no daemon ran.
func (d *Daemon) missed() {
	var overdue []assets.Name
	for i := range d.plan.Steps {
		if s := &d.plan.Steps[i]; !s.Due.IsZero() && s.Due.Before(d.now) {
			overdue = append(overdue, s.Asset)
		}
	}
	if len(overdue) == 0 || d.lock.since.IsZero() {
		return
	}
	d.Log.Warn().Time("down_since", d.lock.since).Stringer("for", d.now.Sub(d.lock.since).Round(time.Second)).Int("overdue", len(overdue)).
		Str("assets", list(overdue)).Msg("assets became overdue while no daemon kept the project")
}

func (d *Daemon) runStarted(r *run, plan planner.Plan) {
	var names []assets.Name
	for i := range plan.Steps {
		if s := &plan.Steps[i]; s.Action != planner.None {
			names = append(names, s.Asset)
		}
	}
	slices.SortFunc(names, assets.Name.Compare)
	s := plan.Summary()
	r.log.Info().Int("create", s.Create).Int("rebuild", s.Rebuild).Int("revalidate", s.Revalidate).Str("assets", list(names)).
		Int("runs", len(d.runs)).Msg("run started")
}

func runFinished(r *run, result materialize.Result, took time.Duration) {
	for _, a := range result.Assets {
		if a.Outcome == materialize.FailedBuild {
			e := r.log.Error().Stringer("asset", a.Asset)
			if n := len(a.Record.Attempts); n > 0 {
				e = e.Int("attempt", a.Record.Attempts[n-1].Number).Str("class", string(a.Record.Class))
			}
			e.Str("why", a.Message).Msg("asset failed: its last good version stays visible")
		}
	}
	e := r.log.Info()
	if result.Failed > 0 {
		e = r.log.Warn()
	}
	e.Int("built", result.Built).Int("unchanged", result.Unchanged).Int("failed", result.Failed).
		Int("skipped", result.Skipped).Stringer("took", took.Round(time.Millisecond)).Msg("run finished")
}

// untold logs what could not be told to others of a run. It is called beside the loop.
func untold(r *run, diags hcl.Diagnostics) {
	for _, diag := range diags {
		r.log.Warn().Str("why", diag.Detail).Msg(diag.Summary)
	}
}
