package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Quarantine tells what is put aside, by asset, those without bad rows included.
func (s *Session) Quarantine(ctx context.Context) (list []warehouse.Quarantined, diags hcl.Diagnostics) {
	err := s.read(ctx, func(db *warehouse.DB) (err error) {
		list, err = db.Quarantine(ctx)
		return err
	})
	if err != nil {
		return nil, fault("Cannot read the quarantine", err)
	}
	return list, nil
}

// QuarantineOf tells what is put aside of one asset.
func (s *Session) QuarantineOf(ctx context.Context, text string) (warehouse.Quarantined, hcl.Diagnostics) {
	list, diags := s.Quarantine(ctx)
	if diags.HasErrors() {
		return warehouse.Quarantined{}, diags
	}
	// As SQL names it, it may be given, too.
	name, err := assets.ParseName(strings.ReplaceAll(strings.TrimPrefix(text, planner.QuarantineSchema+"."), `"`, ""))
	if err == nil {
		var names []string
		for _, q := range list {
			if q.Asset == name {
				return q, nil
			}
			names = append(names, q.Asset.String())
		}
		err = s.notQuarantined(name, names)
	}
	return warehouse.Quarantined{}, fault("There is no such quarantine", err)
}

func (s *Session) notQuarantined(name assets.Name, have []string) error {
	asset := s.Project.Assets[name]
	near := lineage.Nearest(name.String(), have)
	switch {
	case asset != nil && len(assets.Quarantining(asset.Checks)) > 0:
		return fmt.Errorf("%s is not published with these checks yet: run `assets apply` first", name)
	case asset != nil:
		return fmt.Errorf("no check of %s puts rows aside. Give one of them quarantine = true", name)
	case len(near) > 0:
		return fmt.Errorf("no asset is called %s. Did you mean %s?", name, strings.Join(near, " or "))
	}
	return fmt.Errorf("no asset is called %s. `assets quarantine list` lists those of which rows are put aside", name)
}

// QueryQuarantine reads rows that are put aside of an asset; limit 0: all. With
// nestedJSON the checks of each are a list, else text.
func (s *Session) QueryQuarantine(ctx context.Context, q warehouse.Quarantined, limit int, nestedJSON bool) (*Result, hcl.Diagnostics) {
	columns := "*"
	if !nestedJSON {
		check := warehouse.Ident(q.CheckColumn)
		columns = "* REPLACE (array_to_string(" + check + ", ', ') AS " + check + ")"
	}
	statement := "SELECT " + columns + " FROM " + warehouse.NameRef(planner.QuarantineName(q.Asset))
	if limit > 0 {
		statement += fmt.Sprintf(" LIMIT %d", limit)
	}
	return s.Query(ctx, statement, nestedJSON)
}

// ExportQuarantine writes what is put aside of an asset to a Parquet file. In one
// nothing can be made unreadable, so rows that hold a secret are refused.
func (s *Session) ExportQuarantine(ctx context.Context, q warehouse.Quarantined, path string) hcl.Diagnostics {
	err := s.read(ctx, func(db *warehouse.DB) error {
		secret := false
		if err := db.QuarantineTexts(ctx, q, func(row string) { secret = secret || s.Redactor.String(row) != row }); err != nil {
			return err
		}
		if secret {
			return errors.New("some of the rows hold a sensitive value of the project, and a Parquet file would show it. As csv or json it is written hidden")
		}
		return db.Export(ctx, q, path)
	})
	if err != nil {
		return fault("Cannot export the quarantine", err)
	}
	return nil
}

// Purge deletes what was seen to be put aside.
func (s *Session) Purge(ctx context.Context, seen []warehouse.Quarantined) hcl.Diagnostics {
	err := s.write(ctx, func(db *warehouse.DB) error { return db.Purge(ctx, seen) })
	if err != nil {
		return fault("Cannot purge the quarantine", err)
	}
	return nil
}
