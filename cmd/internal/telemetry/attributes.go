package telemetry

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// Values of error.type, and of assets.outcome besides those of package materialize.
const (
	checkProblem     = "check"
	sqlProblem       = "sql"
	cancelledProblem = "cancelled"
	otherProblem     = "_OTHER" // as the conventions have it
	interrupted      = "interrupted"
	repeated         = "repeated" // another attempt followed
)

// mostText bounds a text, in bytes: a collector refuses what is too large as a whole.
const mostText = 16 << 10

// describer makes the attributes of spans. docs/telemetry.md lists them. Every text in
// them is without the project's secrets.
type describer struct {
	project *assets.Project
	Redact  func(string) string
}

// text is a text as it may leave the process.
func (d describer) text(s string) string {
	s = d.Redact(s)
	if len(s) > mostText {
		s = strings.ToValidUTF8(s[:mostText], "") + "…"
	}
	return s
}

func (d describer) string(key attribute.Key, value string) attribute.KeyValue {
	return key.String(d.text(value))
}

func outcome(of string) attribute.KeyValue { return attribute.String("assets.outcome", of) }

func errorType(problem string) attribute.KeyValue { return semconv.ErrorTypeKey.String(problem) }

func (d describer) reason(message string) attribute.KeyValue {
	return d.string("assets.reason", message)
}

func (d describer) run(id string) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("assets.run", id), d.string("assets.project", d.project.Name)}
}

func (d describer) totals(r materialize.Result) []attribute.KeyValue {
	return []attribute.KeyValue{
		outcome(r.Status), attribute.Int("assets.built", r.Built), attribute.Int("assets.unchanged", r.Unchanged),
		attribute.Int("assets.failed", r.Failed), attribute.Int("assets.skipped", r.Skipped), attribute.Int("assets.dropped", r.Dropped),
	}
}

func (d describer) asset(name assets.Name, action planner.Action, number int) []attribute.KeyValue {
	out := []attribute.KeyValue{d.string("assets.asset", name.String()), attribute.String("assets.action", action.String())}
	if number > 0 {
		out = append(out, attribute.Int("assets.attempt", number))
	}
	if a := d.project.Assets[name]; a != nil {
		out = append(out, attribute.String("assets.kind", string(a.Kind)))
		if a.Owner != "" {
			out = append(out, d.string("assets.owner", a.Owner))
		}
	}
	return out
}

func (d describer) finished(e materialize.Event) []attribute.KeyValue {
	out := []attribute.KeyValue{outcome(string(e.Outcome))}
	switch e.Outcome {
	case materialize.Built, materialize.TakenUp, materialize.Unchanged:
		if a := d.project.Assets[e.Asset]; a != nil && a.Kind != assets.View {
			out = append(out, attribute.Int64("assets.rows", e.Rows))
		}
	}
	if e.Quarantined > 0 {
		out = append(out, attribute.Int64("assets.quarantined", e.Quarantined))
	}
	if e.Outcome == materialize.Skipped {
		out = append(out, d.reason(e.Message))
	}
	return out
}

func (d describer) phaseName(p materialize.Phase) string {
	switch {
	case p.Asset != assets.Name{}:
		return string(p.Kind) + " " + d.text(p.Asset.String())
	case p.Source != assets.Name{}:
		return string(p.Kind) + " " + d.text(p.Source.String())
	}
	return string(p.Kind)
}

func (d describer) phase(p materialize.Phase) []attribute.KeyValue {
	out := []attribute.KeyValue{semconv.DBSystemNameKey.String("duckdb")}
	if p.Asset != (assets.Name{}) {
		out = append(out, d.string("assets.asset", p.Asset.String()))
	}
	if p.Source != (assets.Name{}) {
		out = append(out, d.string("assets.source", p.Source.String()))
	}
	switch p.Kind {
	case materialize.StagePhase:
		out = append(out, d.statement(d.project.Assets[p.Asset])...)
	case materialize.CheckPhase:
		count := map[planner.CheckStatus]int{}
		for _, c := range p.Checks {
			count[c.Status]++
		}
		for _, s := range []planner.CheckStatus{planner.CheckPassed, planner.CheckWarned, planner.CheckFailed} {
			out = append(out, attribute.Int("assets.checks."+string(s), count[s]))
		}
		if p.Rows >= 0 {
			out = append(out, attribute.Int64("assets.rows", p.Rows))
		}
	case materialize.WritePhase, materialize.PublishPhase:
		out = append(out, attribute.Int("assets.tables", p.Tables))
	}
	return out
}

// statement says what is run to make an asset, and where it stands.
func (d describer) statement(a *assets.Asset) []attribute.KeyValue {
	if a == nil {
		return nil
	}
	operation := "CREATE TABLE"
	if a.Kind == assets.View {
		operation = "CREATE VIEW"
	}
	text := "(sensitive)"
	if !a.SQL.Sensitive {
		text = a.SQL.Text
	}
	return []attribute.KeyValue{
		semconv.DBOperationName(operation), d.string(semconv.DBCollectionNameKey, a.Name.String()), d.string(semconv.DBQueryTextKey, text),
		d.string(semconv.CodeFilePathKey, a.SQLRange.Filename), semconv.CodeLineNumber(a.SQLRange.Start.Line),
	}
}

// check describes what a check found, if that is to be told one by one: passed ones are counted.
func (d describer) check(c planner.CheckResult) (told bool, _ []attribute.KeyValue) {
	if c.Status == planner.CheckPassed && c.Quarantined == 0 {
		return false, nil
	}
	return true, []attribute.KeyValue{
		d.string("assets.check", c.Check), attribute.String("assets.check.status", string(c.Status)),
		attribute.Int64("assets.check.violations", c.Violations), attribute.Int64("assets.quarantined", c.Quarantined), d.string("assets.reason", c.Message),
	}
}

// problemOf is the error.type and the message of a phase that failed; empty: it did not.
func problemOf(p materialize.Phase) (problem, message string) {
	switch {
	case errors.Is(p.Err, context.Canceled):
		return cancelledProblem, "interrupted"
	case p.Err != nil && p.Kind == materialize.StagePhase:
		return sqlProblem, p.Err.Error()
	case p.Err != nil:
		return otherProblem, p.Err.Error()
	}
	var failed []string
	for _, c := range p.Checks {
		if c.Status == planner.CheckFailed {
			failed = append(failed, "check "+c.Check+": "+c.Message)
		}
	}
	if failed == nil {
		return "", ""
	}
	return checkProblem, strings.Join(failed, "; ")
}
