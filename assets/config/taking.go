package config

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

const longestSettle = 24 * time.Hour

var whenSchema = schema{
	args: []string{"sql", "file", "url", "headers", "timeout", "status", "from", "to", "timezone"},
	instead: map[string]string{
		"files": "Name the file that must be there as `file`, a path or a glob relative to this file.",
		"path":  "Name the file that must be there as `file`, a path or a glob relative to this file.",
		"query": "Give the query whose first value must be true as `sql`.",
		"after": `Say from which time of the day on: from = "06:00".`,
		"until": `Say until which time of the day: to = "22:00".`,
	},
}

// readTaking reads what says when a new version of a source is taken.
func (l *loader) readTaking(a *args, b *hclsyntax.Block) assets.Taking {
	t := assets.Taking{Marker: a.marker("marker")}
	switch by := a.filled("version_by"); by {
	case "", "content":
	case "stat":
		t.ByStat = true
	default:
		a.wrong("version_by", fmt.Sprintf("Unknown way %q to tell versions apart", by), `By "content", which is the default, or by "stat": path, size and times of files that are too large to be read at each look.`)
	}
	if settle, ok := a.duration("settle"); ok {
		if settle > longestSettle {
			a.wrong("settle", "\"settle\" is out of range", `It is for how long a file must not have changed before it is taken: at most "24h".`)
		} else {
			t.Settle = settle
		}
	}
	for _, wb := range blocksOf(b.Body, "when") {
		if c, ok := l.readWhen(a.s, wb, "the when block of "+a.what); ok {
			t.When = append(t.When, c)
		}
	}
	return t
}

// marker reads the place of a marker file beside the files that it speaks for.
func (a *args) marker(name string) string {
	marker := a.filled(name)
	switch {
	case marker == "":
	case strings.ContainsAny(marker, "*?["):
		a.wrong(name, fmt.Sprintf("The marker %q is a pattern", marker), `A marker is one file: "_SUCCESS", or "{}.done", in which {} stands for the name of the file that it speaks for.`)
	case path.IsAbs(marker) || isRemote(marker):
		a.wrong(name, fmt.Sprintf("The marker %q is not beside the files", marker), `Name it relative to the directory of each file, as "_SUCCESS". One file for everything is a condition: when { file = "…" }.`)
	case path.Clean(marker) == "{}":
		a.wrong(name, "A file cannot be its own marker", `Name another file, such as "{}.done".`)
	default:
		return marker
	}
	return ""
}

// readWhen reads one condition.
func (l *loader) readWhen(s *scope, b *hclsyntax.Block, what string) (assets.Condition, bool) {
	l.noLabels(b)
	l.fits(b.Body, whenSchema, what)
	a := l.args(s, b.Body, what)
	c := assets.Condition{Decl: b.DefRange(), Dir: s.dir}
	var kinds []string
	for _, kind := range []string{"sql", "file", "url"} {
		if a.has(kind) {
			kinds = append(kinds, kind)
		}
	}
	if a.has("from") || a.has("to") {
		kinds = append(kinds, "from")
	}
	unknown := slices.ContainsFunc(sortedArgs(b.Body), func(arg *hclsyntax.Attribute) bool { return !slices.Contains(whenSchema.args, arg.Name) })
	if len(kinds) == 0 && unknown {
		return c, false // that has been said
	}
	if len(kinds) != 1 {
		summary := "The when block says no condition"
		if len(kinds) > 1 {
			summary = "The when block says more than one condition"
		}
		l.report(problem(b.DefRange(), summary, "It has one of `sql`, `file`, `url`, or `from` and `to`. Of several when blocks all must hold."))
		return c, false
	}
	if kinds[0] != "url" {
		a.without("url", "It is about a request to a server. Give the server's address as `url`, or leave it out.", "headers", "timeout", "status")
	}
	if kinds[0] != "from" {
		a.without("from", "A zone says which time of the day is meant. Leave it out.", "timezone")
	}
	switch kinds[0] {
	case "sql":
		var ok bool
		if c.SQL, ok = a.s.sql(a.expr("sql"), "sql", what); !ok {
			return c, false
		}
		if c.SQL = withoutEnd(c.SQL); c.SQL.Text == "" {
			a.wrong("sql", "\"sql\" is empty", `Write a query whose first value is true or false: sql = "select count(*) = 3 from 'data/*.csv'".`)
			return c, false
		}
	case "file":
		c.File = a.filled("file")
		switch {
		case isRemote(c.File):
			a.wrong("file", fmt.Sprintf("%q is not a file", c.File), "Give an address of a server as `url`, and as `file` a path or glob relative to this file.")
			return c, false
		case c.File != "" && !doublestar.ValidatePattern(c.File):
			a.wrong("file", fmt.Sprintf("Invalid glob %q", c.File), "A glob may use *, **, ?, [a-z] and {a,b}, each bracket closed.")
			return c, false
		}
		return c, c.File != ""
	case "url":
		return c, a.answer(&c)
	case "from":
		return c, a.window(&c)
	}
	return c, true
}

// answer reads a condition on what a server answers.
func (a *args) answer(c *assets.Condition) bool {
	requests := a.requests("url")
	if len(requests) > 1 {
		a.wrong("url", "A condition has one url", "Write a when block for each: all of them must hold.")
	}
	if len(requests) != 1 {
		return false
	}
	c.Request = &requests[0]
	if status := a.count("status"); status != nil {
		if *status < 200 || *status > 599 {
			a.wrong("status", fmt.Sprintf("%d is no status", *status), fmt.Sprintf("It is the number that an answer must have, such as %d. Without it, any number of success will do.", http.StatusOK))
			return false
		}
		c.Status = int(*status)
	}
	return true
}

// window reads a condition on the time of the day.
func (a *args) window(c *assets.Condition) bool {
	c.Timezone, c.To = a.timezone("timezone"), 24*time.Hour
	if !a.clock("from", &c.From) || !a.clock("to", &c.To) {
		return false
	}
	if c.To == 0 {
		c.To = 24 * time.Hour
	}
	if c.From == c.To {
		a.wrong("to", "The window is empty", "It ends when it begins. Give it another end, or leave out the block if every time of the day will do.")
		return false
	}
	return true
}

// clock reads a time of the day, if one is given, as the time since midnight.
func (a *args) clock(name string, since *time.Duration) bool {
	text := a.filled(name)
	if text == "" {
		return true
	}
	clock, err := time.Parse("15:04", text)
	if err != nil {
		a.wrong(name, fmt.Sprintf("%q is no time of the day", text), `Write hours and minutes, as in "06:00" or "22:30".`)
		return false
	}
	*since = time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute
	return true
}
