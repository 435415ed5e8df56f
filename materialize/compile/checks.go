package compile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// bindChecks binds the checks that hold SQL against the tables they read, all of
// which have columns by now.
func (c *compiler) bindChecks() error {
	var misses []*checkSQL
	var keys []sum
	needed := map[assets.Name][]assets.Column{}
	for _, check := range c.checks {
		if check.broken || check.sql.Text == "" || !c.readable(check) {
			continue
		}
		parts := []string{"check", c.engine, check.text()}
		for _, ref := range check.parsed.Refs {
			columns := c.sums[ref.Name]
			parts = append(parts, ref.Name.String(), string(columns[:]))
		}
		key := sumOf(parts...)
		if ok := ""; c.cache.text(key, &ok) {
			continue
		}
		misses, keys = append(misses, check), append(keys, key)
		for _, ref := range check.parsed.Refs {
			needed[ref.Name] = c.graph.Nodes[ref.Name].Columns
		}
	}
	if len(misses) == 0 {
		return nil
	}
	binder, err := c.declare(needed)
	if err != nil {
		return err
	}
	errs := make([]error, len(misses))
	err = inBatches(c.ctx, len(misses), func(ctx context.Context, from, to int) error {
		return bindCheckBatch(ctx, binder, misses[from:to], errs[from:to])
	})
	if err != nil {
		return err
	}
	for i, check := range misses {
		if errs[i] == nil {
			c.cache.addText(keys[i], "")
			continue
		}
		var engine *lineage.EngineError
		if errors.As(errs[i], &engine) && c.missing[columnOf{check.of.name, strings.ToLower(engine.Name)}] {
			continue // reported where it is declared
		}
		c.report(checkDiagnostic(errs[i], check, binder.Prefix()))
	}
	return nil
}

// notBoolean says that an expression is no condition.
type notBoolean struct{ typ string }

func (e *notBoolean) Error() string { return "the expression is of type " + e.typ }

func checkDiagnostic(err error, check *checkSQL, prefix int) *hcl.Diagnostic {
	var typ *notBoolean
	if errors.As(err, &typ) {
		return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("The expression is no condition but of type %s", typ.typ),
			Detail:  "An expression is true or false of each row. Compare it with something, as in amount >= 0.",
			Subject: check.at.Ptr()}
	}
	d := engineDiagnostic(err, check.sql, prefix+len(check.prefix), check.at)
	if check.condition {
		explainCondition(d)
	}
	return d
}

func bindCheckBatch(ctx context.Context, binder Binder, checks []*checkSQL, errs []error) error {
	texts := make([]string, 0, len(checks))
	for _, check := range checks {
		texts = append(texts, check.text())
	}
	plans, err := binder.Bind(ctx, texts)
	if err != nil {
		return err
	}
	for i := range checks {
		if errs[i] = lineage.EngineErrorIn(plans[i]); cannotShow(errs[i]) {
			if _, err := binder.Describe(ctx, texts[i]); err == nil {
				errs[i] = nil
			}
			continue
		}
		if errs[i] == nil && checks[i].condition {
			if typ := lineage.TestedType(plans[i]); typ != "" && typ != "BOOLEAN" && typ != "NULL" {
				errs[i] = &notBoolean{typ}
			}
		}
	}
	return nil
}

// readable reports whether everything that a check reads has columns. A name
// that nothing declares is a mistake; tables whose columns are not known are not.
func (c *compiler) readable(check *checkSQL) bool {
	readable := c.graph.Nodes[check.of.name].Columns != nil
	for _, ref := range check.parsed.Refs {
		node := c.graph.Nodes[ref.Name]
		if node == nil && ref.Name == check.check.To {
			readable = false // reported where it is named
			continue
		}
		if node == nil && c.project.Unread.Has(ref.Name) {
			readable = false
			continue
		}
		if node == nil {
			c.report(lineage.Missing(c.project, fmt.Sprintf("Check %q of %s", check.check.ID(), check.of), ref.Name,
				place(check.sql, ref.Offset, len(check.prefix), check.at)))
			readable = false
			continue
		}
		if c.readsAsset(check.of, check.check, ref.Name, place(check.sql, ref.Offset, len(check.prefix), check.at)) {
			readable = false
			continue
		}
		readable = readable && node.Columns != nil
	}
	return readable
}
