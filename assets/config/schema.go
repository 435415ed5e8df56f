package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// schema says what the body of a block may hold.
type schema struct {
	args   []string
	blocks []string
	// later are arguments and blocks of capabilities that are planned: they are
	// answered with "not supported yet", so that nobody looks for a typing mistake.
	later []string
	// instead answers names that people bring from elsewhere.
	instead map[string]string
}

var topSchema = schema{
	blocks: []string{"project", "variable", "locals", "secret", "connection", "source", "asset", "test", "pool", "notify"},
	later:  []string{"module", "moved", "macro", "environment", "import", "removed", "data", "output"},
	instead: map[string]string{
		"model":     "A table that SQL makes is an asset: asset \"schema.table\" { sql = file(\"table.sql\") }.",
		"table":     "A table that SQL makes is an asset: asset \"schema.table\" { sql = file(\"table.sql\") }.",
		"unit_test": "A unit test is a test block: test \"name\" { asset = \"schema.table\" … }.",
	},
}

var projectSchema = schema{
	args:   []string{"warehouse", "timezone", "max_builds_per_run"},
	blocks: []string{"defaults", "lineage", "telemetry", "duckdb", "retention"},
	later:  []string{"environment", "required_version", "server"},
	instead: map[string]string{
		"name":         "The project's name is its label: project \"shop\" { … }.",
		"retry":        "What holds for all assets stands in its defaults block: defaults { retry { … } }.",
		"pool":         "A pool stands beside the project block: pool \"crm\" { slots = 2 }.",
		"memory_limit": inDuckDB, "threads": inDuckDB, "temp_directory": inDuckDB, "max_temp_directory_size": inDuckDB,
		"notify": "Whom to tell of what goes wrong says a block beside this one: notify \"NAME\" { … }.",
	},
}

const inDuckDB = "It stands in a block of its own: duckdb { memory_limit = \"4GB\" }, each argument on a line."

var lineageSchema = schema{blocks: []string{"openlineage"}}

var openLineageSchema = schema{
	args: []string{"file", "url", "namespace", "headers", "timeout"},
	instead: map[string]string{
		"path":      "Give the file that events are appended to as `file`.",
		"endpoint":  "Give the whole address that events are posted to as `url`.",
		"transport": "Say where events go with `file`, `url` or both.",
		"api_key":   `Send a key as a header: headers = { Authorization = "Bearer ${env("KEY")}" }.`,
	},
}

var telemetrySchema = schema{
	blocks:  []string{"otlp"},
	instead: map[string]string{"endpoint": "The endpoint stands in a block otlp: telemetry { otlp { endpoint = … } }."},
}

var otlpSchema = schema{
	args: []string{"endpoint", "headers", "protocol"},
	instead: map[string]string{
		"url":          "Give the address of the collector as `endpoint`.",
		"api_key":      `Send a key as a header: headers = { Authorization = "Bearer ${env("KEY")}" }.`,
		"timeout":      "Set OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds, in the environment.",
		"compression":  "Set OTEL_EXPORTER_OTLP_COMPRESSION=gzip in the environment.",
		"service_name": "Set OTEL_SERVICE_NAME in the environment.",
		"insecure":     "Whether TLS is spoken is said by the endpoint: http:// or https://.",
	},
}

var defaultsSchema = schema{
	args:   []string{"contract", "timeout", "max_runtime", "on_failure"},
	blocks: []string{"freshness", "retry", "callback"},
	later:  []string{"materialize", "pool", "owner", "tags"},
}

var variableSchema = schema{
	args:  []string{"type", "default", "description", "sensitive"},
	later: []string{"validation", "nullable", "ephemeral"},
}

var sourceSchema = schema{
	args: []string{"files", "url", "headers", "timeout", "version_by", "marker", "settle", "connection", "table", "version",
		"description", "owner", "tags", "poll", "for_each", "name"},
	blocks: []string{"format", "event", "when", "freshness", "column", "check"},
	later:  []string{"load", "schedule", "every", "retry", "use_last_good"},
	instead: map[string]string{
		"path": "Name the files with `files`, a path or a glob relative to this file.",
		"file": "Name the files with `files`, a path or a glob relative to this file.",
		"sql":  "A source is data made elsewhere. To build a table with SQL, declare an asset.",
	},
}

