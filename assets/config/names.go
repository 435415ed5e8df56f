package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// names is what has been declared so far, and where.
type names map[assets.Name]declared

type declared struct {
	what  string // "source" or "asset"
	at    hcl.Range
	group string
}

// register takes a name. It reports one taken before and returns false.
func (l *loader) register(seen names, n assets.Name, what string, at hcl.Range, group string) bool {
	first, taken := seen[n]
	if !taken {
		seen[n] = declared{what, at, group}
		return true
	}
	switch {
	case first.what != what:
		l.report(
			problem(first.at, fmt.Sprintf("Duplicate name %q", n), fmt.Sprintf("The %s at %s has the same name. Sources and assets share one set of names: rename one of them.", what, place(at))),
			problem(at, fmt.Sprintf("Duplicate name %q", n), fmt.Sprintf("The %s at %s has the same name. Sources and assets share one set of names: rename one of them.", first.what, place(first.at))))
	case group != "" && first.group == group && first.at == at:
		l.report(problem(at, fmt.Sprintf("Duplicate %s %q", what, n), "Two elements of for_each give this name. Let the name differ with each.key, which is never the same twice."))
	default:
		l.duplicate(fmt.Sprintf("%s %q", what, n), first.at, at)
	}
	return false
}

// registerGroup registers what one block makes. Groups of assets can be named
// where an asset can, so they are kept; those of sources only take their label.
func (l *loader) registerGroup(seen names, g *group) {
	if g.label != "" {
		label, err := assets.ParseName(g.label)
		if err == nil { // otherwise reported already
			if !l.register(seen, label, g.kind, g.decl, "") {
				return
			}
			g.label = label.String()
		}
	}
	at := g.decl
	if g.label != "" {
		at = g.nameRange
	}
	for _, s := range g.sources {
		if l.register(seen, s.Name, g.kind, at, g.label) {
			l.project.Sources[s.Name] = s
		}
	}
	members := []assets.Name{}
	for _, a := range g.assets {
		if l.register(seen, a.Name, g.kind, at, g.label) {
			a.Group = g.label
			l.project.Assets[a.Name] = a
			members = append(members, a.Name)
		}
	}
	if g.label != "" && g.kind == "asset" {
		slices.SortFunc(members, assets.Name.Compare)
		l.project.Groups[g.label] = members
	}
}

// name reads the name of a source or asset and reports one that cannot be had.
func (l *loader) name(text string, at hcl.Range) (assets.Name, bool) {
	n, err := assets.ParseName(text)
	if err != nil {
		l.report(problem(at, "Invalid name", sentence(err.Error())))
		return n, false // nobody can name it
	}
	if why := reserved(n.Schema, l.project.Warehouse); why != "" {
		l.report(problem(at, fmt.Sprintf("Reserved schema %q", n.Schema), why+" Choose another schema."))
		l.missNames(n)
		return n, false
	}
	return n, true
}

// reserved says why a schema cannot be used, or nothing.
func reserved(schema, warehouse string) string {
	stem := filepath.Base(warehouse)
	stem = strings.ToLower(strings.TrimSuffix(stem, filepath.Ext(stem)))
	switch {
	case strings.HasPrefix(schema, "_"):
		return "Schemas that begin with an underscore are kept for the program itself."
	case schema == "quarantine":
		return "It holds rows that failed checks."
	case slices.Contains([]string{"information_schema", "pg_catalog", "system", "temp", "memory"}, schema):
		return "It is DuckDB's own."
	case schema == stem:
		return fmt.Sprintf("Whoever opens the warehouse %s knows it by this name, and %s.… could mean either.", filepath.Base(warehouse), schema)
	}
	return ""
}

// checkReferences reports names in arguments that nothing declares.
func (l *loader) checkReferences() {
	var sources, all []string
	for n := range l.project.Sources {
		sources, all = append(sources, n.String()), append(all, n.String())
	}
	for n := range l.project.Assets {
		all = append(all, n.String())
	}
	for _, r := range l.references {
		switch {
		case r.assetOnly && l.project.Sources[r.name] != nil:
			l.report(problem(r.at, fmt.Sprintf("%q is a source", r.name), "It is not built, so its build cannot fail: while it cannot be looked at, its last version counts. An input block is about an asset."))
		case l.project.Sources[r.name] != nil, l.unread.Has(r.name), r.orGroup && len(l.project.Groups[r.name.String()]) > 0:
		case r.sourceOnly && l.project.Assets[r.name] != nil:
			l.report(problem(r.at, fmt.Sprintf("%q is not a source", r.name), "It is an asset. A freshness block can be limited to sources: data made outside of the project."))
		case r.sourceOnly:
			l.report(problem(r.at, fmt.Sprintf("No source %q", r.name), "Nothing of this name is declared"+didYouMean(r.name.String(), sources, ".")))
		case l.project.Assets[r.name] == nil:
			l.report(problem(r.at, fmt.Sprintf("No source or asset %q", r.name), "Nothing of this name is declared"+didYouMean(r.name.String(), all, ".")))
		}
	}
}

// reference is a name in an argument, to be looked up when all are known.
type reference struct {
	name       assets.Name
	at         hcl.Range
	sourceOnly bool
	assetOnly  bool
	orGroup    bool // it may be the label of a block with for_each
}

func (l *loader) refer(r reference) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.references = append(l.references, r)
}
