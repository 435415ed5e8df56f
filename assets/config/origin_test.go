package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// checkOrigin holds an SQL's origin to its contract: spans follow each other
// over the whole text, and each byte of an exact one is the file's byte there.
func checkOrigin(t interface{ Errorf(string, ...any) }, p *assets.Project, sql assets.SQL) {
	at := 0
	for _, s := range sql.Origin {
		if s.Start != at || s.End <= s.Start {
			t.Errorf("span [%d, %d) does not follow %d", s.Start, s.End, at)
		}
		at = s.End
		file := p.Files[s.Range.Filename]
		if !s.Range.CanSliceBytes(file) {
			t.Errorf("%v is not in the file", s.Range)
			continue
		}
		// The line and column must be those of the byte.
		if want := advance(hcl.InitialPos, string(withoutBOM(file[:s.Range.Start.Byte]))); s.Range.Start.Line != want.Line || s.Range.Start.Column != want.Column {
			t.Errorf("%v is line %d column %d", s.Range, want.Line, want.Column)
		}
		if s.Exact && string(file[s.Range.Start.Byte:][:s.End-s.Start]) != sql.Text[s.Start:s.End] {
			t.Errorf("%v is %q, the text %q", s.Range, file[s.Range.Start.Byte:][:s.End-s.Start], sql.Text[s.Start:s.End])
		}
	}
	if at != len(sql.Text) {
		t.Errorf("spans end at %d of %d", at, len(sql.Text))
	}
}

// A condition becomes part of a statement, so what ends one is taken off.
func TestConditionWithoutEnd(t *testing.T) {
	for written, want := range map[string]string{
		`"id > 0; "`:                          "id > 0",
		`"id > 0 -- all;"`:                    "id > 0 -- all",
		"<<SQL\n  id > 0\n  ;\n\nSQL\n":       "  id > 0",
		`"id > ${1 + 1};${";"}"`:              "id > 2",
		`"n = ';'"`:                           "n = ';'",
		`join(" and ", ["id > 0", "true; "])`: "id > 0 and true",
	} {
		p := load(t, "-- a.hcl --\nproject \"p\" {}\nasset \"a.b\" {\n  sql = \"select 1\"\n  check \"expression\" {\n    expression = "+written+"\n  }\n}\n", Options{})
		sql := p.Assets[assets.MustName("a.b")].Checks[0].SQL
		if sql.Text != want {
			t.Errorf("%s is read as %q, want %q", written, sql.Text, want)
		}
		checkOrigin(t, p, sql)
	}
}

