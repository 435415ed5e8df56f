package config

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/seed-4311623e/assets/assets"
)

var poolSchema = schema{
	args: []string{"slots"},
	instead: map[string]string{
		"size": "How many assets are built at once says `slots`.", "limit": "How many assets are built at once says `slots`.",
		"capacity": "How many assets are built at once says `slots`.", "name": "A pool's name is its label: pool \"crm\" { slots = 2 }.",
	},
}

var duckdbSchema = schema{
	args: []string{"memory_limit", "threads", "temp_directory", "max_temp_directory_size"},
	instead: map[string]string{
		"max_memory": "Give it as `memory_limit`.", "memory": "Give it as `memory_limit`.", "worker_threads": "Give it as `threads`.",
	},
}

var poolName = regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`)

// loadPools reads the pool blocks, which assets name.
func (l *loader) loadPools() {
	for _, f := range l.files {
		for _, b := range f.blocks("pool") {
			p := l.readPool(l.scopeOf(f.dir), b)
			switch first := l.project.Pools[p.Name]; {
			case p.Name == "":
			case first != nil:
				l.duplicate(fmt.Sprintf("pool %q", p.Name), first.Decl, p.Decl)
			default:
				l.project.Pools[p.Name] = p
			}
		}
	}
}

func (l *loader) readPool(s *scope, b *hclsyntax.Block) *assets.Pool {
	p := &assets.Pool{Slots: 1, Decl: b.DefRange()}
	what := "the pool"
	if label, ok := l.label(b, "name"); ok {
		what = fmt.Sprintf("pool %q", label)
		if p.Name = label; !poolName.MatchString(label) {
			p.Name = ""
			l.report(problem(b.LabelRanges[0], fmt.Sprintf("Invalid name %q", label), "The name of a pool is lower-case letters, digits, dashes and underscores, and begins with a letter or an underscore."))
		}
	}
	l.fits(b.Body, poolSchema, what)
	a := l.args(s, b.Body, what)
	switch n := a.count("slots"); {
	case !a.has("slots"):
		l.report(problem(b.DefRange(), "Missing argument \"slots\"", fmt.Sprintf("Say how many assets of %s are built at once: slots = 2.", what)))
	case n != nil && (*n < 1 || *n > math.MaxInt32):
		a.wrong("slots", "\"slots\" must be 1 or more", "It is how many assets of the pool are built at once. To build none of them, say `enabled = false` in each.")
	case n != nil:
		p.Slots = int(*n)
	}
	return p
}

// pools reads which pools an asset needs a slot of.
func (l *loader) pools(a *args) []string {
	names := a.texts("pools")
	known := slices.Sorted(maps.Keys(l.project.Pools))
	for i, name := range names {
		if l.project.Pools[name] == nil && !l.unparsed {
			l.report(problem(a.item("pools", i), fmt.Sprintf("No pool %q", name), "No pool block declares it"+didYouMean(name, known, fmt.Sprintf(": write pool %q { slots = 2 } beside the assets.", name))))
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return l.project.Pools[name] == nil })
	slices.Sort(names)
	return names
}

// priority reads a whole number, which may be negative.
func (a *args) priority(name string) int {
	v, ok := a.value(name)
	if !ok {
		return 0
	}
	if v, err := convert.Convert(v, cty.Number); err == nil && !v.IsNull() {
		if n, exact := v.AsBigFloat().Int64(); exact == big.Exact && n >= math.MinInt32 && n <= math.MaxInt32 {
			return int(n)
		}
	}
	a.must(name, "a whole number")
	return 0
}

// mostThreads bounds what DuckDB is asked to start.
const mostThreads = 1024

// leastMemory is below what DuckDB needs for anything but small tables, in bytes.
const leastMemory = 32e6

func (l *loader) readDuckDB(s *scope, b *hclsyntax.Block) {
	const what = "the duckdb block"
	l.noLabels(b)
	l.fits(b.Body, duckdbSchema, what)
	a := l.args(s, b.Body, what)
	d := &l.project.DuckDB
	var bytes float64
	if d.MemoryLimit, bytes = a.size("memory_limit"); d.MemoryLimit != "" && bytes < leastMemory {
		a.wrong("memory_limit", fmt.Sprintf("A memory_limit of %s is too little", d.MemoryLimit), `DuckDB cannot do much with less than "32MB". Leave it out to let DuckDB use most of the machine.`)
	}
	d.MaxTempDirectorySize, _ = a.size("max_temp_directory_size")
	if n := a.count("threads"); n != nil && (*n < 1 || *n > mostThreads) {
		a.wrong("threads", "\"threads\" is out of range", fmt.Sprintf("It is how many cores one statement may use: from 1 to %d.", mostThreads))
	} else if n != nil {
		d.Threads = int(*n)
	}
	if dir := a.filled("temp_directory"); isRemote(dir) {
		a.wrong("temp_directory", fmt.Sprintf("%q is not a directory", dir), "Give the path of a directory on a local disk, relative to the project.")
	} else if dir != "" {
		d.TempDirectory = resolve(l.root, dir)
	}
}

// units are those that DuckDB knows, in bytes.
var units = map[string]float64{"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}

var sizeText = regexp.MustCompile(`(?i)^([0-9]+(?:\.[0-9]+)?) ?([kmgt]i?b)$`)

// size reads an amount of memory or disk as DuckDB would, such as "4GB" or "512MiB".
func (a *args) size(name string) (text string, bytes float64) {
	v, ok := a.value(name)
	if !ok {
		return "", 0
	}
	if v.Type() == cty.String {
		if m := sizeText.FindStringSubmatch(v.AsString()); m != nil {
			n, _ := strconv.ParseFloat(m[1], 64) // digits, as matched
			if bytes := n * units[strings.ToUpper(m[2])]; bytes < math.MaxInt64 {
				return v.AsString(), bytes
			}
		}
	}
	a.wrong(name, fmt.Sprintf("%q must be a size", name), `Write a number with its unit, in quotes: "4GB", "512MB" or, in powers of 1024, "4GiB".`)
	return "", 0
}
