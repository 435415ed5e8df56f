package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// ShowJSON is the document of `show -json`: what is declared and published.
type ShowJSON struct {
	FormatVersion string           `json:"format_version"`
	Assets        []ShowAssetJSON  `json:"assets"`
	Sources       []ShowSourceJSON `json:"sources"`
}

// ShowAssetJSON is one asset.
type ShowAssetJSON struct {
	Asset       assets.Name           `json:"asset"`
	Kind        assets.Kind           `json:"kind"`
	Declared    bool                  `json:"declared"` // false: published, but no longer in the project
	Description string                `json:"description,omitempty"`
	Owner       string                `json:"owner,omitempty"`
	Tags        []string              `json:"tags"`
	Pools       []string              `json:"pools,omitempty"`
	Priority    int                   `json:"priority,omitempty"`
	Columns     []assets.Column       `json:"columns"`
	Inputs      []assets.Name         `json:"inputs"`
	Readers     []assets.Name         `json:"readers"`
	Last        *LastJSON             `json:"last,omitempty"`
	Problem     string                `json:"problem,omitempty"` // what became of the published version
	Checks      []planner.CheckResult `json:"checks"`
}

// ShowSourceJSON is one source.
type ShowSourceJSON struct {
	Source      assets.Name `json:"source"`
	Description string      `json:"description,omitempty"`
	Owner       string      `json:"owner,omitempty"`
	Tags        []string    `json:"tags"`
	Files       string      `json:"files"`
	Format      string      `json:"format"`
	// Connection and Table say which table of which database it is, instead of Files.
	Connection string `json:"connection,omitempty"`
	Table      string `json:"table,omitempty"`
	// Event says that its versions are pushed.
	Event   bool            `json:"event,omitempty"`
	Version assets.Digest   `json:"version,omitempty"`
	Arrived *time.Time      `json:"arrived,omitempty"`
	Error   string          `json:"error,omitempty"`
	Columns []assets.Column `json:"columns"`
	Readers []assets.Name   `json:"readers"`
	// Checks are what the checks found in this version; none if they were not run on it.
	Checks []planner.CheckResult `json:"checks"`
}

// NewShow describes the named sources and assets. plan tells what is not as it was left.
func NewShow(in planner.Input, plan planner.Plan, selected []assets.Name) ShowJSON {
	doc := ShowJSON{FormatVersion, []ShowAssetJSON{}, []ShowSourceJSON{}}
	steps := Steps(plan)
	for _, name := range selected {
		if source := in.Project.Sources[name]; source != nil {
			doc.Sources = append(doc.Sources, showSource(in, source))
			continue
		}
		shown := showAsset(in, name)
		for _, reason := range steps[name].Reasons {
			if reason.Code == planner.Drifted {
				shown.Problem = reason.Message
			}
		}
		doc.Assets = append(doc.Assets, shown)
	}
	return doc
}

func showSource(in planner.Input, source *assets.Source) ShowSourceJSON {
	seen := in.Observed[source.Name]
	shown := ShowSourceJSON{
		Source: source.Name, Description: source.Description, Owner: source.Owner, Tags: append([]string{}, source.Tags...),
		Files: source.Reader.Glob, Format: source.Reader.Format, Version: seen.ID, Arrived: moment(seen.Arrived), Error: seen.Err,
		Columns: append([]assets.Column{}, seen.Columns...), Readers: []assets.Name{},
		Checks: []planner.CheckResult{},
	}
	if source.Table != nil {
		shown.Connection, shown.Table = source.Table.Connection, source.Table.String()
	}
	if shown.Event = source.Event; shown.Event && seen.ID == "" {
		shown.Error = "" // nothing is wrong with it
	}
	if verdict, judged := in.Verdict(source.Name); judged {
		shown.Checks = append(shown.Checks, verdict.Checks...)
	}
	if node := in.Graph.Nodes[source.Name]; node != nil {
		shown.Readers = append(shown.Readers, node.Readers...)
	}
	return shown
}

