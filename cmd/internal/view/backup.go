package view

import (
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// BackupJSON is the document of `backup -json`.
type BackupJSON struct {
	FormatVersion string        `json:"format_version"`
	Warehouse     string        `json:"warehouse"`
	Backup        string        `json:"backup"`
	Bytes         int64         `json:"bytes"`
	Findings      []FindingJSON `json:"findings"` // in the warehouse, and so in the backup
}

// BackupText tells of a backup, for people.
func BackupText(w io.Writer, doc BackupJSON, style Style) {
	fmt.Fprintf(w, "%s has a copy of the warehouse, %s, read back and compared.\n", doc.Backup, humanize.IBytes(uint64(doc.Bytes)))
	if len(doc.Findings) > 0 {
		fmt.Fprint(w, "\nBut something is wrong with the warehouse, and so with its copy:\n\n")
		FindingsText(w, doc.Findings, style)
	}
}

// RestoreJSON is the document of `restore -json`.
type RestoreJSON struct {
	FormatVersion string `json:"format_version"`
	Warehouse     string `json:"warehouse"`
	Backup        string `json:"backup"`
	Bytes         int64  `json:"bytes"`
	// LatestRun is the last run of what is published now.
	LatestRun string     `json:"latest_run,omitempty"`
	LatestAt  *time.Time `json:"latest_at,omitempty"`
	// Replaced is where the file is that was in the place.
	Replaced      string        `json:"replaced,omitempty"`
	ReplacedBytes int64         `json:"replaced_bytes,omitempty"`
	Findings      []FindingJSON `json:"findings"` // in the backup, taken all the same
}

// NewRestore is the document for what was restored.
func NewRestore(path, backup string, r warehouse.Restored) RestoreJSON {
	doc := RestoreJSON{FormatVersion: FormatVersion, Warehouse: path, Backup: backup, Bytes: r.Size, LatestRun: r.Latest.ID,
		Replaced: r.Replaced, ReplacedBytes: r.WasSize, Findings: Findings(r.Found)}
	if r.Latest.ID != "" {
		doc.LatestAt = &r.Latest.Ended
	}
	return doc
}

// RestoreText tells of a restored warehouse, for people.
func RestoreText(w io.Writer, doc RestoreJSON, now time.Time, style Style) {
	fmt.Fprintf(w, "The warehouse is what %s has, %s", doc.Backup, humanize.IBytes(uint64(doc.Bytes)))
	if doc.LatestAt != nil {
		fmt.Fprintf(w, ", and its last run ended %s (%s)", Ago(*doc.LatestAt, now), Moment(*doc.LatestAt))
	}
	fmt.Fprintln(w, ".")
	if doc.Replaced != "" {
		fmt.Fprintf(w, "What was there before, %s, is kept as %s: delete that when you do not need it any more.\n", humanize.IBytes(uint64(doc.ReplacedBytes)), doc.Replaced)
	}
	if len(doc.Findings) > 0 {
		fmt.Fprint(w, "\nSomething is wrong with it:\n\n")
		FindingsText(w, doc.Findings, style)
	}
}
