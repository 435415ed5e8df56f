package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
)

// sensitive reports whether values of a column of the relation are hidden.
func (s Scan) sensitive(column string) bool {
	return slices.ContainsFunc(s.Sensitive, func(name string) bool { return strings.EqualFold(name, column) })
}

// hides reports whether what a check computes may hold hidden values. What SQL
// makes of columns is not followed: as soon as there are some in reach, it may.
func (s Scan) hides(c assets.Check) bool {
	switch {
	case c.Where.Text != "", c.Kind == assets.Query, c.Kind == assets.Expression, c.Kind == assets.Relationships, c.Kind == assets.Reconcile:
		return len(s.Sensitive) > 0 || s.SensitiveElsewhere
	}
	return slices.ContainsFunc(slices.Concat(c.Columns, c.OrderBy, c.Within), s.sensitive)
}

// holdsSecret reports whether a secret stands in the SQL of a check.
func holdsSecret(c assets.Check) bool {
	return c.SQL.Sensitive || c.ToSQL.Sensitive || c.Where.Sensitive
}

// speakable is what may be told of an error: DuckDB quotes the value that it
// stumbled over, so where values are hidden only the kind of error is left. An
// excerpt of a statement with a secret in it may cut that in the middle.
func (s Scan) speakable(c assets.Check, err error) error {
	if !s.hides(c) {
		if text := redact.WithoutExcerpt(err.Error()); holdsSecret(c) && text != err.Error() {
			return errors.New(text)
		}
		return err
	}
	kind, _, _ := strings.Cut(err.Error(), ":")
	return fmt.Errorf("%s (what it says is hidden, for it may quote a sensitive column)", strings.TrimSpace(kind))
}
