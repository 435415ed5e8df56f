package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
)

// sql evaluates the expression of a statement and maps its bytes to the files
// they come from.
func (s *scope) sql(expr hclsyntax.Expression, name, what string) (assets.SQL, bool) {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return s.sql(e.Expression, name, what)
	case *hclsyntax.TemplateWrapExpr:
		return s.sql(e.Wrapped, name, what)
	case *hclsyntax.ScopeTraversalExpr:
		// What stands in a local comes from where the local is written.
		if member, _ := memberOf(e.Traversal); e.Traversal.RootName() == "local" && len(e.Traversal) == 2 {
			if lo := s.l.locals[member]; lo != nil && (lo.value.IsWhollyKnown() || isWithheld(lo.value)) {
				return s.l.scopeOf(lo.file.dir).sql(lo.attr.Expr, name, what)
			}
		}
	}
	if sql, ok, isFile := s.fileSQL(expr, true); isFile {
		return sql, ok
	}
	v, ok := s.eval(expr)
	if !ok && isWithheld(v) {
		v, ok = s.standIn(expr, name, what)
	}
	if !ok || v.IsNull() {
		return assets.SQL{}, false
	}
	v, marks := v.UnmarkDeep()
	if v.Type() != cty.String {
		s.l.report(problem(expr.Range(), "\""+name+"\" must be a string", "In "+what+", this value is something else. Write the SQL in quotes, as a heredoc, or read it with file()."))
		return assets.SQL{}, false
	}
	sql := assets.SQL{Text: v.AsString()}
	_, sql.Sensitive = marks[sensitive]
	if template, ok := expr.(*hclsyntax.TemplateExpr); ok {
		sql.Origin = s.templateOrigin(template, sql.Text)
	}
	if sql.Origin == nil && sql.Text != "" {
		sql.Origin = []assets.Span{{End: len(sql.Text), Range: expr.Range()}}
	}
	return sql, true
}

// fileSQL reads the text of a call of file(). Its bytes are the file's, exactly,
// whereas HCL would normalize them. isFile is false for other expressions.
func (s *scope) fileSQL(expr hclsyntax.Expression, report bool) (sql assets.SQL, ok, isFile bool) {
	call, is := expr.(*hclsyntax.FunctionCallExpr)
	if !is || call.Name != "file" || len(call.Args) != 1 || call.ExpandFinal {
		return sql, false, false
	}
	path, ok := s.eval(call.Args[0])
	if !ok {
		return sql, false, true
	}
	if path.IsMarked() || path.IsNull() || path.Type() != cty.String {
		return sql, false, false // the function itself knows what to say or do
	}
	text, file, err := s.l.store.read(resolve(s.dir, path.AsString()))
	if err != nil {
		if report {
			s.l.report(problem(call.Args[0].Range(), "Cannot read the file", sentence(err.Error())))
		}
		return sql, false, true
	}
	body := withoutBOM(text)
	start := hcl.InitialPos
	start.Byte = len(text) - len(body)
	sql.Text = string(body)
	if len(body) > 0 {
		sql.Origin = []assets.Span{{End: len(body), Exact: true, Range: hcl.Range{Filename: file, Start: start, End: advance(start, sql.Text)}}}
	}
	return sql, true, true
}

// templateOrigin maps the text a template gave, or returns nil if it cannot tell.
func (s *scope) templateOrigin(t *hclsyntax.TemplateExpr, text string) []assets.Span {
	src := s.l.store.source(t.SrcRange.Filename)
	if t.SrcRange.Start.Byte >= len(src) {
		return nil
	}
	quoted := src[t.SrcRange.Start.Byte] == '"'
	var spans []assets.Span
	at := 0
	add := func(more []assets.Span, n int) {
		for _, span := range more {
			span.Start += at
			span.End += at
			spans = append(spans, span)
		}
		at += n
	}
	for _, part := range t.Parts {
		if lit, ok := part.(*hclsyntax.LiteralValueExpr); ok && lit.Val.Type() == cty.String {
			value := lit.Val.AsString()
			add(literalOrigin(src, lit.SrcRange, value, quoted), len(value))
			continue
		}
		if sql, ok, isFile := s.fileSQL(part, false); isFile && ok {
			add(sql.Origin, len(sql.Text))
			continue
		}
		value, ok := s.partText(part)
		if !ok {
			return nil
		}
		if n := len(value); n > 0 {
			add([]assets.Span{{End: n, Range: part.Range()}}, n)
		}
	}
	if at != len(text) {
		return nil
	}
	return spans
}

// partText is the text of an interpolation. For a secret that was not obtained stands
// what stands for any that is hidden.
func (s *scope) partText(part hclsyntax.Expression) (string, bool) {
	value, diags := part.Value(s.contextFor(part))
	if diags.HasErrors() {
		return "", false
	}
	if value.ContainsMarked() {
		open := !value.IsWhollyKnown()
		var marks cty.ValueMarks
		value, marks = value.UnmarkDeep()
		if _, ok := marks[withheld]; ok && open {
			return redact.Hidden, true
		}
	}
	value, err := convert.Convert(value, cty.String)
	if err != nil || value.IsNull() || !value.IsKnown() {
		return "", false
	}
	return value.AsString(), true
}

