package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// QuarantineJSON is the document of `quarantine list -json`, and with Purged that of
// `quarantine purge -json`.
type QuarantineJSON struct {
	FormatVersion string            `json:"format_version"`
	Quarantine    []QuarantinedJSON `json:"quarantine"`
	Purged        bool              `json:"purged,omitempty"` // what is listed is gone
}

// QuarantinedJSON tells what is put aside of one asset.
type QuarantinedJSON struct {
	Asset  assets.Name            `json:"asset"`
	Rows   int64                  `json:"rows"`
	Checks []warehouse.CheckCount `json:"checks"` // a row may violate several
	Since  time.Time              `json:"since"`  // when the oldest of the rows were first put aside
	Run    string                 `json:"run"`    // by which run
}

// NewQuarantine is the document for what is put aside.
func NewQuarantine(list []warehouse.Quarantined) QuarantineJSON {
	doc := QuarantineJSON{FormatVersion, []QuarantinedJSON{}, false}
	for _, q := range list {
		doc.Quarantine = append(doc.Quarantine, QuarantinedJSON{q.Asset, q.Rows, q.Checks, q.Since, q.Run})
	}
	return doc
}

// QuarantineText lists what is put aside, for people.
func QuarantineText(w io.Writer, doc QuarantineJSON, now time.Time, style Style) {
	if len(doc.Quarantine) == 0 {
		fmt.Fprintln(w, "No rows are quarantined.")
		return
	}
	t := table{style: style, right: map[int]bool{1: true}}
	t.add("ASSET", "ROWS", "SINCE", "RUN", "CHECKS")
	for _, q := range doc.Quarantine {
		t.add(q.Asset.String(), humanize.Comma(q.Rows), Ago(q.Since, now), q.Run, checkCounts(q.Checks))
	}
	t.write(w)
}

func checkCounts(checks []warehouse.CheckCount) string {
	parts := make([]string, len(checks))
	for i, c := range checks {
		parts[i] = fmt.Sprintf("%s %s", c.Check, humanize.Comma(c.Rows))
	}
	return strings.Join(parts, ", ")
}