func TestOrigin(t *testing.T) {
	for _, c := range []struct {
		what, hcl, text string
		at              map[string]string // a part of the text → the line and column shown, and whether exact
	}{
		{"quoted", `sql = "select 1"`, "select 1", map[string]string{"1": "2:17 exact"}},
		{"escapes", `sql = "a \"b\" c"`, `a "b" c`, map[string]string{`"`: "2:12", "b": "2:14 exact", "c": "2:18 exact"}},
		{"doubled", `sql = "a '$${b' %%{c"`, `a '${b' %{c`, map[string]string{"b": "2:16 exact", "c": "2:22 exact"}},
		{"unicode escape", `sql = "\u00e9x"`, "éx", map[string]string{"é": "2:10", "x": "2:16 exact"}},
		{"heredoc", "sql = <<SQL\n  select 1\n    , 2\nSQL", "  select 1\n    , 2\n", map[string]string{"1": "3:10 exact", "2": "4:7 exact"}},
		{"indented heredoc", "sql = <<-SQL\n      select 1\n\n        , 2\n    SQL", "select 1\n\n  , 2\n", map[string]string{"1": "3:14 exact", "2": "5:11 exact"}},
		{"doubled in heredoc", "sql = <<-SQL\n  a '$${b'\n   c\n  SQL", "a '${b'\n c\n", map[string]string{"b": "3:9 exact", "c": "4:4 exact"}},
		{"trimmed", "sql = <<-SQL\n  a  ${~ \"b\" ~}  \n  c\n  SQL", "ab  c\n", map[string]string{"a": "3:3 exact", "b": "3:10", "c": "4:3 exact"}},
		{"interpolation", `sql = "select ${upper("x")} y"`, "select X y", map[string]string{"s": "2:10 exact", "X": "2:19", "y": "2:31 exact"}},
		{"file", `sql = file("x.sql")`, "select 1\n  from t\n", map[string]string{"from": "2:3 exact"}},
		{"file inside a template", "sql = <<-SQL\n    with q as (${file(\"x.sql\")})\n    from q\n  SQL", "with q as (select 1\n  from t\n)\nfrom q\n", map[string]string{"from t": "2:3 exact", "from q": "4:5 exact"}},
		{"wrapped file", `sql = ("${file("x.sql")}")`, "select 1\n  from t\n", map[string]string{"from": "2:3 exact"}},
		{"local", `sql = local.query`, "select 2", map[string]string{"2": "6:26 exact"}},
		{"directive", `sql = "a %{ if true }b%{ endif } c"`, "a b c", map[string]string{"b": "2:12", "c": "2:36 exact"}},
		{"template file", `sql = templatefile("x.sql", {})`, "select 1\n  from t\n", map[string]string{"from": "2:9"}},
		{"composed", "sql = \"e\u0301 x\"", "é x", map[string]string{"x": "2:10"}}, // HCL composes the letter: no byte is sure
	} {
		t.Run(c.what, func(t *testing.T) {
			p := load(t, "-- a.hcl --\nasset \"a.b\" {\n"+"  "+c.hcl+"\n}\nproject \"p\" {}\n-- x.sql --\nselect 1\n  from t\n-- z.hcl --\n\n\n\n\n\nlocals { query = \"select 2\" }\n", Options{})
			sql := p.Assets[assets.MustName("a.b")].SQL
			if sql.Text != c.text {
				t.Fatalf("text is %q, want %q", sql.Text, c.text)
			}
			checkOrigin(t, p, sql)
			for part, want := range c.at {
				offset := strings.Index(sql.Text, part)
				r := sql.Locate(offset, hcl.Range{})
				got := fmt.Sprintf("%d:%d", r.Start.Line, r.Start.Column)
				for _, s := range sql.Origin {
					if s.Start <= offset && offset < s.End && s.Exact {
						got += " exact"
					}
				}
				if got != want {
					t.Errorf("%q is at %s, want %s", part, got, want)
				}
			}
		})
	}
}

// Whatever a person writes, the origin keeps its contract; and what is read
// from a file or stands in a heredoc without templates is exact throughout.
func TestOriginProperty(t *testing.T) {
	dir := t.TempDir()
	piece := rapid.SampledFrom([]string{"select", " ", "  ", "\t", "\n", "\n\n", "x", "é", "日本", "'", "$${", "%%{", "$", "%", "\\", "${1}", "${\"a b\"}", "${~ 2 ~}", "%{ if true }", "%{ endif }", "\r\n"})
	rapid.Check(t, func(t *rapid.T) {
		body := strings.Join(rapid.SliceOfN(piece, 0, 20).Draw(t, "pieces"), "")
		var expr string
		switch form := rapid.SampledFrom([]string{"quoted", "heredoc", "indented", "file"}).Draw(t, "form"); form {
		case "quoted":
			expr = `"` + strings.NewReplacer("\n", `\n`, "\r", `\r`, "\\", `\\`, "é", `\u00e9`).Replace(body) + `"`
		case "heredoc":
			expr = "<<SQL\n" + body + "\nSQL"
		case "indented":
			indent := strings.Repeat(" ", rapid.IntRange(0, 4).Draw(t, "indent"))
			expr = "<<-SQL\n" + indent + strings.ReplaceAll(body, "\n", "\n"+indent) + "\n  SQL"
		case "file":
			expr = `file("x.sql")`
		}
		writeT(dir, "a.hcl", "project \"p\" {}\nasset \"a.b\" {\n  sql = "+expr+"\n}\n")
		writeT(dir, "x.sql", body)
		p, diags := Load(dir, Options{})
		a := p.Assets[assets.MustName("a.b")]
		if diags.HasErrors() || a == nil {
			return // unbalanced directives: not text at all
		}
		checkOrigin(t, p, a.SQL)
		if strings.Contains(body, "${") || strings.Contains(body, "{") && expr[0] != 'f' || expr[0] == '"' {
			return
		}
		for _, s := range a.SQL.Origin {
			if !s.Exact {
				t.Errorf("%q of %q is not exact", a.SQL.Text[s.Start:s.End], body)
			}
		}
	})
}
