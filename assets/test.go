package assets

import (
	"regexp"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Test is a unit test: what an asset's SQL makes of rows that are given to it. At
// least one of Expect, Error and Checks says what must come out; Error excludes
// the others.
type Test struct {
	Name  string
	Asset Name
	// Now is what the functions of the moment answer; zero: the clock.
	Now    time.Time
	Given  []Given
	Expect *Expected
	Error  *ExpectedError
	Checks []ExpectedCheck
	Decl   hcl.Range // the block's header
}

// Given is what an input holds during a test.
type Given struct {
	Input Name
	Fixture
	Decl hcl.Range // the block's header
}

// Fixture is a set of rows: those of a file, those that a query makes, or else Rows.
type Fixture struct {
	Rows []Row
	File string // absolute path
	// Format is how File is read: "csv", "parquet" or "json".
	Format string
	SQL    SQL       // reads no table
	Range  hcl.Range // the argument that holds the rows
}

// Row is a row written out. A column that no cell names is NULL.
type Row struct {
	Cells []Cell
	Range hcl.Range
}

// Cell is one value of a row.
type Cell struct {
	Column string
	Value  Value
	Range  hcl.Range
}

// Value is a value as written: DuckDB makes one of the column's type of it.
type Value struct {
	Text string
	Null bool
	// JSON says that Text is a list or an object as JSON.
	JSON bool
}

// Expected is what an asset's rows must be. Columns that the fixture does not name
// are not compared.
type Expected struct {
	Fixture
	Ordered bool // the order of the rows counts
	// Tolerance is by how much numbers in columns of type FLOAT and DOUBLE may differ.
	Tolerance float64
}

// ExpectedError says that the SQL must fail.
type ExpectedError struct {
	Message *regexp.Regexp // found in the error's text; nil: any error will do
	Decl    hcl.Range
}

// ExpectedCheck says what one of the asset's checks must find.
type ExpectedCheck struct {
	ID         string // as [Check.ID]
	Status     string // "passed", "warned" or "failed"
	Violations *int64 // in rows; nil: any number
	Decl       hcl.Range
}
