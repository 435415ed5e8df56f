package config

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format lays src out in the canonical way. It changes spaces only.
func Format(src []byte) []byte { return hclwrite.Format(src) }

// Formatted is a file before and after Format.
type Formatted struct {
	Path          string // relative to the project, with slashes
	Before, After []byte
}

// Changed reports whether formatting changes the file.
func (f Formatted) Changed() bool { return !bytes.Equal(f.Before, f.After) }

// FormatDir formats, without writing anything, the *.hcl files of the project in
// dir and the *.hclvars files among them, in order of their paths. A file that
// cannot be parsed is left out and has diagnostics; files holds the text that
// these refer to.
func FormatDir(dir string) (formatted []Formatted, files map[string][]byte, diags hcl.Diagnostics) {
	root, err := filepath.Abs(dir)
	if err != nil {
		root = filepath.Clean(dir)
	}
	s := &store{root: root, text: map[string][]byte{}}
	found, _, diags := discover(s, ".hcl")
	if !diags.HasErrors() {
		paths, more := walkVars(s)
		diags = append(diags, more...)
		found = append(found, paths...)
	}
	for _, f := range found {
		diags = append(diags, f.diags...)
		if !f.diags.HasErrors() {
			formatted = append(formatted, Formatted{Path: f.path, Before: f.src, After: Format(f.src)})
		}
	}
	return formatted, s.text, tidy(diags, nil)
}

// walkVars parses the variables files in the project's own directory.
func walkVars(s *store) (found []*file, diags hcl.Diagnostics) {
	paths, err := filepath.Glob(filepath.Join(escapeGlob(s.root), "*.hclvars"))
	if err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Cannot list variables files", Detail: fmt.Sprint(err)}}
	}
	for _, path := range paths {
		found = append(found, parse(s, path))
	}
	return found, nil
}