func showAsset(in planner.Input, name assets.Name) ShowAssetJSON {
	shown := ShowAssetJSON{
		Asset: name, Kind: assets.Table, Tags: []string{}, Columns: []assets.Column{},
		Inputs: []assets.Name{}, Readers: []assets.Name{}, Checks: []planner.CheckResult{},
	}
	last, published := in.State.Last[planner.Key{Asset: name}]
	if published {
		shown.Last = newLast(last)
		shown.Checks = append(shown.Checks, last.Checks...)
		shown.Columns = append(shown.Columns, last.Made.Columns...)
		if last.Table == "" {
			shown.Kind = assets.View
		}
	}
	if asset := in.Project.Assets[name]; asset != nil {
		shown.Declared, shown.Kind = true, asset.Kind
		shown.Description, shown.Owner, shown.Tags = asset.Description, asset.Owner, append(shown.Tags, asset.Tags...)
		shown.Pools, shown.Priority = asset.Pools, asset.Priority
	}
	if node := in.Graph.Nodes[name]; node != nil {
		shown.Inputs, shown.Readers = append(shown.Inputs, node.Inputs...), append(shown.Readers, node.Readers...)
		if !published {
			shown.Columns = append(shown.Columns, node.Columns...)
		}
	}
	return shown
}

// ShowList writes one line for each published asset.
func ShowList(w io.Writer, doc ShowJSON, now time.Time, style Style) {
	if len(doc.Assets) == 0 {
		fmt.Fprintln(w, "Nothing is published yet. To build what the project declares, run: assets apply")
		return
	}
	t := table{style: style, right: map[int]bool{2: true}}
	t.add("ASSET", "KIND", "ROWS", "COLUMNS", "BUILT", "")
	for _, a := range doc.Assets {
		note := a.Problem
		if !a.Declared {
			note = "no longer in the project"
		}
		t.add(a.Asset.String(), string(a.Kind), a.Last.rows(), fmt.Sprint(len(a.Columns)), Ago(a.Last.At, now), note)
	}
	t.write(w)
}

// ShowText writes everything known of each source and asset.
func ShowText(w io.Writer, doc ShowJSON, now time.Time, style Style) {
	for i, s := range doc.Sources {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s %s\n", style.Dim("source"), style.Bold(s.Source.String()))
		t := table{}
		facts(&t, "description", s.Description, "owner", s.Owner, "tags", strings.Join(s.Tags, ", "), "files", s.Files, "format", s.Format)
		switch {
		case s.Table != "":
			facts(&t, "table", s.Table+" of "+s.Connection)
		case s.Event:
			facts(&t, "events", "are pushed: assets event "+s.Source.String())
		}
		if s.Version != "" {
			facts(&t, "version", s.Version.Short(), "arrived", fmt.Sprintf("%s (%s)", Ago(*s.Arrived, now), Moment(*s.Arrived)))
		}
		facts(&t, "error", s.Error, "readers", names(s.Readers, ","))
		t.write(w)
		writeColumns(w, s.Columns)
		for _, c := range s.Checks {
			CheckText(w, c, style)
		}
	}
	for i, a := range doc.Assets {
		if i > 0 || len(doc.Sources) > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s %s\n", style.Dim(string(a.Kind)), style.Bold(a.Asset.String()))
		t := table{}
		facts(&t, "description", a.Description, "owner", a.Owner, "tags", strings.Join(a.Tags, ", "), "inputs", names(a.Inputs, ","), "readers", names(a.Readers, ","), "pools", strings.Join(a.Pools, ", "))
		if a.Priority != 0 {
			facts(&t, "priority", strconv.Itoa(a.Priority))
		}
		if a.Last == nil {
			facts(&t, "built", "never")
		} else {
			facts(&t, "built", fmt.Sprintf("%s (%s) by run %s, in %s", Ago(a.Last.At, now), Moment(a.Last.At), a.Last.Run, Seconds(a.Last.Seconds)))
			if !a.Last.view {
				facts(&t, "rows", a.Last.rows())
			}
			if a.Last.Quarantined > 0 {
				facts(&t, "quarantined", Count(a.Last.Quarantined, "row")+", see: assets quarantine show "+a.Asset.String())
			}
			facts(&t, "version", a.Last.Version.Short(), "problem", a.Problem)
		}
		t.write(w)
		writeColumns(w, a.Columns)
		for _, c := range a.Checks {
			CheckText(w, c, style)
		}
	}
}

// facts adds a line for each pair of label and value whose value is not empty.
func facts(t *table, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			t.add("  "+pairs[i], pairs[i+1])
		}
	}
}

func writeColumns(w io.Writer, columns []assets.Column) {
	if len(columns) == 0 {
		return
	}
	fmt.Fprintln(w, "  columns")
	t := table{}
	for _, c := range columns {
		t.add("    "+c.Name, c.Type)
	}
	t.write(w)
}
