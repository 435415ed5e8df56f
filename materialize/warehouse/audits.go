package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// judgementTables hold what checks found. The history is append-only; of
// violating rows only those of each check's newest result are kept.
const judgementTables = `
CREATE TABLE _assets.checks (environment VARCHAR NOT NULL, run VARCHAR NOT NULL, occasion VARCHAR NOT NULL,
	asset VARCHAR NOT NULL, version VARCHAR NOT NULL, check_name VARCHAR NOT NULL, kind VARCHAR NOT NULL, severity VARCHAR NOT NULL, status VARCHAR NOT NULL,
	violations BIGINT NOT NULL, value DOUBLE, message VARCHAR NOT NULL, judged TIMESTAMPTZ NOT NULL);
CREATE TABLE _assets.violations (environment VARCHAR NOT NULL, asset VARCHAR NOT NULL, check_name VARCHAR NOT NULL, run VARCHAR NOT NULL,
	version VARCHAR NOT NULL, judged TIMESTAMPTZ NOT NULL, columns VARCHAR NOT NULL, "rows" VARCHAR NOT NULL); -- JSON: names, and rows of texts
CREATE TABLE _assets.verdicts (environment VARCHAR NOT NULL, source VARCHAR NOT NULL, version VARCHAR NOT NULL, accepted BOOLEAN NOT NULL,
	run VARCHAR NOT NULL, judged TIMESTAMPTZ NOT NULL, verdict VARCHAR NOT NULL); -- the latest of each source
`

// judgementsSince is the state version that has judgementTables.
const judgementsSince = 2

// Audits are what checks found, to be kept.
type Audits struct {
	Judgements []planner.Judgement // in the order they were made
	// Verdicts replace those that their sources had.
	Verdicts []planner.Verdict
	// Declared names the checks there are of each source and asset that was judged:
	// of others no violating rows are kept.
	Declared map[assets.Name][]string
	// Forget are sources and assets of which no violating rows are kept at all.
	Forget []assets.Name
}

// RecordAudits keeps what checks found outside a run, in one transaction.
func (db *DB) RecordAudits(ctx context.Context, a Audits) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.transaction(ctx, func() error { return c.recordAudits(ctx, a) })
}

func (c *Conn) recordAudits(ctx context.Context, a Audits) error {
	if err := c.forgetViolations(ctx, a); err != nil {
		return err
	}
	var judged []string
	for _, v := range a.Verdicts {
		judged = append(judged, Literal(v.Source.String()))
	}
	if judged != nil {
		if err := c.Exec(ctx, "DELETE FROM "+Catalog+"._assets.verdicts WHERE environment = '"+Environment+"' AND source IN ("+strings.Join(judged, ", ")+")"); err != nil {
			return err
		}
	}
	kept := newest(a.Judgements)
	return errors.Join(
		c.appendRows("checks", len(a.Judgements), func(i int) ([]any, error) {
			j := a.Judgements[i]
			var value any
			if j.Value != nil {
				value = *j.Value
			}
			return []any{Environment, j.Run, string(j.Occasion), j.Of.String(), string(j.Version), j.Check, string(j.Kind), string(j.Severity),
				string(j.Status), j.Violations, value, j.Message, j.At.UTC()}, nil
		}),
		c.appendRows("violations", len(kept), func(i int) ([]any, error) {
			j := kept[i]
			columns, err := json.Marshal(j.Columns)
			rows, err2 := json.Marshal(j.Kept)
			return []any{Environment, j.Of.String(), j.Check, j.Run, string(j.Version), j.At.UTC(), string(columns), string(rows)}, errors.Join(err, err2)
		}),
		c.appendRows("verdicts", len(a.Verdicts), func(i int) ([]any, error) {
			v := a.Verdicts[i]
			text, err := json.Marshal(v)
			return []any{Environment, v.Source.String(), string(v.Version), v.Accepted(), v.Run, v.At.UTC(), string(text)}, err
		}),
	)
}

// checkOf is a check of a source or asset.
type checkOf struct {
	of    assets.Name
	check string
}

// newest are the last judgements of each check, those that have rows to keep.
func newest(judgements []planner.Judgement) (kept []planner.Judgement) {
	seen := map[checkOf]bool{}
	for _, j := range slices.Backward(judgements) {
		key := checkOf{j.Of, j.Check}
		if !seen[key] && len(j.Kept) > 0 {
			kept = append(kept, j)
		}
		seen[key] = true
	}
	slices.Reverse(kept)
	return kept
}