var sourceFreshnessSchema = schema{
	args:    []string{"max_age"},
	instead: map[string]string{"max_lag": "A source is not built, so it has no lag. What its supplier promises is `max_age`."},
}

var assetSchema = schema{
	args:   []string{"sql", "description", "owner", "tags", "enabled", "contract", "schedule", "every", "timezone", "pools", "priority", "for_each", "name", "timeout", "max_runtime", "on_failure"},
	blocks: []string{"column", "check", "materialize", "freshness", "retry", "input", "callback"},
	later:  []string{"partition", "command", "inputs", "estimate", "macro", "environment", "load", "when"},
	instead: map[string]string{
		"notify":        "Who is told of an asset says a block beside it, by the asset's name, owner or tags: notify \"NAME\" { … }.",
		"depends_on":    "What an asset depends on is read from its SQL.",
		"ref":           "What an asset depends on is read from its SQL.",
		"count":         "Make several assets of one block with `for_each`.",
		"materialized":  "Choose how the asset is made with a block: materialize \"view\" {}.",
		"pool":          "Name all pools that it needs as a list: pools = [\"crm\"].",
		"query":         "Give the query as `sql`.",
		"type":          "Choose how the asset is made with a block: materialize \"view\" {}.",
		"cron":          "Give the cron expression as `schedule`.",
		"interval":      "Give the interval as `every`.",
		"retries":       "How often and when what failed is attempted again is said by a block: retry { max_attempts = 3 }.",
		"use_last_good": "That readers are built with its last good version is said by on_failure = \"use_last_good\"; that it tolerates one input, by a block: input \"schema.table\" { on_failure = \"use_last_good\" }.",
		"quarantine":    "Which rows are put aside is said by checks: quarantine = true in a check block.",
		"test":          "Rules about an asset's rows are check blocks. A unit test stands beside the asset: test \"name\" { asset = \"schema.table\" … }.",
	},
}

var columnSchema = schema{
	args:   []string{"type", "nullable", "description", "sensitive"},
	blocks: []string{"check"},
	later:  []string{"tags", "default"},
	instead: map[string]string{
		"not_null": "That no value is missing is promised by `nullable = false`.",
		"required": "That no value is missing is promised by `nullable = false`.",
		"unique":   "That no value occurs twice is a check: check \"unique\" {}.",
		"pii":      "That values are not for people to see is said by `sensitive = true`.",
	},
}

var sourceColumnSchema = schema{
	args:   []string{"description"},
	blocks: []string{"check"},
	later:  []string{"nullable", "sensitive", "tags"},
	instead: map[string]string{
		"type": "Which type a column of a source is read as says its format block: types = { id = \"BIGINT\" }. That types stay what they were says check \"schema\" {}.",
	},
}

var materializeSchema = schema{
	later: []string{"unique_key", "cursor", "strategy", "path", "format", "on_schema_change", "updated_at", "partition_by", "order_by"},
}

var freshnessSchema = schema{
	args:    []string{"max_lag", "at", "timezone", "sources"},
	instead: map[string]string{"max_age": "max_age is a source's. How old an asset may be is `max_lag`.", "cron": "Give the cron expression as `at`.", "schedule": "Give the cron expression as `at`."},
}

// fits reports whatever of body the schema does not know. what names the block.
func (l *loader) fits(body *hclsyntax.Body, s schema, what string) {
	for _, a := range sortedArgs(body) {
		switch {
		case slices.Contains(s.args, a.Name):
		case slices.Contains(s.later, a.Name):
			l.notYet(a.NameRange, a.Name, what)
		case s.instead[a.Name] != "":
			l.report(problem(a.NameRange, fmt.Sprintf("Unsupported argument %q", a.Name), s.instead[a.Name]))
		case slices.Contains(s.blocks, a.Name):
			l.report(problem(a.NameRange, fmt.Sprintf("%q is a block", a.Name),
				fmt.Sprintf("In %s, write it without the equals sign: %s", what, asBlock(a))))
		default:
			l.report(problem(a.NameRange, fmt.Sprintf("Unsupported argument %q", a.Name), s.unknown("argument", a.Name, what)))
		}
	}
	for _, b := range body.Blocks {
		switch {
		case slices.Contains(s.blocks, b.Type):
		case slices.Contains(s.later, b.Type):
			l.notYet(b.DefRange(), b.Type, what)
		case s.instead[b.Type] != "":
			l.report(problem(b.TypeRange, fmt.Sprintf("Unsupported block %q", b.Type), s.instead[b.Type]))
		case slices.Contains(s.args, b.Type):
			l.report(problem(b.TypeRange, fmt.Sprintf("%q is an argument", b.Type),
				fmt.Sprintf("In %s, write it with an equals sign: %s = ….", what, b.Type)))
		default:
			l.report(problem(b.TypeRange, fmt.Sprintf("Unsupported block %q", b.Type), s.unknown("block", b.Type, what)))
		}
	}
}

