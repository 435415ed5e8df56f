package assets

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Project is everything declared in the *.hcl files under one directory.
type Project struct {
	Name      string
	Dir       string // absolute
	Warehouse string // absolute path of the DuckDB file
	Timezone  string // IANA name; the default zone of every cron expression
	Freshness []Freshness
	// MaxBuildsPerRun bounds how many assets one plan builds; 0: all that are to be.
	MaxBuildsPerRun int
	Retention       Retention
	DuckDB          DuckDB
	// Pools are what limits how many assets are built at once, by name.
	Pools map[string]*Pool
	// OpenLineage says where the events of runs go; nil: nowhere.
	OpenLineage *OpenLineage
	// OTLP says where traces and metrics of runs go; nil: the environment may.
	OTLP *OTLP
	// Notify are the ones to tell of what goes wrong, in the order of the files.
	Notify []*Notify
	// Connections are other databases, by name.
	Connections map[string]*Connection
	Sources     map[Name]*Source
	Assets      map[Name]*Asset
	Tests       []*Test // in the order of the files and of their places in them
	// Groups maps the label of an asset block with for_each to the assets it made.
	Groups map[string][]Name
	// Files holds the text of every file read, by its path relative to Dir with
	// slashes: the file names in every hcl.Range. For showing source lines.
	Files map[string][]byte
	// Secrets are the sensitive values in use. Whatever is shown or kept is
	// searched for them.
	Secrets []string
	// SensitiveVariables are the variables declared sensitive: not even a value too
	// short to be among Secrets is kept.
	SensitiveVariables map[string]bool
	// Unread is what the project declares in text that could not be read, for which
	// there is an error already.
	Unread Unread
	// Digest identifies what was declared: it changes with any meaning-bearing
	// edit and with none of layout or of Tests. Saved plans are bound to it.
	Digest Digest
}

// Source is data made outside: observed, never built.
type Source struct {
	Name        Name
	Description string
	Owner       string
	Tags        []string
	Reader      Reader
	Table       *AttachedTable // nil: it is no table of another database
	Event       bool           // its versions are pushed; Reader is unused, as with Table
	MaxAge      time.Duration  // the supplier's promise; 0: none
	Columns     []DeclaredColumn
	Checks      []Check // those of column blocks included
	// Poll is how often a daemon looks at it; 0: as the policies of its readers ask for.
	Poll time.Duration
	// Remote are fetched, and their answers read in this order; nil: Reader names
	// local files.
	Remote []Request
	Taking Taking
	// Withheld says that Remote is not known, for a secret in it was not obtained.
	Withheld bool
	Decl     hcl.Range
}

// Reader says how the files of a source are read.
type Reader struct {
	Glob   string // as written, relative to the file it was written in; of a remote source its address as shown
	Dir    string // absolute directory Glob is relative to
	Format string // "csv", "parquet" or "json"
	// Options are arguments of DuckDB's reader function, each value a SQL literal.
	Options   map[string]string
	GlobRange hcl.Range
	// FormatRange is the format block, or the zero range without one.
	FormatRange hcl.Range
}

// Kind is how an asset is materialized.
type Kind string

const (
	Table Kind = "table"
	View  Kind = "view"
)

// Asset is data the project builds.
type Asset struct {
	Name        Name
	Group       string // the label of its block when that has for_each
	Description string
	Owner       string
	Tags        []string
	Enabled     bool
	SQL         SQL
	Kind        Kind
	Columns     []DeclaredColumn
	Contract    Contract
	Checks      []Check // those of column blocks and of contracts included
	Freshness   []Freshness
	Schedule    Schedule
	Failure     Failure
	// Inputs are what it says of assets that it reads, in the order written.
	Inputs   []InputRule
	Pools    []string  // it takes a slot in each while it is built; sorted
	Priority int       // among assets that may start: the higher goes first
	Decl     hcl.Range // the block's header
	SQLRange hcl.Range // the sql argument's expression
	// ContractRange is the contract argument's expression, or the block's header if
	// the contract is the project's default.
	ContractRange hcl.Range
}

// Column is a column as DuckDB has it: Type is DuckDB's own spelling.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// DeclaredColumn is a column block: what its owner says of a column.
type DeclaredColumn struct {
	Name        string
	Type        string // as written; empty: not declared
	Nullable    *bool  // nil: not declared. What false promises is among the asset's checks
	Sensitive   bool   // its values are not for people to see
	Description string
	Decl        hcl.Range
	TypeRange   hcl.Range
	// NullableRange is the nullable argument's expression; without one the header.
	NullableRange hcl.Range
}

// Freshness is one freshness block. Its meaning is design §4.
type Freshness struct {
	MaxLag   time.Duration
	At       string // cron expression; empty: at every moment
	Timezone string // IANA name; empty: the project's
	Sources  []Name // empty: all
	Decl     hcl.Range
}

// Schedule is when an asset is built regardless of its inputs: each tick is a
// version that it reads. The zero Schedule never ticks.
type Schedule struct {
	Expr     string // of package calendar: cron, a preset or "@every 6h"
	Timezone string // IANA name; empty: the project's
	Decl     hcl.Range
}

// IsZero reports whether there is no schedule.
func (s Schedule) IsZero() bool { return s.Expr == "" }
