package assets

import "github.com/hashicorp/hcl/v2"

// Pool limits how many of the assets that name it are built at once, in one process:
// those that ask one server, say, or need much memory.
type Pool struct {
	Name  string
	Slots int // at least 1; each asset takes one while it is built
	Decl  hcl.Range
}

// DuckDB is how much of the machine DuckDB may use. What is zero is left to DuckDB.
type DuckDB struct {
	MemoryLimit string // with its unit, as DuckDB reads it: "4GB"
	Threads     int    // at most for one statement
	// TempDirectory is the absolute path of where to put what does not fit into the
	// memory limit; empty: .assets/tmp of the project.
	TempDirectory        string
	MaxTempDirectorySize string // with its unit
}