func (s schema) knows(name string) bool {
	return slices.Contains(s.args, name) || slices.Contains(s.blocks, name) || slices.Contains(s.later, name)
}

// asBlock writes an argument as the block that was meant.
func asBlock(a *hclsyntax.Attribute) string {
	value := "…"
	if t, ok := a.Expr.(*hclsyntax.TemplateExpr); ok && t.IsStringLiteral() {
		value = t.Parts[0].(*hclsyntax.LiteralValueExpr).Val.AsString()
	} else if word := hcl.ExprAsKeyword(a.Expr); word != "" {
		value = word
	}
	switch a.Name {
	case "materialize", "format":
		return fmt.Sprintf("%s %q {}.", a.Name, value)
	case "check", "column", "project", "variable", "connection", "source", "asset", "test", "pool", "notify", "given", "expect_check":
		return fmt.Sprintf("%s %q { … }.", a.Name, value)
	}
	return a.Name + " { … }."
}

// unknown explains a name that is nothing here, with the nearest or all names that are.
func (s schema) unknown(kind, name, what string) string {
	known := slices.Concat(s.args, s.blocks)
	text := fmt.Sprintf("%s has no %s %q", sentenceStart(what), kind, name)
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("%s. Did you mean %q?", text, near)
	}
	if near := nearest(name, s.later); near != "" {
		return fmt.Sprintf("%s. If you meant %q: that is not supported yet.", text, near)
	}
	if len(known) == 0 {
		return text + ": it holds nothing."
	}
	return fmt.Sprintf("%s. It may hold %s.", text, list(known))
}

func sentenceStart(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (l *loader) notYet(at hcl.Range, name, what string) {
	l.report(problem(at, fmt.Sprintf("%q is not supported yet", name),
		fmt.Sprintf("It belongs to a later version of this program. Until then, leave it out of %s.", what)))
}

// sortedArgs returns the arguments of body in the order they are written.
func sortedArgs(body *hclsyntax.Body) []*hclsyntax.Attribute {
	args := make([]*hclsyntax.Attribute, 0, len(body.Attributes))
	for _, a := range body.Attributes {
		args = append(args, a)
	}
	slices.SortFunc(args, func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	return args
}

// label returns the one label a block must have. meaning completes "its …".
func (l *loader) label(b *hclsyntax.Block, meaning string) (string, bool) {
	switch len(b.Labels) {
	case 1:
		if b.Labels[0] != "" {
			return b.Labels[0], true
		}
		l.report(problem(b.LabelRanges[0], fmt.Sprintf("Empty label in the %s block", b.Type), fmt.Sprintf("Write its %s between the quotes.", meaning)))
	case 0:
		l.report(problem(b.TypeRange, fmt.Sprintf("Missing label in the %s block", b.Type), fmt.Sprintf("Write its %s: %s %q { … }.", meaning, b.Type, "…")))
	default:
		l.report(problem(b.LabelRanges[1], fmt.Sprintf("Too many labels in the %s block", b.Type), fmt.Sprintf("It has one, its %s.", meaning)))
		return b.Labels[0], b.Labels[0] != ""
	}
	return "", false
}

// noLabels reports labels of a block that has none.
func (l *loader) noLabels(b *hclsyntax.Block) {
	if len(b.Labels) > 0 {
		article := "A"
		if strings.ContainsRune("aeiou", rune(b.Type[0])) {
			article = "An"
		}
		l.report(problem(b.LabelRanges[0], fmt.Sprintf("%s %s block has no label", article, b.Type), fmt.Sprintf("Write %s { … }.", b.Type)))
	}
}
