package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// RunsJSON is the document of `runs -json`.
type RunsJSON struct {
	FormatVersion string        `json:"format_version"`
	Runs          []RunJSON     `json:"runs"`
	Running       []RunningJSON `json:"running,omitempty"`
}

// RunningJSON is a run that goes on; alone, the document of `runs show -json` of one.
type RunningJSON struct {
	FormatVersion string    `json:"format_version,omitempty"`
	Run           string    `json:"run"`
	Status        string    `json:"status"` // "running"
	Began         time.Time `json:"began"`
	Command       string    `json:"command"` // of the process that carries it out
	PID           int       `json:"pid"`
	Done          int       `json:"done"` // of Total assets
	Total         int       `json:"total"`
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
	Began       time.Time             `json:"began"`
	Seconds     float64               `json:"seconds"`
	Version     assets.Digest         `json:"version,omitempty"`
	Error       string                `json:"error,omitempty"`
	Checks      []planner.CheckResult `json:"checks"`
	// Reads are the versions of its inputs that it was made from.
	Reads map[assets.Name]assets.Digest `json:"reads,omitempty"`
	// SQL is what it was made with; empty if that is sensitive, or nothing was made.
	SQL string `json:"sql,omitempty"`
}

// NewRuns is the document for a list of runs.
func NewRuns(runs []warehouse.Run) RunsJSON {
	doc := RunsJSON{FormatVersion: FormatVersion, Runs: []RunJSON{}}
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
		a := RunAssetJSON{Asset: m.Asset, Status: m.Status, Rows: m.Rows, Quarantined: m.Quarantine.Count(), Began: m.Began.UTC(), Seconds: m.Ended.Sub(m.Began).Seconds(),
			Version: m.Made.ID, Error: m.Err, Checks: append([]planner.CheckResult{}, m.Checks...), SQL: m.Definition.SQL}
		for input, read := range m.Reads {
			if a.Reads == nil {
				a.Reads = map[assets.Name]assets.Digest{}
			}
			a.Reads[input] = read.Version
		}
		doc.Assets = append(doc.Assets, a)
	}
	return doc
}

// RunsText lists runs for people, those that go on first, in lines of at most width columns
// if that is possible by leaving out what a person can do without; 0: of any.
func RunsText(w io.Writer, going []RunningJSON, runs []warehouse.Run, now time.Time, style Style, width int) {
	if len(runs)+len(going) == 0 {
		fmt.Fprintln(w, "There was no run yet. To build what the project declares, run: assets apply")
		return
	}
	t := table{style: style, right: map[int]bool{3: true, 4: true, 5: true, 6: true, 7: true, 8: true}}
	t.add("RUN", "BEGAN", "STATUS", "TOOK", "BUILT", "UNCHANGED", "FAILED", "SKIPPED", "DROPPED")
	for _, r := range going {
		t.add(r.Run, Ago(r.Began, now), r.Status, Seconds(now.Sub(r.Began).Seconds()), fmt.Sprintf("%d of %d", r.Done, r.Total), "", "", "", "")
	}
	for _, r := range runs {
		t.add(r.ID, Ago(r.Began, now), string(r.Status), Seconds(r.Ended.Sub(r.Began).Seconds()),
			fmt.Sprint(r.Built), fmt.Sprint(r.Unchanged), fmt.Sprint(r.Failed), fmt.Sprint(r.Skipped), fmt.Sprint(r.Dropped))
	}
	t.paint = func(row, column int, text string) string {
		switch {
		case column != 2:
			return text
		case row <= len(going):
			return style.Cyan(text)
		case runs[row-1-len(going)].Status == warehouse.Succeeded:
			return style.Green(text)
		case runs[row-1-len(going)].Status == warehouse.Cancelled:
			return style.Yellow(text)
		}
		return style.Red(text)
	}
	t.fit(width, "DROPPED", "UNCHANGED", "SKIPPED")
	t.write(w)
}

// RunText tells what a run did, for people.
func RunText(w io.Writer, r warehouse.Run, records []planner.Materialization, now time.Time, style Style) {
	fmt.Fprintf(w, "Run %s %s, began %s (%s), took %s.\n", style.Bold(r.ID), r.Status, Ago(r.Began, now), Moment(r.Began), Seconds(r.Ended.Sub(r.Began).Seconds()))
	if r.Status == warehouse.Cancelled {
		fmt.Fprintf(w, "Nothing of it was published. What it had built until then (%s) was kept for the run after it.\n", Count(int64(r.Built), "asset"))
	}
	if len(records) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := table{style: style, right: map[int]bool{2: true, 3: true, 4: true}}
	reason := ""
	if slices.ContainsFunc(records, func(m planner.Materialization) bool { return m.Err != "" }) {
		reason = "REASON"
	}
	t.add("ASSET", "STATUS", "ROWS", "BEGAN", "TOOK", reason)
	for _, m := range records {
		rows, began, took := "", "", ""
		if warehouse.IsCurrent(m.Status) {
			rows = newLast(m).rows()
		}
		if m.Status != planner.Skipped && m.Status != planner.Dropped {
			took = Seconds(m.Ended.Sub(m.Began).Seconds())
		}
		if took != "" && !m.Began.Before(r.Began) { // what was taken up began in an earlier run
			began = "+" + Seconds(m.Began.Sub(r.Began).Seconds())
		}
		t.add(m.Asset.String(), string(m.Status), rows, began, took, firstLine(m.Err))
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

// RunningText tells of a run that goes on, for people.
func RunningText(w io.Writer, r RunningJSON, now time.Time, style Style) {
	fmt.Fprintf(w, "Run %s is running in `assets %s` (process %d): %d of %s done. It began %s (%s).\n",
		style.Bold(r.Run), r.Command, r.PID, r.Done, Count(int64(r.Total), "asset"), Ago(r.Began, now), Moment(r.Began))
	fmt.Fprintf(w, "What it did to each asset is recorded when it publishes. To follow one: assets logs NAME -f. To end the run: assets cancel %s\n", r.Run)
}

// RunAssetText tells all that a run recorded of one asset, for people.
func RunAssetText(w io.Writer, r warehouse.Run, m planner.Materialization, style Style) {
	fmt.Fprintf(w, "%s in run %s\n\n", style.Bold(m.Asset.String()), r.ID)
	LogText(w, NewLog(m), style)
	if len(m.Reads) > 0 {
		fmt.Fprintln(w)
		t := table{style: style}
		t.add("INPUT", "VERSION", "COLUMNS READ")
		for _, input := range assets.SortedNames(m.Reads) {
			read := m.Reads[input]
			t.add(input.String(), read.Version.Short(), columnsRead(lineage.WithoutOrder(read.Columns), slices.Contains(read.Columns, lineage.RowOrder)))
		}
		t.write(w)
	}
	for i, c := range m.Checks {
		if i == 0 {
			fmt.Fprintln(w, "\n"+style.Dim("CHECKS"))
		}
		CheckText(w, c, style)
	}
	if _, more, long := strings.Cut(m.Err, "\n"); long {
		fmt.Fprintf(w, "\n%s\n", more)
	}
	switch {
	case m.Definition.SQL != "":
		fmt.Fprintf(w, "\n%s\n%s\n", style.Dim("SQL"), strings.TrimSpace(m.Definition.SQL))
	case m.Definition.Engine != "":
		fmt.Fprintf(w, "\n%s\n(sensitive)\n", style.Dim("SQL"))
	}
}
