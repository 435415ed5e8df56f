package planner

import (
	"fmt"
	"strconv"

	"github.com/seed-4311623e/assets/assets"
)

// Basis is what a plan was made from: enough to tell, before a saved plan is
// applied, whether anything has moved.
type Basis struct {
	Project assets.Digest                 `json:"project"` // declared config and SQL
	Serial  string                        `json:"serial"`  // State.Serial
	Found   assets.Digest                 `json:"found"`   // the warehouse's catalog
	Sources map[assets.Name]assets.Digest `json:"sources"` // observed versions
}

// Moved says, a sentence each, what is no longer as it was when the plan based
// on b was made. It is empty if that plan still holds.
func (b Basis) Moved(now Basis) []string {
	var moved []string
	if b.Project != now.Project {
		moved = append(moved, "the project's files changed")
	}
	switch {
	case b.Serial != now.Serial:
		moved = append(moved, "another run was published since")
	case b.Found != now.Found: // a run explains a changed catalog
		moved = append(moved, "the warehouse's catalog changed")
	}
	seen := make(map[assets.Name]bool, len(b.Sources)+len(now.Sources))
	for name := range b.Sources {
		seen[name] = true
	}
	for name := range now.Sources {
		seen[name] = true
	}
	for _, name := range assets.SortedNames(seen) {
		was, is := b.Sources[name], now.Sources[name]
		switch {
		case was == is:
		case is == "":
			moved = append(moved, fmt.Sprintf("source %s is no longer observed", name))
		default:
			moved = append(moved, fmt.Sprintf("source %s has a new version", name))
		}
	}
	return moved
}

// BasisOf is the basis of the plan that Make would make of in.
func BasisOf(in Input) Basis {
	b := Basis{
		Project: in.Project.Digest,
		Serial:  in.State.Serial,
		Found:   foundDigest(in.State.Found),
		Sources: make(map[assets.Name]assets.Digest, len(in.Project.Sources)),
	}
	for name := range in.Project.Sources {
		if id := in.Observed[name].Version.ID; id != "" {
			b.Sources[name] = id
		}
	}
	return b
}

func foundDigest(found map[assets.Name]Found) assets.Digest {
	parts := make([]string, 0, 6*len(found))
	for _, name := range assets.SortedNames(found) {
		f := found[name]
		parts = append(parts, name.String(), f.Kind, f.View, f.Table,
			strconv.FormatInt(f.Rows, 10), strconv.Itoa(len(f.Columns)))
		for _, c := range f.Columns {
			parts = append(parts, c.Name, c.Type)
		}
	}
	return assets.NewDigest("found1", parts...)
}
