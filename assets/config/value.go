package config

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/seed-4311623e/assets/assets/calendar"
)

// args reads the arguments of one block. Each method reports what is wrong and
// then returns the zero value; so it does for an argument that is not given, or null.
type args struct {
	s    *scope
	body *hclsyntax.Body
	what string // names the block in messages
	// withheld says that an argument was left open, for it depends on a secret that was
	// not obtained.
	withheld bool
}

func (l *loader) args(s *scope, body *hclsyntax.Body, what string) *args {
	return &args{s: s, body: body, what: what}
}

// expr returns an argument's expression, nil if it is not given.
func (a *args) expr(name string) hclsyntax.Expression {
	if attr, ok := a.body.Attributes[name]; ok {
		return attr.Expr
	}
	return nil
}

func (a *args) has(name string) bool { return a.expr(name) != nil }

// at is where an argument's value stands, or fallback.
func (a *args) at(name string, fallback hcl.Range) hcl.Range {
	if e := a.expr(name); e != nil {
		return e.Range()
	}
	return fallback
}

// eval evaluates an argument that is given; its value may be sensitive.
func (a *args) eval(name string) (cty.Value, bool) {
	expr := a.expr(name)
	if expr == nil {
		return cty.NilVal, false
	}
	return a.s.eval(expr)
}

// value evaluates an argument that others can see.
func (a *args) value(name string) (cty.Value, bool) {
	v, ok := a.eval(name)
	if !ok && !isWithheld(v) {
		return v, false
	}
	known := ok
	v, ok = a.s.plain(v, a.expr(name).Range(), name, a.what)
	ok = ok && known
	return v, ok && !v.IsNull()
}

func (a *args) wrong(name, summary, detail string) {
	if hint := a.s.l.typeHint(a.expr(name)); hint != "" {
		detail = hint
	}
	a.s.l.report(problem(a.expr(name).Range(), summary, detail))
}

// must reports an argument that is wrong because it has another type.
func (a *args) must(name, be string) {
	a.wrong(name, fmt.Sprintf("%q must be %s", name, be), fmt.Sprintf("In %s, this value is something else.", a.what))
}

// text reads a string.
func (a *args) text(name string) string {
	v, ok := a.value(name)
	if !ok {
		return ""
	}
	if v.Type() != cty.String {
		a.must(name, "a string")
		return ""
	}
	return v.AsString()
}

// filled reads a string that says something.
func (a *args) filled(name string) string {
	v, ok := a.value(name)
	if !ok {
		return ""
	}
	if v.Type() == cty.String && strings.TrimSpace(v.AsString()) == "" {
		a.wrong(name, fmt.Sprintf("%q is empty", name), fmt.Sprintf("Give %s a value for it, or leave it out.", a.what))
		return ""
	}
	return a.text(name)
}

// item is where the i-th element of a list stands: itself if it is written out, else the list.
func (a *args) item(name string, i int) hcl.Range {
	if tuple, ok := a.expr(name).(*hclsyntax.TupleConsExpr); ok && i < len(tuple.Exprs) {
		return tuple.Exprs[i].Range()
	}
	return a.expr(name).Range()
}

// boolean reads true or false.
func (a *args) boolean(name string, otherwise bool) bool {
	v, ok := a.value(name)
	if !ok {
		return otherwise
	}
	// A variable without a type holds the string "true".
	if v, err := convert.Convert(v, cty.Bool); err == nil {
		return v.True()
	}
	a.must(name, "true or false")
	return otherwise
}

// count reads a whole number, not negative.
func (a *args) count(name string) *int64 {
	v, ok := a.value(name)
	if !ok {
		return nil
	}
	if v, err := convert.Convert(v, cty.Number); err == nil {
		if n, exact := v.AsBigFloat().Int64(); exact == big.Exact && n >= 0 {
			return &n
		}
	}
	a.must(name, "a whole number, zero or more")
	return nil
}

// texts reads a list of strings, each of which says something, none twice.
func (a *args) texts(name string) []string {
	vals, ok := a.elements(name, "a list of strings")
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	texts := make([]string, 0, len(vals))
	for i, v := range vals {
		switch {
		case v.IsNull() || v.Type() != cty.String || strings.TrimSpace(v.AsString()) == "":
			a.s.l.report(problem(a.item(name, i), fmt.Sprintf("%q must be a list of strings", name), "This element is empty or something else than a string."))
			return nil
		case seen[strings.ToLower(v.AsString())]:
			a.s.l.report(problem(a.item(name, i), fmt.Sprintf("%q is listed twice", v.AsString()), fmt.Sprintf("Take one of them out of %q.", name)))
			return nil
		}
		seen[strings.ToLower(v.AsString())] = true
		texts = append(texts, v.AsString())
	}
	return texts
}

func (a *args) elements(name, be string) ([]cty.Value, bool) {
	v, ok := a.value(name)
	if !ok {
		return nil, false
	}
	if ty := v.Type(); !ty.IsTupleType() && !ty.IsListType() && !ty.IsSetType() {
		detail := fmt.Sprintf("In %s, this value is something else.", a.what)
		if ty.IsPrimitiveType() {
			detail = "Write square brackets around it, also around a single value."
		}
		a.wrong(name, fmt.Sprintf("%q must be %s", name, be), detail)
		return nil, false
	}
	return v.AsValueSlice(), true
}

// duration reads a span of time such as "90m", "24h" or "7d".
func (a *args) duration(name string) (time.Duration, bool) {
	v, ok := a.value(name)
	if !ok {
		return 0, false
	}
	if v.Type() == cty.String {
		if d, err := calendar.ParseDuration(v.AsString()); err == nil {
			return d, true
		}
	}
	a.wrong(name, fmt.Sprintf("%q must be a duration", name), `Write a number with its unit: "90s", "15m", "26h", "7d" or "1h30m".`)
	return 0, false
}

// timezone reads the name of a zone, such as "Europe/Paris".
func (a *args) timezone(name string) string {
	zone := a.filled(name)
	if zone == "" {
		return ""
	}
	if _, err := calendar.Zone(zone); err != nil {
		a.wrong(name, fmt.Sprintf("Unknown time zone %q", zone), sentence(err.Error()))
		return ""
	}
	return zone
}

// literal writes a value as DuckDB's SQL would have it; "" if it cannot be one.
func literal(v cty.Value) string {
	if v.IsNull() {
		return ""
	}
	ty := v.Type()
	switch {
	case ty == cty.String:
		return quote(v.AsString())
	case ty == cty.Number, ty == cty.Bool:
		text, err := convert.Convert(v, cty.String)
		if err != nil {
			return ""
		}
		return text.AsString()
	case ty.IsTupleType(), ty.IsListType(), ty.IsSetType():
		var items []string
		for _, item := range v.AsValueSlice() {
			text := literal(item)
			if text == "" {
				return ""
			}
			items = append(items, text)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case ty.IsObjectType(), ty.IsMapType():
		var items []string
		for it := v.ElementIterator(); it.Next(); {
			key, item := it.Element()
			text := literal(item)
			if text == "" {
				return ""
			}
			items = append(items, quote(key.AsString())+": "+text)
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return ""
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
