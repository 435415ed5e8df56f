package view

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// DoctorJSON is the document of `doctor -json`.
type DoctorJSON struct {
	FormatVersion string        `json:"format_version"`
	Warehouse     string        `json:"warehouse"`
	Healthy       bool          `json:"healthy"`
	Verified      bool          `json:"verified"` // the content of what is published was compared, too
	Published     int           `json:"published"`
	StateVersion  int           `json:"state_version,omitempty"`
	Size          WarehouseSize `json:"size"`
	Findings      []FindingJSON `json:"findings"`
	Fixed         []FindingJSON `json:"fixed"`
}

// FindingJSON is something that is not as it should be. A note is good to know, and
// nothing has to be done.
type FindingJSON struct {
	Severity string `json:"severity"` // "error" or "note"
	Code     string `json:"code"`
	About    string `json:"about"`
	Message  string `json:"message"`
	Fix      string `json:"fix"`
}

// Findings are the JSON of findings.
func Findings(found []warehouse.Finding) []FindingJSON {
	list := []FindingJSON{}
	for _, f := range found {
		severity := "error"
		if f.Note {
			severity = "note"
		}
		list = append(list, FindingJSON{severity, f.Code, f.About, f.Message, f.Fix})
	}
	return list
}

// DoctorText tells what was found, for people. exists says whether there is a warehouse.
func DoctorText(w io.Writer, doc DoctorJSON, exists bool, style Style) {
	for _, f := range doc.Fixed {
		fmt.Fprintf(w, "%s %s: %s\n  Dropped.\n\n", style.Green("✓"), style.Bold(f.About), f.Message)
	}
	wrong := FindingsText(w, doc.Findings, style)
	name := filepath.Base(doc.Warehouse)
	switch {
	case !exists:
		fmt.Fprintf(w, "There is no warehouse yet: %s is made by the first `assets apply`.\n", name)
	case wrong > 0:
		fmt.Fprintf(w, "%s: %s.\n", name, Count(wrong, "problem"))
	case doc.Published == 0:
		fmt.Fprintf(w, "%s is healthy, and nothing is published.\n", name)
	case doc.Verified:
		fmt.Fprintf(w, "%s is healthy: %s, each with its view, its table, its record, and the rows that were published.\n", name, Count(doc.Published, "published name"))
	default:
		fmt.Fprintf(w, "%s is healthy: %s, each with its view, its table and its record. With -verify their rows are compared, too.\n", name, Count(doc.Published, "published name"))
	}
	if exists && doc.Size.Bytes > 0 {
		fmt.Fprintf(w, "It has %s, of which %s are free.\n", humanize.IBytes(uint64(doc.Size.Bytes)), humanize.IBytes(uint64(doc.Size.FreeBytes)))
	}
}

// FindingsText lists findings for people, and counts those that are no notes.
func FindingsText(w io.Writer, found []FindingJSON, style Style) (wrong int) {
	for _, f := range found {
		mark := "·"
		if f.Severity == "error" {
			mark = style.Red("✗")
			wrong++
		}
		fmt.Fprintf(w, "%s %s: %s.\n  %s.\n\n", mark, style.Bold(f.About), f.Message, f.Fix)
	}
	return wrong
}
