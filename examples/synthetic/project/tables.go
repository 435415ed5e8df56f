package project

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Options say which project to make.
type Options struct {
	Tables int    // sources and assets together, 2 or more
	Rows   int    // of each source; 0 means 1,000
	Seed   uint64 // the same seed makes the same project
}

// Table is one source or asset.
type Table struct {
	Name   string   // schema.table
	Path   string   // its .csv or .sql file, relative to the project, with slashes
	Layer  int      // 0: source
	Inputs []string // names; none for a source
	SQL    string   // empty for a source
}

// What is checked of every asset.
const (
	UniqueColumn  = "id"
	NotNullColumn = "customer"
)

// layers is the depth of a project that has enough assets.
const layers = 10

// share is how many of a hundred assets are in each layer: staging wide, marts narrow.
var share = [layers + 1]int{0, 20, 12, 10, 8, 8, 6, 6, 12, 10, 8}

// Tables returns the project's tables, inputs before their readers.
func Tables(o Options) []Table {
	r := rand.New(rand.NewPCG(o.Seed, 1))
	sources := max(1, o.Tables/10)
	tables := make([]Table, 0, o.Tables)
	for i := range sources {
		name := fmt.Sprintf("s%04d", i+1)
		tables = append(tables, Table{Name: "raw." + name, Path: "raw/" + name + ".csv"})
	}
	previous := tables // the layer below
	for layer, left := 1, o.Tables-sources; left > 0; layer++ {
		size := max(1, (o.Tables-sources)*share[min(layer, layers)]/100)
		if layer >= layers {
			size = left // what rounding left over
		}
		size = min(size, left)
		left -= size
		below := tables[sources:] // assets only: sources are read by the first layer
		if layer == 1 {
			below = tables
		}
		for i := range size {
			tables = append(tables, asset(r, layer, i+1, previous, below))
		}
		previous = tables[len(tables)-size:]
	}
	return tables
}

// asset makes the nth asset of a layer. Its first input is of the layer below,
// which makes the project as deep as it has layers; the others are any.
func asset(r *rand.Rand, layer, n int, previous, below []Table) Table {
	inputs := []string{previous[r.IntN(len(previous))].Name}
	for more := r.IntN(3); more > 0; more-- {
		if name := below[r.IntN(len(below))].Name; !slices.Contains(inputs, name) {
			inputs = append(inputs, name)
		}
	}
	folder := folderOf(layer)
	name := fmt.Sprintf("t%02d_%04d", layer, n)
	return Table{
		Name: schemaOf(layer) + "." + name, Path: folder + "/" + name + ".sql", Layer: layer,
		Inputs: inputs, SQL: query(r, inputs),
	}
}

func schemaOf(layer int) string {
	switch {
	case layer == 0:
		return "raw"
	case layer == 1:
		return "staging"
	case layer < 8:
		return "core"
	}
	return "mart"
}

func folderOf(layer int) string {
	if layer < 2 {
		return schemaOf(layer)
	}
	return fmt.Sprintf("%s_%02d", schemaOf(layer), layer)
}
