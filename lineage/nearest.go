package lineage

import (
	"cmp"
	"slices"

	"github.com/agext/levenshtein"

	"github.com/seed-4311623e/assets/assets"
)

// Nearest returns up to three of have that want may be a slip for, best first.
func Nearest(want string, have []string) []string {
	type candidate struct {
		text     string
		distance int
	}
	var near []candidate
	limit := max(1, min(3, len(want)/3))
	for _, h := range have {
		if diff := len(h) - len(want); diff > limit || -diff > limit {
			continue
		}
		if d := levenshtein.Distance(lower(want), lower(h), nil); d <= limit {
			near = append(near, candidate{h, d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(a.distance-b.distance, cmp.Compare(a.text, b.text))
	})
	var out []string
	for _, c := range near[:min(3, len(near))] {
		if c.distance <= near[0].distance+1 {
			out = append(out, c.text)
		}
	}
	return out
}

// nearestNames also finds names that differ in nothing but the schema.
func nearestNames(want assets.Name, have []assets.Name) []string {
	var elsewhere, all []string
	for _, n := range have {
		if n.Table == want.Table {
			elsewhere = append(elsewhere, n.String())
			continue
		}
		all = append(all, n.String())
	}
	slices.Sort(elsewhere)
	near := append(elsewhere, Nearest(want.String(), all)...)
	return near[:min(3, len(near))]
}
