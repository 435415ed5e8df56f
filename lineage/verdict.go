package lineage

// Verdict is what became of a column from one definition to another.
type Verdict string

const (
	Same       Verdict = "unchanged"
	Recomputed Verdict = "changed" // computed differently
	Retyped    Verdict = "retyped" // of another type
	New        Verdict = "new"
	Removed    Verdict = "removed"
	Unknown    Verdict = "unknown" // nobody can tell
)

// ColumnVerdict is the verdict on one column.
type ColumnVerdict struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Was and Is are its types; one is empty if the column is new or removed.
	Was string `json:"was,omitempty"`
	Is  string `json:"is,omitempty"`
}

// Verdicts compares the columns of two definitions, given equal inputs: those
// there are in their order, then those removed. A renamed column is a new one and
// a removed one. Whether other rows are read is a question to [Compare].
func Verdicts(was, is Bound) []ColumnVerdict {
	var verdicts []ColumnVerdict
	for _, o := range is.Outputs {
		v := ColumnVerdict{Name: o.Name, Verdict: New, Is: o.Type}
		if old := was.Output(o.Name); old != nil {
			v.Was, v.Verdict = old.Type, verdict(was, is, *old, o)
		}
		verdicts = append(verdicts, v)
	}
	for _, o := range was.Outputs {
		if is.Output(o.Name) == nil {
			verdicts = append(verdicts, ColumnVerdict{Name: o.Name, Verdict: Removed, Was: o.Type})
		}
	}
	return verdicts
}

func verdict(was, is Bound, old, now Output) Verdict {
	switch {
	case old.Type != now.Type:
		return Retyped
	case was.Syntax != "" && was.Syntax == is.Syntax && old.Print == now.Print:
		return Same // the same text, also where its value depends on chance
	case !Comparable(was, is) || old.Print == "" || now.Print == "":
		return Unknown
	case old.Print == now.Print:
		return Same
	}
	return Recomputed
}
