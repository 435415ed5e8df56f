package lineage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/seed-4311623e/assets/assets"
)

// Select resolves selectors to the assets they stand for, in the order of names:
// a name, a pattern such as mart.*, tag:finance, owner:ann@example.com, or the
// label of a block with for_each. A plus sign before one adds what it is made
// from, one behind it what is made from it. A selector that stands for nothing
// is an error.
func Select(p *assets.Project, g *Graph, selectors []string) ([]assets.Name, error) {
	chosen := map[assets.Name]bool{}
	for _, selector := range selectors {
		base, up := strings.CutPrefix(selector, "+")
		base, down := strings.CutSuffix(base, "+")
		matched, err := match(p, base, up || down)
		if err != nil {
			return nil, err
		}
		found := map[assets.Name]bool{}
		for _, name := range matched {
			found[name] = true
		}
		if up {
			add(found, g.Upstream(matched...))
		}
		if down {
			add(found, g.Downstream(matched...))
		}
		for name := range found {
			if p.Assets[name] != nil {
				chosen[name] = true
			}
		}
	}
	return assets.SortedNames(chosen), nil
}

func add(to, from map[assets.Name]bool) {
	for name := range from {
		to[name] = true
	}
}

// match resolves a selector without plus signs. Sources count only where their
// relatives are asked for.
func match(p *assets.Project, selector string, sources bool) ([]assets.Name, error) {
	if tag, ok := strings.CutPrefix(selector, "tag:"); ok {
		return having(p, "tag", tag, func(a *assets.Asset) []string { return a.Tags })
	}
	if owner, ok := strings.CutPrefix(selector, "owner:"); ok {
		return having(p, "owner", owner, func(a *assets.Asset) []string { return []string{a.Owner} })
	}
	if group := p.Groups[selector]; len(group) > 0 {
		return group, nil
	}
	declared := assets.SortedNames(p.Assets)
	if sources {
		declared = append(declared, assets.SortedNames(p.Sources)...)
	}
	if strings.ContainsAny(selector, "*?[{") {
		return matchPattern(selector, declared)
	}
	name, err := assets.ParseName(selector)
	if err == nil && slices.Contains(declared, name) {
		return []assets.Name{name}, nil
	}
	if err == nil && p.Sources[name] != nil {
		return nil, fmt.Errorf("%s is a source: it is observed, not built. Write %s+ for the assets made from it", name, name)
	}
	if err != nil {
		selector = strconv.Quote(selector)
	}
	return nil, unknown("no asset is called "+selector, nearestLabels(p, selector, declared))
}

func matchPattern(pattern string, declared []assets.Name) (found []assets.Name, err error) {
	for _, name := range declared {
		matches, err := doublestar.Match(strings.ToLower(pattern), name.String())
		if err != nil {
			return nil, fmt.Errorf("%q is not a pattern: write it as in mart.* or *.orders", pattern)
		}
		full, _ := doublestar.Match(strings.ToLower(pattern), name.Schema+"."+name.Table)
		if matches || full {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no asset matches %s", pattern)
	}
	return found, nil
}

// having finds the assets with a tag or owner.
func having(p *assets.Project, what, want string, of func(*assets.Asset) []string) (found []assets.Name, err error) {
	var known []string
	for _, name := range assets.SortedNames(p.Assets) {
		values := of(p.Assets[name])
		if slices.Contains(values, want) {
			found = append(found, name)
		}
		known = append(known, values...)
	}
	if len(found) == 0 {
		return nil, unknown(fmt.Sprintf("no asset has the %s %q", what, want), Nearest(want, sortedSet(known)))
	}
	return found, nil
}

func nearestLabels(p *assets.Project, selector string, declared []assets.Name) []string {
	var near []string
	if name, err := assets.ParseName(selector); err == nil {
		near = nearestNames(name, declared)
	}
	var labels []string
	for label := range p.Groups {
		labels = append(labels, label)
	}
	return sortedSet(append(near, Nearest(selector, labels)...))
}

func unknown(problem string, near []string) error {
	if len(near) == 0 {
		return fmt.Errorf("%s. `assets lineage` lists all assets", problem)
	}
	return fmt.Errorf("%s. Did you mean %s?", problem, oneOf(near))
}
