package planner

import (
	"crypto/sha256"
	"encoding/binary"
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
		moved = append(moved, "the project's files, variables or secrets changed")
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

// foundDigest is the digest of a set: entries are hashed by themselves and added up,
// for which they need not be sorted.
func foundDigest(found map[assets.Name]Found) assets.Digest {
	var sum [4]uint64
	var text []byte
	for name, f := range found {
		text = pack(text[:0], name.Schema, name.Table, f.Kind, f.View, f.Table)
		text = strconv.AppendInt(text, f.Rows, 10)
		for _, c := range f.Columns {
			text = pack(text, c.Name, c.Type)
		}
		hash := sha256.Sum256(text)
		for i := range sum {
			sum[i] += binary.LittleEndian.Uint64(hash[8*i:])
		}
	}
	return assets.NewDigest("found2", fmt.Sprint(len(found)), fmt.Sprintf("%x", sum))
}
