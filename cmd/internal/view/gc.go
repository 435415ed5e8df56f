package view

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// GCJSON is the document of `gc -json`.
type GCJSON struct {
	FormatVersion string        `json:"format_version"`
	Warehouse     string        `json:"warehouse"`
	DryRun        bool          `json:"dry_run"` // what is listed would go
	Records       []PastJSON    `json:"records"`
	Tables        []GoneJSON    `json:"tables"`
	Files         []GoneFile    `json:"files"` // that killed processes left behind
	Before        WarehouseSize `json:"before"`
	After         WarehouseSize `json:"after"`
	Compacted     bool          `json:"compacted"`
}

// PastJSON is how much there is of one kind of record, before, and what of it goes.
type PastJSON struct {
	Kind string `json:"kind"`
	Rows int64  `json:"rows"`
	Gone int64  `json:"gone"`
}

// GoneJSON is a table that goes.
type GoneJSON struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// GoneFile is a file that goes.
type GoneFile struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

// WarehouseSize is how big the file is, and how much of it is free for what is written next.
type WarehouseSize struct {
	Bytes     int64 `json:"bytes"`
	FreeBytes int64 `json:"free_bytes"`
}

// NewGC is the document for what is not kept; was and is are the sizes before and after.
func NewGC(path string, g warehouse.Garbage, files []GoneFile, was, is warehouse.Size) GCJSON {
	doc := GCJSON{FormatVersion: FormatVersion, Warehouse: path, Records: []PastJSON{}, Tables: []GoneJSON{}, Files: append([]GoneFile{}, files...),
		Before: WarehouseSize{was.File, was.Free}, After: WarehouseSize{is.File, is.Free}}
	for _, p := range g.Past {
		doc.Records = append(doc.Records, PastJSON(p))
	}
	for _, t := range g.Tables {
		doc.Tables = append(doc.Tables, GoneJSON(t))
	}
	return doc
}

// kinds say what the records of each kind are.
var kinds = map[string]string{
	"runs": "runs", "records": "what runs did to each asset", "checks": "results of checks",
	"observations": "versions of sources", "staged": "built, never published",
}

// GCText tells what of the past goes, for people. compact is the command that gives
// space back to the disk.
func GCText(w io.Writer, doc GCJSON, compact string, style Style) {
	gone := int64(len(doc.Tables) + len(doc.Files))
	t := table{style: style, right: map[int]bool{1: true, 2: true, 3: true}}
	header := "DELETED"
	if doc.DryRun {
		header = "TO DELETE"
	}
	t.add("RECORDS", "BEFORE", header, "KEPT")
	for _, p := range doc.Records {
		gone += p.Gone
		t.add(kinds[p.Kind], humanize.Comma(p.Rows), humanize.Comma(p.Gone), humanize.Comma(p.Rows-p.Gone))
	}
	if len(doc.Records) > 0 {
		t.write(w)
		fmt.Fprintln(w)
	}
	if len(doc.Tables)+len(doc.Files) > 0 {
		dropped := table{style: style, right: map[int]bool{1: true, 2: true}}
		header := "DROPPED"
		if doc.DryRun {
			header = "TO DROP"
		}
		dropped.add(header, "ROWS", "AT MOST")
		for _, t := range doc.Tables {
			dropped.add("_assets."+warehouse.Ident(t.Table), humanize.Comma(t.Rows), humanize.IBytes(uint64(t.Bytes)))
		}
		for _, f := range doc.Files {
			dropped.add(f.Path, "", humanize.IBytes(uint64(f.Bytes)))
		}
		dropped.write(w)
		fmt.Fprintln(w)
	}
	if gone == 0 {
		fmt.Fprintln(w, "Nothing has to go: all of it is needed, or not old enough.")
	}
	if doc.Before.Bytes == 0 {
		return
	}
	name := filepath.Base(doc.Warehouse)
	switch {
	case doc.Compacted:
		fmt.Fprintf(w, "%s had %s, and has %s now.\n", name, humanize.IBytes(uint64(doc.Before.Bytes)), humanize.IBytes(uint64(doc.After.Bytes)))
		return
	case doc.DryRun:
		fmt.Fprintf(w, "%s has %s, of which %s are free.", name, humanize.IBytes(uint64(doc.Before.Bytes)), humanize.IBytes(uint64(doc.Before.FreeBytes)))
	default:
		fmt.Fprintf(w, "%s has %s, of which %s are free (before: %s, of which %s).", name, humanize.IBytes(uint64(doc.After.Bytes)), humanize.IBytes(uint64(doc.After.FreeBytes)),
			humanize.IBytes(uint64(doc.Before.Bytes)), humanize.IBytes(uint64(doc.Before.FreeBytes)))
	}
	fmt.Fprintln(w, " What is free is written to next.")
	if 4*doc.After.FreeBytes > doc.After.Bytes {
		fmt.Fprintf(w, "To give it back to the disk, run: %s\n", compact)
	}
}