// standIn is a statement in which something else stands for secrets that were not
// obtained: enough to bind it. If there is none, it says that the statement is not checked.
func (s *scope) standIn(expr hclsyntax.Expression, name, what string) (cty.Value, bool) {
	template, ok := expr.(*hclsyntax.TemplateExpr)
	var text strings.Builder
	for i := 0; ok && i < len(template.Parts); i++ {
		var part string
		part, ok = s.partText(template.Parts[i])
		text.WriteString(part)
	}
	if !ok {
		d := problem(expr.Range(), fmt.Sprintf("%q of %s is not checked", name, what),
			"What it says is computed from a secret that a command tells, and none is run here.")
		d.Severity = hcl.DiagWarning
		s.l.report(d)
		return cty.NilVal, false
	}
	return cty.StringVal(text.String()).Mark(sensitive), true
}

// source is the text of a file that has been read.
func (s *store) source(name string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text[name]
}

// unit is a run of source bytes that stands for some bytes of a value: one
// character for itself, or an escape sequence.
type unit struct {
	value      string
	start, end int // in the source
	escape     bool
}

// literalOrigin maps value, the text of a literal at rng. HCL makes it from the
// source by resolving escapes and by leaving out whitespace: the indentation of
// <<-, and what ~ trims. So both are walked backwards, skipping whitespace that
// the value lacks.
func literalOrigin(src []byte, rng hcl.Range, value string, quoted bool) []assets.Span {
	if value == "" {
		return nil
	}
	nearest := []assets.Span{{End: len(value), Range: rng}}
	if !rng.CanSliceBytes(src) {
		return nearest
	}
	text := string(src[rng.Start.Byte:rng.End.Byte])
	if text == value && !strings.Contains(text, `\`) {
		return []assets.Span{{End: len(value), Range: rng, Exact: true}}
	}
	units := unescape(text, quoted)
	var used []unit
	rest := value
	for i := len(units) - 1; i >= 0; i-- {
		u := units[i]
		switch {
		case rest != "" && strings.HasSuffix(rest, u.value):
			rest = rest[:len(rest)-len(u.value)]
			used = append(used, u)
		case strings.TrimLeftFunc(u.value, unicode.IsSpace) != "":
			return nearest
		}
	}
	if rest != "" {
		return nearest
	}
	var spans []assets.Span
	pos, from, at := rng.Start, 0, 0
	for i := len(used) - 1; i >= 0; i-- {
		u := used[i]
		pos = advance(pos, text[from:u.start])
		end := advance(pos, text[u.start:u.end])
		last := len(spans) - 1
		if !u.escape && last >= 0 && spans[last].Exact && spans[last].Range.End.Byte == pos.Byte {
			spans[last].End += len(u.value)
			spans[last].Range.End = end
		} else {
			spans = append(spans, assets.Span{Start: at, End: at + len(u.value), Exact: !u.escape,
				Range: hcl.Range{Filename: rng.Filename, Start: pos, End: end}})
		}
		at += len(u.value)
		pos, from = end, u.end
	}
	return spans
}

var simpleEscapes = map[byte]string{'n': "\n", 'r': "\r", 't': "\t", '"': `"`, '\\': `\`}

// unescape splits the source of a literal into units.
func unescape(text string, quoted bool) []unit {
	units := make([]unit, 0, len(text))
	for i := 0; i < len(text); {
		rest := text[i:]
		if strings.HasPrefix(rest, "$${") || strings.HasPrefix(rest, "%%{") {
			units = append(units, unit{rest[1:3], i, i + 3, true})
			i += 3
			continue
		}
		if quoted && rest[0] == '\\' && len(rest) > 1 {
			if v, ok := simpleEscapes[rest[1]]; ok {
				units = append(units, unit{v, i, i + 2, true})
				i += 2
				continue
			}
			if n := map[byte]int{'u': 6, 'U': 10}[rest[1]]; n > 0 && len(rest) >= n {
				if r, err := strconv.ParseUint(rest[2:n], 16, 32); err == nil {
					units = append(units, unit{string(rune(r)), i, i + n, true})
					i += n
					continue
				}
			}
		}
		_, n := utf8.DecodeRuneInString(rest)
		units = append(units, unit{rest[:n], i, i + n, false})
		i += n
	}
	return units
}

// advance is the position after text that begins at pos.
func advance(pos hcl.Pos, text string) hcl.Pos {
	pos.Byte += len(text)
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		pos.Line += strings.Count(text, "\n")
		pos.Column = 1
		text = text[i+1:]
	}
	pos.Column += utf8.RuneCountInString(text)
	return pos
}
