package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Versions are the published version of an asset, the one before it, and how the
// rows of the two differ.
type Versions struct {
	Now    planner.Materialization
	Before planner.Materialization // zero if its record is gone
	warehouse.Comparison
}

// CompareVersions compares the published version of an asset with the previous
// one. Without a key the columns of a `unique` check are taken. The warehouse is
// opened for reading only, and the project need not compile.
func (s *Session) CompareVersions(ctx context.Context, text string, key []string, limit int) (v Versions, diags hcl.Diagnostics) {
	const cannot = "Cannot compare the data"
	name, err := assets.ParseName(text)
	if err != nil {
		return v, fault(cannot, err)
	}
	if s.Project.Sources[name] != nil {
		return v, fault(cannot, fmt.Errorf("%s is a source: only versions of assets are kept. `assets impact %s` lists what is made from it", name, name))
	}
	published := false
	err = s.read(ctx, func(db *warehouse.DB) (err error) {
		if v.Now, published, err = db.Current(ctx, name); err != nil || !published {
			return err
		}
		if v.Now.Table != "" && s.Project.Retention.Versions == 0 {
			return fmt.Errorf("no old version of %s is kept: the project says retention { versions = 0 }", name)
		}
		if err := twoVersions(name, v.Now); err != nil {
			return err
		}
		if err := hasColumns(name, v.Now, key); err != nil {
			return err
		}
		if len(key) == 0 && s.Project.Assets[name] != nil {
			key = keyOf(s.Project.Assets[name].Checks)
		}
		if v.Before, _, err = db.RecordOfTable(ctx, v.Now.Previous); err != nil {
			return err
		}
		v.Comparison, err = db.CompareVersions(ctx, v.Now, key, limit)
		return err
	})
	if err == nil && !published {
		err = s.unpublished(name)
	}
	if err != nil {
		return v, fault(cannot, err)
	}
	return v, nil
}

// unpublished says why an asset has no version.
func (s *Session) unpublished(name assets.Name) error {
	declared := s.Project.Assets[name]
	if declared == nil {
		var names []string
		for _, n := range assets.SortedNames(s.Project.Assets) {
			names = append(names, n.String())
		}
		if near := lineage.Nearest(name.String(), names); len(near) > 0 {
			return fmt.Errorf("no asset is called %s. Did you mean %s?", name, strings.Join(near, " or "))
		}
		return fmt.Errorf("no asset is called %s. `assets show` lists what is published", name)
	}
	if declared.Kind == assets.View {
		return noVersions(name)
	}
	return fmt.Errorf("%s is not published: run `assets apply` first", name)
}

// twoVersions says why a published asset has no two versions to compare.
func twoVersions(name assets.Name, now planner.Materialization) error {
	switch {
	case now.Table == "":
		return noVersions(name)
	case now.Previous == "":
		return fmt.Errorf("%s has no previous version yet: its rows have not changed since it was first published", name)
	}
	return nil
}

// noVersions is the error for a view.
func noVersions(name assets.Name) error {
	return fmt.Errorf("%s is a view: it has no rows of its own, so no version of them is kept. Compare what it reads; `assets show %s` lists that", name, name)
}

// hasColumns refuses a key that the published version does not have.
func hasColumns(name assets.Name, now planner.Materialization, key []string) error {
	var names []string
	for _, c := range now.Made.Columns {
		names = append(names, c.Name)
	}
	for _, want := range key {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, want) }) {
			continue
		}
		hint := ""
		if near := lineage.Nearest(want, names); len(near) > 0 {
			hint = " Did you mean " + strings.Join(near, " or ") + "?"
		}
		return fmt.Errorf("%s has no column %q to be a key.%s It has %s", name, want, hint, strings.Join(names, ", "))
	}
	return nil
}

// keyOf are the columns that tell rows apart according to the checks: of a check
// that withholds the data rather than one that warns, and as few as there are.
func keyOf(checks []assets.Check) (key []string) {
	var severity assets.Severity
	for _, check := range checks {
		if check.Kind != assets.Unique {
			continue
		}
		stronger := check.Severity == assets.Error && severity == assets.Warn
		if key == nil || stronger || check.Severity == severity && len(check.Columns) < len(key) {
			key, severity = check.Columns, check.Severity
		}
	}
	return key
}