// forgetViolations deletes the rows of checks that were judged anew or are no longer declared.
func (c *Conn) forgetViolations(ctx context.Context, a Audits) error {
	judged := map[checkOf]bool{}
	for _, j := range a.Judgements {
		judged[checkOf{j.Of, j.Check}] = true
	}
	var gone []string
	err := c.each(ctx, "SELECT asset, check_name FROM "+Catalog+"._assets.violations WHERE environment = '"+Environment+"'",
		func(scan func(...any) error) error {
			var asset, check string
			if err := scan(&asset, &check); err != nil {
				return err
			}
			of, err := assets.ParseName(asset)
			declared, wasJudged := a.Declared[of]
			if judged[checkOf{of, check}] || wasJudged && !slices.Contains(declared, check) || slices.Contains(a.Forget, of) {
				gone = append(gone, "("+Literal(asset)+", "+Literal(check)+")")
			}
			return err
		})
	if err != nil || gone == nil {
		return err
	}
	return c.Exec(ctx, "DELETE FROM "+Catalog+"._assets.violations WHERE environment = '"+Environment+"' AND (asset, check_name) IN ("+strings.Join(gone, ", ")+")")
}

// verdicts reads what the checks of each source found last.
func (db *DB) verdicts(ctx context.Context, c *Conn) (map[assets.Name]planner.Verdict, error) {
	out := map[assets.Name]planner.Verdict{}
	if db.version < judgementsSince {
		return out, nil
	}
	return out, c.each(ctx, "SELECT verdict FROM "+Catalog+"._assets.verdicts WHERE environment = '"+Environment+"'", func(scan func(...any) error) error {
		var text string
		var v planner.Verdict
		if err := scan(&text); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(text), &v)
		out[v.Source] = v
		return err
	})
}

// Judgements returns what the checks of a source or asset found, newest first.
func (db *DB) Judgements(ctx context.Context, of assets.Name, limit int) (out []planner.Judgement, err error) {
	err = db.judgements(ctx, fmt.Sprintf(`SELECT run, occasion, version, check_name, kind, severity, status, violations, value, message, judged, '', ''
		FROM %s._assets.checks WHERE environment = ? AND asset = ? ORDER BY rowid DESC LIMIT %d`, Catalog, limit), of, &out)
	return out, err
}

// Violations returns the newest result of each check of a source or asset of which
// violating rows are kept, with these rows.
func (db *DB) Violations(ctx context.Context, of assets.Name) (out []planner.Judgement, err error) {
	err = db.judgements(ctx, fmt.Sprintf(`SELECT c.run, c.occasion, c.version, c.check_name, c.kind, c.severity, c.status, c.violations, c.value, c.message, c.judged, v.columns, v."rows"
		FROM %[1]s._assets.violations v JOIN %[1]s._assets.checks c USING (environment, asset, check_name, run, judged)
		WHERE environment = ? AND asset = ? QUALIFY row_number() OVER (PARTITION BY check_name ORDER BY c.rowid DESC) = 1 ORDER BY c.rowid`, Catalog), of, &out)
	return out, err
}

func (db *DB) judgements(ctx context.Context, query string, of assets.Name, out *[]planner.Judgement) error {
	if db.bare || db.version < judgementsSince {
		return nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	rows, err := c.QueryContext(ctx, query, Environment, of.String())
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		j := planner.Judgement{Of: of}
		var columns, kept string
		if err := rows.Scan(&j.Run, &j.Occasion, &j.Version, &j.Check, &j.Kind, &j.Severity, &j.Status, &j.Violations, &j.Value, &j.Message, &j.At, &columns, &kept); err != nil {
			return err
		}
		j.At = j.At.UTC()
		if columns != "" {
			if err := errors.Join(json.Unmarshal([]byte(columns), &j.Columns), json.Unmarshal([]byte(kept), &j.Kept)); err != nil {
				return err
			}
		}
		*out = append(*out, j)
	}
	return rows.Err()
}

// Measured returns what the checks of a source measured of its versions other than
// except, oldest first, by the check's id: of each version the latest value, those
// of deliveries that it failed for left out.
func (db *DB) Measured(ctx context.Context, source assets.Name, except assets.Digest) (map[string][]float64, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	out := map[string][]float64{}
	return out, c.each(ctx, `SELECT check_name, arg_max(value, rowid) FROM `+Catalog+`._assets.checks WHERE environment = '`+Environment+`' AND asset = `+Literal(source.String())+
		` AND version <> `+Literal(string(except))+` AND status <> 'failed' AND value IS NOT NULL GROUP BY check_name, version ORDER BY min(rowid)`,
		func(scan func(...any) error) error {
			var check string
			var value float64
			err := scan(&check, &value)
			out[check] = append(out[check], value)
			return err
		})
}

// ObservedColumns returns the columns of a version of a source; nil if it is not recorded.
func (db *DB) ObservedColumns(ctx context.Context, source assets.Name, version assets.Digest) (columns []assets.Column, err error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return columns, c.each(ctx, `SELECT columns FROM `+Catalog+`._assets.observations WHERE source = `+Literal(source.String())+` AND version = `+Literal(string(version))+` ORDER BY rowid DESC LIMIT 1`,
		func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil {
				return err
			}
			return json.Unmarshal([]byte(text), &columns)
		})
}
