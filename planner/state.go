package planner

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Version is one content of a source or asset.
type Version struct {
	ID      assets.Digest   `json:"id"`
	Columns []assets.Column `json:"columns"`
	Arrived time.Time       `json:"arrived"`
}

// Observation is a look at a source. With Err set, the version is the last one
// known, or the zero Version if there never was any.
type Observation struct {
	Source assets.Name `json:"source"`
	Version
	At  time.Time `json:"at"`
	Err string    `json:"err,omitempty"`
}

// Key names what is built: an asset, and which interval of it.
type Key struct {
	Asset assets.Name `json:"asset"`
	assets.Interval
}

// Read is what a materialization read of one input.
type Read struct {
	Version assets.Digest `json:"version"`
	// Projection is the digest of the columns read, rows included. Of a source it
	// is the version's id.
	Projection assets.Digest `json:"projection"`
	Columns    []string      `json:"columns"`
}

// Status is how a materialization ended.
type Status string

const (
	Published   Status = "published"   // new content is visible
	Unchanged   Status = "unchanged"   // built, and found equal to what was published
	Revalidated Status = "revalidated" // not built: what it reads did not change
	Staged      Status = "staged"      // built and audited, not yet visible
	Failed      Status = "failed"      // not visible; Err or Checks say why
	Skipped     Status = "skipped"     // not built: an input failed; Err names it
	Dropped     Status = "dropped"     // removed from the warehouse
)

// Definition is what decides an asset's content besides its inputs.
type Definition struct {
	Bound lineage.Bound `json:"bound"`
	// Settings is the digest of the rest: the materializer. See [SettingsDigest].
	Settings assets.Digest `json:"settings"`
	// Contract is what was promised of the columns, in their order. It decides
	// nothing: it is kept to say what a later one breaks. Records whose Settings are of an
	// older scheme have none.
	Contract []ContractColumn `json:"contract,omitempty"`
	// Quarantine is the digest of the checks that put rows aside; empty: none does.
	Quarantine assets.Digest `json:"quarantine,omitempty"`
	// SQL is the text built from, kept to recompute Bound.Syntax after an engine
	// upgrade; empty if it is sensitive.
	SQL    string `json:"sql,omitempty"`
	Engine string `json:"engine"` // DuckDB's version, as "v1.5.5"
}

// Materialization records one build of one asset, or the finding that none was needed.
type Materialization struct {
	ID string `json:"id"` // ULID
	Key
	Run    string `json:"run"`
	Status Status `json:"status"`
	// Table is the physical table in the schema _assets; empty for a view.
	Table string `json:"table,omitempty"`
	// Previous is the physical table of the version before, kept for diffs and rollback.
	Previous string `json:"previous,omitempty"`
	// View is the text of the published view as DuckDB's catalog returns it.
	View string `json:"view,omitempty"`
	// Quarantine is what was put aside when Made was built; nil: nothing could be.
	Quarantine *Quarantine          `json:"quarantine,omitempty"`
	Definition Definition           `json:"definition"`
	Reads      map[assets.Name]Read `json:"reads,omitempty"`
	Made       Version              `json:"made"`
	Rows       int64                `json:"rows"`
	// Digests holds the digests of Made's projections that readers use, by ColumnKey.
	Digests map[string]assets.Digest `json:"digests,omitempty"`
	// Audit is the digest of the checks that Checks are the results of.
	Audit assets.Digest `json:"audit,omitempty"`
	// Looked holds the version of each source that the checks looked at.
	Looked map[assets.Name]assets.Digest `json:"looked,omitempty"`
	Checks []CheckResult                 `json:"checks,omitempty"`
	Began  time.Time                     `json:"began"`
	Ended  time.Time                     `json:"ended"`
	Err    string                        `json:"err,omitempty"`
}

// Tables lists the physical tables that a record names.
func (m Materialization) Tables() []string {
	var tables []string
	for _, table := range []string{m.Table, m.Previous, m.Quarantine.table()} {
		if table != "" {
			tables = append(tables, table)
		}
	}
	return tables
}

// CheckStatus is the outcome of one check.
type CheckStatus string

const (
	CheckPassed CheckStatus = "passed" // of what is left, if it put rows aside
	CheckWarned CheckStatus = "warned" // violated, severity warn
	CheckFailed CheckStatus = "failed" // violated, or could not be run; severity error
)

// CheckResult is the outcome of one check on one version.
type CheckResult struct {
	Check      string           `json:"check"` // assets.Check.ID
	Kind       assets.CheckKind `json:"kind"`
	Severity   assets.Severity  `json:"severity"`
	Status     CheckStatus      `json:"status"`
	Violations int64            `json:"violations"` // rows
	// Quarantined is how many of the violating rows were put aside: all or none.
	Quarantined int64 `json:"quarantined,omitempty"`
	// Value is what was measured: rows, the newest time in seconds since 1970, a
	// statistic, an aggregate. nil: nothing is, or it is no number.
	Value   *float64 `json:"value,omitempty"`
	Message string   `json:"message,omitempty"`
	// Columns and Rows show up to five of the violating rows as text.
	Columns []string   `json:"columns,omitempty"`
	Rows    [][]string `json:"rows,omitempty"`
	// Kept are all violating rows to store, Rows being the first of them. They are
	// no part of a record: of each check only the newest result keeps them.
	Kept [][]string `json:"-"`
}

// State is what the warehouse knows of itself.
type State struct {
	// Serial changes with every committed run: the last run's id.
	Serial string `json:"serial"`
	// Last is what is published, by key.
	Last map[Key]Materialization `json:"-"`
	// Failed holds the latest attempt of each key that failed after Last.
	Failed map[Key]Materialization `json:"-"`
	// Found is what the warehouse's catalog really holds under each name, and what
	// became of the physical table behind each published one. A name without an
	// entry is free.
	Found map[assets.Name]Found `json:"found"`
	// Verdicts is what the checks of each source found last.
	Verdicts map[assets.Name]Verdict `json:"-"`
}

// Found is an object of the warehouse's catalog.
type Found struct {
	Kind string `json:"kind"` // "view" or "table"
	View string `json:"view,omitempty"`
	// Table, Columns and Rows describe the physical table that the last
	// materialization recorded; Table is empty if it is gone.
	Table   string          `json:"table,omitempty"`
	Columns []assets.Column `json:"columns,omitempty"`
	Rows    int64           `json:"rows"`
}
