package planner

import (
	"cmp"
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
	// Before are versions that arrived since the look before and were replaced by
	// Version before anybody could read them, oldest first.
	Before []Arrival `json:"before,omitempty"`
	// Delivered is when content was delivered last, equal content included; zero: when
	// Version arrived.
	Delivered time.Time `json:"delivered,omitzero"`
	At        time.Time `json:"at"`
	Err       string    `json:"err,omitempty"`
	// Unreadable says that Version is known but cannot be read now.
	Unreadable bool `json:"unreadable,omitempty"`
}

// Arrival is an entry in the log of a source: a version, and when it arrived.
type Arrival struct {
	ID      assets.Digest `json:"id"`
	Arrived time.Time     `json:"arrived"`
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
	// Tick is the latest tick of the asset's schedule that the build reflects.
	Tick time.Time `json:"tick,omitzero"`
	Made Version   `json:"made"`
	Rows int64     `json:"rows"`
	// Digests holds the digests of Made's projections that readers use, by ColumnKey.
	Digests map[string]assets.Digest `json:"digests,omitempty"`
	// Audit is the digest of the checks that Checks are the results of.
	Audit assets.Digest `json:"audit,omitempty"`
	// Looked holds the version of each source that the checks looked at.
	Looked map[assets.Name]assets.Digest `json:"looked,omitempty"`
	Checks []CheckResult                 `json:"checks,omitempty"`
	Began  time.Time                     `json:"began"`
	Ended  time.Time                     `json:"ended"`
	// Attempts are those of this run that failed, oldest first. Began, Ended and Err are
	// the last one's, whether it failed or not.
	Attempts []Attempt `json:"attempts,omitempty"`
	// Tried is how many attempts with the same inputs and definition failed since
	// FailedSince, in this run and in those before; 0: not counted.
	Tried       int       `json:"tried,omitempty"`
	FailedSince time.Time `json:"failed_since,omitzero"`
	// Class is the kind of Err.
	Class assets.ErrorClass `json:"class,omitempty"`
	// Retry is when a failed attempt may be made again with the same inputs and
	// definition; zero: not before one of them changes.
	Retry time.Time `json:"retry,omitzero"`
	Err   string    `json:"err,omitempty"`
	// LastGood names inputs that could not be built, so that their last good version was read.
	LastGood []assets.Name `json:"last_good,omitempty"`
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
	// Arrivals is the recorded log of each source, oldest first: whole, or from the
	// oldest version on that a record of Last or Earlier read.
	Arrivals map[assets.Name][]Arrival `json:"-"`
	// Earlier holds the latest record of each version that a record of Last or Earlier
	// read and that is no longer the published one.
	Earlier map[Made]Materialization `json:"-"`
	// Planned says since when each schedule and each policy has been planned with.
	Planned map[Planned]time.Time `json:"-"`
	// Estimates says how long a build of each asset is expected to take: the 95th
	// percentile of its builds; without an entry, as long as the last one.
	Estimates map[assets.Name]time.Duration `json:"-"`
	// Overhead is how long a run is expected to take besides its builds.
	Overhead time.Duration `json:"-"`
}

// Made names one version of an asset.
type Made struct {
	Asset   assets.Name
	Version assets.Digest
}

// Planned names a schedule or a policy of an asset as it was declared.
type Planned struct {
	Asset assets.Name
	What  string // "schedule" or "freshness"
	// Digest is of the declaration: another one begins anew.
	Digest assets.Digest
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

// Compare orders by asset, then by what is planned.
func (p Planned) Compare(q Planned) int {
	return cmp.Or(p.Asset.Compare(q.Asset), cmp.Compare(p.What, q.What), cmp.Compare(p.Digest, q.Digest))
}
