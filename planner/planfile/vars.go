package planfile

import (
	"fmt"
	"maps"
	"slices"
)

// Supply returns the -var values to load the project with: those of the file,
// and of its sensitive ones the values in given. A sensitive value that is not
// given, or not the one planned with, is an error that says what to do. Other
// values in given must not contradict the file's.
func (f File) Supply(given map[string]string) (map[string]string, error) {
	vars := maps.Clone(f.Vars)
	if vars == nil {
		vars = make(map[string]string, len(f.Sensitive))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Sensitive)) {
		value, ok := given[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("the plan was made with the sensitive variable %q, which plan files do not keep; give it again with -var %s=…", name, name)
		case VarDigest(name, value) != f.Sensitive[name]:
			return nil, fmt.Errorf("the plan was made with another value of the sensitive variable %q; give the same one, or make a new plan", name)
		}
		vars[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if was, ok := vars[name]; !ok || was != given[name] {
			return nil, fmt.Errorf("the plan was made without -var %s with this value; leave it out, or make a new plan", name)
		}
	}
	return vars, nil
}
