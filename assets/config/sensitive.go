package config

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/seed-4311623e/assets/assets/redact"
)

// mark is a property of a value that goes along wherever the value goes.
type mark string

const (
	// sensitive marks a value that must not be shown.
	sensitive mark = "sensitive"
	// withheld marks a value that is not known because a secret was not obtained.
	withheld mark = "withheld"
)

// isWithheld reports whether a value is not known because a secret was not obtained.
func isWithheld(v cty.Value) bool {
	return v != cty.NilVal && !v.IsWhollyKnown() && v.HasMark(withheld)
}

// origin marks a value that a secret text went into: what the environment holds, or
// what a function made of it. Where nonsensitive() takes the marks off, the text is
// none any more, unless another value has it.
type origin struct{ text string }

// shortestLine is the length in bytes of the shortest line of a text that is
// searched for by itself: a shorter one may be in any text.
const shortestLine = 9

// plain takes the marks off the value of an argument. If one says sensitive, it
// reports that the argument would show it and returns false.
func (s *scope) plain(v cty.Value, at hcl.Range, name, what string) (cty.Value, bool) {
	if !v.ContainsMarked() {
		return v, true
	}
	v, marks := v.UnmarkDeep()
	if _, ok := marks[sensitive]; ok {
		s.l.report(problem(at, fmt.Sprintf("Sensitive value in %q of %s", name, what),
			"It would be shown in plans, in the warehouse or in logs. Sensitive values are for SQL only. If this one need not be kept secret, wrap it in nonsensitive()."))
		return v, false
	}
	return v, true
}

// addSecret keeps a string that must not be shown. Too short ones are left out:
// searching for them would blank half of every message, and hide nothing.
//
// The lines of a long one are kept, too: errors quote single lines.
func (l *loader) addSecret(s string) { l.keep(partsOf(s, nil)...) }

// partsOf are a text and its lines, but for those in plain, which anyone may see.
func partsOf(s string, plain map[string]bool) (parts []string) {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); len(line) >= shortestLine && !plain[line] {
			parts = append(parts, line)
		}
	}
	if len(s) >= redact.Shortest && s != "true" && s != "false" && !plain[s] {
		parts = append(parts, s)
	}
	return parts
}

// shortestToken is the length in bytes of what in an address looks like a token. What is
// shorter may be a word that stands in every message.
const shortestToken = 16

// keepLogin keeps the password in an address, which a server may quote, or a program as
// base64; in one that is hidden also a name without a password, if it looks like a token.
func (l *loader) keepLogin(u *url.URL, hidden bool) {
	if password, ok := u.User.Password(); ok {
		l.addSecret(password)
	} else if name := u.User.Username(); hidden && len(name) >= shortestToken {
		l.addSecret(name)
	}
}

// keepTokens keeps what in an address that is hidden lets one in by itself: a server that
// answers "no such path" quotes it without the scheme and the host.
func (l *loader) keepTokens(u *url.URL) {
	parts := strings.Split(u.Path, "/")
	for _, values := range u.Query() {
		parts = append(parts, values...)
	}
	for _, part := range parts {
		if len(part) >= shortestToken {
			l.addSecret(part)
		}
	}
}

func (l *loader) keep(secrets ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range secrets {
		l.secrets[s] = true
	}
}

// touched is v with the mark that secrets went into it.
func (l *loader) touched(v cty.Value, secrets []string) cty.Value {
	l.mu.Lock()
	defer l.mu.Unlock()
	marks := cty.NewValueMarks(sensitive)
	for _, s := range secrets {
		marks[origin{s}] = struct{}{}
		l.pending[s] = true
	}
	return v.WithMarks(marks)
}

// keepPending keeps all texts that values were ever marked with: what went wrong may quote
// any of them.
func (l *loader) keepPending() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.pending {
		l.secrets[s] = true
	}
}

// keepOrigins keeps the texts that v is marked with.
func (l *loader) keepOrigins(v cty.Value) {
	if !v.ContainsMarked() {
		return
	}
	_, marks := v.UnmarkDeep()
	for m := range marks {
		if o, ok := m.(origin); ok {
			l.keep(o.text)
		}
	}
}

// keepSecret keeps the strings of v, as text may hold them: from now on they are
// searched for in all that is shown.
func (l *loader) keepSecret(v cty.Value) { l.keep(textsIn(v, nil)...) }

// textsIn are the strings of v and their lines, but for those in plain.
func textsIn(v cty.Value, plain map[string]bool) (texts []string) {
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		if text, ok := textOf(v); ok {
			texts = append(texts, partsOf(text, plain)...)
		}
		return true, nil
	})
	return texts
}

// textOf is how text holds a string or a number.
func textOf(v cty.Value) (string, bool) {
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String && v.Type() != cty.Number {
		return "", false
	}
	text, err := convert.Convert(v, cty.String)
	if err != nil {
		return "", false
	}
	return text.AsString(), true
}

// keepComputed keeps what operators and for made of secrets in expr. What functions
// make of them is kept by watched, and templates put together what is known already.
func (l *loader) keepComputed(expr hclsyntax.Expression, ctx *hcl.EvalContext) {
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics {
		switch node.(type) {
		case *hclsyntax.BinaryOpExpr, *hclsyntax.UnaryOpExpr, *hclsyntax.ForExpr:
			// Inside of another for it has no value of its own.
			if v, diags := node.(hclsyntax.Expression).Value(ctx); !diags.HasErrors() && v.ContainsMarked() {
				l.keepWhole(v)
			}
		}
		return nil
	})
}

// keepWhole keeps the strings of v, but no line of them by itself.
func (l *loader) keepWhole(v cty.Value) {
	plain := map[string]bool{}
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		if text, ok := textOf(v); ok && strings.Contains(text, "\n") {
			for line := range strings.Lines(text) {
				plain[strings.TrimSpace(line)] = true
			}
		}
		return true, nil
	})
	l.keep(textsIn(v, plain)...)
}

// watched is f, and what it makes of secrets is one: in upper case, a part, a list
// joined. Texts that it was given as they are and that anyone may see are none.
func (l *loader) watched(f function.Function) function.Function {
	anything := func(p function.Parameter) function.Parameter {
		p.AllowNull, p.AllowUnknown, p.AllowDynamicType, p.AllowMarked = true, true, true, true // as f judges it
		return p
	}
	spec := &function.Spec{
		Description: f.Description(),
		Type:        f.ReturnTypeForValues,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f.Call(args)
			if err == nil && v.ContainsMarked() {
				plain := map[string]bool{}
				for _, arg := range args {
					plainTexts(arg, plain)
				}
				v = l.touched(v, textsIn(v, plain))
			}
			return v, err
		},
	}
	for _, p := range f.Params() {
		spec.Params = append(spec.Params, anything(p))
	}
	if p := f.VarParam(); p != nil {
		all := anything(*p)
		spec.VarParam = &all
	}
	return function.New(spec)
}

// plainTexts adds the texts in v that are not sensitive, and their lines.
func plainTexts(v cty.Value, texts map[string]bool) {
	if v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return
	}
	if text, ok := textOf(v); ok {
		texts[text] = true
		for line := range strings.Lines(text) {
			texts[strings.TrimSpace(line)] = true
		}
		return
	}
	if v.CanIterateElements() {
		for it := v.ElementIterator(); it.Next(); {
			key, element := it.Element()
			plainTexts(key, texts)
			plainTexts(element, texts)
		}
	}
}
