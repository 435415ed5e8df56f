package view

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// RunsJSON is the document of `runs -json`.
type RunsJSON struct {
	FormatVersion string    `json:"format_version"`
	Runs          []RunJSON `json:"runs"`
}

// RunJSON is one finished run; with Assets, the document of `runs show -json`.
type RunJSON struct {
	FormatVersion string         `json:"format_version,omitempty"`
	Run           string         `json:"run"`
	Status        string         `json:"status"`
	Began         time.Time      `json:"began"`
	Seconds       float64        `json:"seconds"`
	Built         int            `json:"built"`
	Unchanged     int            `json:"unchanged"`
	Failed        int            `json:"failed"`
	Skipped       int            `json:"skipped"`
	Dropped       int            `json:"dropped"`
	Assets        []RunAssetJSON `json:"assets,omitempty"`
}

// RunAssetJSON is what a run did to one asset.
type RunAssetJSON struct {
	Asset  assets.Name    `json:"asset"`
	Status planner.Status `json:"status"`
	Rows   int64          `json:"rows"`
	// Quarantined is how many rows were put aside besides.
	Quarantined int64                 `json:"quarantined,omitempty"`
	Seconds     float64               `json:"seconds"`
	Version     assets.Digest         `json:"version,omitempty"`
	Error       string                `json:"error,omitempty"`
	Checks      []planner.CheckResult `json:"checks"`
}

// NewRuns is the document for a list of runs.
func NewRuns(runs []warehouse.Run) RunsJSON {
	doc := RunsJSON{FormatVersion, []RunJSON{}}
	for _, r := range runs {
		doc.Runs = append(doc.Runs, runJSON(r))
	}
	return doc
}

func runJSON(r warehouse.Run) RunJSON {
	return RunJSON{Run: r.ID, Status: string(r.Status), Began: r.Began, Seconds: r.Ended.Sub(r.Began).Seconds(), Built: r.Built, Unchanged: r.Unchanged, Failed: r.Failed, Skipped: r.Skipped, Dropped: r.Dropped}
}

// NewRun is the document for one run.
func NewRun(r warehouse.Run, records []planner.Materialization) RunJSON {
	doc := runJSON(r)
	doc.FormatVersion = FormatVersion
	for _, m := range records {
		doc.Assets = append(doc.Assets, RunAssetJSON{m.Asset, m.Status, m.Rows, m.Quarantine.Count(), m.Ended.Sub(m.Began).Seconds(), m.Made.ID, m.Err, append([]planner.CheckResult{}, m.Checks...)})
	}
	return doc
}

// RunsText lists runs for people.
func RunsText(w io.Writer, runs []warehouse.Run, now time.Time, style Style) {
	if len(runs) == 0 {
		fmt.Fprintln(w, "There was no run yet. To build what the project declares, run: assets apply")
		return
	}
	t := table{style: style, right: map[int]bool{3: true, 4: true, 5: true, 6: true, 7: true, 8: true}}
	t.add("RUN", "BEGAN", "STATUS", "TOOK", "BUILT", "UNCHANGED", "FAILED", "SKIPPED", "DROPPED")
	for _, r := range runs {
		t.add(r.ID, Ago(r.Began, now), string(r.Status), Seconds(r.Ended.Sub(r.Began).Seconds()),
			fmt.Sprint(r.Built), fmt.Sprint(r.Unchanged), fmt.Sprint(r.Failed), fmt.Sprint(r.Skipped), fmt.Sprint(r.Dropped))
	}
	t.paint = func(row, column int, text string) string {
		switch {
		case column != 2:
			return text
		case runs[row-1].Status == warehouse.Succeeded:
			return style.Green(text)
		}
		return style.Red(text)
	}
	t.write(w)
}

// RunText tells what a run did, for people.
func RunText(w io.Writer, r warehouse.Run, records []planner.Materialization, now time.Time, style Style) {
	fmt.Fprintf(w, "Run %s %s, began %s (%s), took %s.\n", style.Bold(r.ID), r.Status, Ago(r.Began, now), Moment(r.Began), Seconds(r.Ended.Sub(r.Began).Seconds()))
	if len(records) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := table{style: style, right: map[int]bool{2: true, 3: true}}
	reason := ""
	if slices.ContainsFunc(records, func(m planner.Materialization) bool { return m.Err != "" }) {
		reason = "REASON"
	}
	t.add("ASSET", "STATUS", "ROWS", "TOOK", reason)
	for _, m := range records {
		rows, took := "", ""
		if warehouse.IsCurrent(m.Status) {
			rows = newLast(m).rows()
		}
		if m.Status != planner.Skipped && m.Status != planner.Dropped {
			took = Seconds(m.Ended.Sub(m.Began).Seconds())
		}
		t.add(m.Asset.String(), string(m.Status), rows, took, firstLine(m.Err))
	}
	t.write(w)
	for _, m := range records {
		for _, c := range m.Checks {
			if c.Status != planner.CheckPassed || c.Quarantined > 0 {
				fmt.Fprintf(w, "\n%s\n", style.Bold(m.Asset.String()))
				CheckText(w, c, style)
			}
		}
	}
}
