package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// digest is taken over all that was declared and bears meaning, in an order that
// does not depend on the files it was written in. Where events go, and whom to tell of
// what, bears none: a token that was renewed must not make a saved plan void. Nor does how
// much may go on at once: pools, priorities and what DuckDB may use.
func digest(p *assets.Project) assets.Digest {
	d := &parts{root: p.Dir, parts: make([]string, 0, 32*(1+len(p.Sources)+len(p.Assets)))}
	d.add("project", p.Name, d.rel(p.Warehouse), p.Timezone)
	d.freshness(p.Freshness)
	if p.MaxBuildsPerRun > 0 {
		d.add("max_builds_per_run", strconv.Itoa(p.MaxBuildsPerRun))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Connections)) {
		d.connection(p.Connections[name])
	}
	for _, n := range assets.SortedNames(p.Sources) {
		s := p.Sources[n]
		d.add("source", n.String(), s.Description, s.Owner, s.MaxAge.String())
		d.list(s.Tags)
		d.add(d.rel(filepath.Join(s.Reader.Dir, filepath.FromSlash(s.Reader.Glob))), s.Reader.Format)
		for _, option := range slices.Sorted(maps.Keys(s.Reader.Options)) {
			d.add("option", option, s.Reader.Options[option])
		}
		if s.Poll > 0 {
			d.add("poll", s.Poll.String())
		}
		if t := s.Table; t != nil {
			d.add("table", t.Connection, t.Schema, t.Table, t.Version)
		}
		if s.Event {
			d.add("event")
		}
		d.arriving(s)
		d.columns(s.Columns)
		d.checks(s.Checks)
	}
	for _, n := range assets.SortedNames(p.Assets) {
		a := p.Assets[n]
		d.add("asset", n.String(), a.Group, a.Description, a.Owner, strconv.FormatBool(a.Enabled), a.SQL.Text, strconv.FormatBool(a.SQL.Sensitive), string(a.Kind), string(a.Contract))
		d.list(a.Tags)
		d.columns(a.Columns)
		d.checks(a.Checks)
		d.freshness(a.Freshness)
		if !a.Schedule.IsZero() {
			d.add("schedule", spaced(a.Schedule.Expr), a.Schedule.Timezone)
		}
		if a.Failure.OnFailure != "" {
			d.add("on_failure", string(a.Failure.OnFailure))
		}
		for _, input := range a.Inputs {
			d.add("input", input.Name.String(), string(input.OnFailure))
		}
	}
	for _, label := range slices.Sorted(maps.Keys(p.Groups)) {
		d.add("group", label)
	}
	return assets.NewDigest("project1", d.parts...)
}

type parts struct {
	root  string
	parts []string
}

func (d *parts) add(parts ...string) { d.parts = append(d.parts, parts...) }

// connection adds which database it is. Who asks it, and with which password, bears
// no meaning.
func (d *parts) connection(c *assets.Connection) {
	place := c.Place()
	if file := c.File(); file != "" {
		place = d.rel(file)
	}
	d.add("connection", c.Name, c.Type, place)
}

func (d *parts) list(items []string) {
	d.add(strconv.Itoa(len(items)))
	d.add(items...)
}

func (d *parts) columns(columns []assets.DeclaredColumn) {
	for _, c := range columns {
		d.add("column", c.Name, c.Type, optional(c.Nullable), strconv.FormatBool(c.Sensitive), c.Description)
	}
}

func (d *parts) checks(checks []assets.Check) {
	for _, c := range checks {
		d.add("check", string(c.Kind), c.Label, c.Description, string(c.Severity), c.To.String(), number(c.Min), number(c.Max), c.SQL.Text, c.Key())
		d.list(c.Tags)
		d.list(c.Columns)
		d.list(c.Values)
		d.list(c.ToColumns)
	}
}

// arriving adds where a source comes from and when it is taken. A source that says
// nothing of it adds nothing.
func (d *parts) arriving(s *assets.Source) {
	for _, r := range s.Remote {
		d.add("url", meant(r)) // not its headers: they may hold tokens
	}
	t := s.Taking
	if t.ByStat || t.Marker != "" || t.Settle != 0 {
		d.add("taking", strconv.FormatBool(t.ByStat), t.Marker, t.Settle.String())
	}
	for _, c := range t.When {
		var address string
		if c.Request != nil {
			address = meant(*c.Request)
		}
		d.add("when", c.SQL.Text, d.rel(filepath.Join(c.Dir, filepath.FromSlash(c.File))), address, strconv.Itoa(c.Status), c.From.String(), c.To.String(), c.Timezone)
	}
}

// meant is the address of a request, as far as it bears meaning: a token in it that
// was exchanged changes nothing of what is asked for.
func meant(r assets.Request) string {
	if r.Sensitive {
		return r.Shown
	}
	return r.URL
}

func (d *parts) freshness(blocks []assets.Freshness) {
	for _, f := range blocks {
		d.add("freshness", f.MaxLag.String(), spaced(f.At), f.Timezone)
		d.add(strconv.Itoa(len(f.Sources)))
		for _, n := range f.Sources {
			d.add(n.String())
		}
	}
}

// spaced writes an expression with one space between its fields.
func spaced(expr string) string { return strings.Join(strings.Fields(expr), " ") }

// rel makes a path below the project relative to it: moving the whole project changes nothing.
func (d *parts) rel(path string) string {
	if r, err := filepath.Rel(d.root, path); err == nil {
		path = r
	}
	return filepath.ToSlash(path)
}

func optional(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}
