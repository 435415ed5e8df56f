package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// scope is what expressions of one file may refer to: the project's variables
// and locals, functions whose paths are relative to the file, and each inside a
// block with for_each.
type scope struct {
	l    *loader
	dir  string               // absolute directory of the file
	each map[string]cty.Value // nil outside for_each
	// bare scopes have functions but neither var nor local: defaults of variables.
	bare bool
	// inSecret is the scope of a secret block, which has functions and var.
	inSecret bool
	context  func() *hcl.EvalContext // made when first needed: literals need none
}

func (l *loader) scopeOf(dir string) *scope {
	l.scopesMu.Lock()
	defer l.scopesMu.Unlock()
	s, ok := l.scopes[dir]
	if !ok {
		s = &scope{l: l, dir: dir}
		s.context = sync.OnceValue(func() *hcl.EvalContext {
			return l.fileContext(dir, map[string]cty.Value{"var": l.varObject(), "local": l.localObject()})
		})
		l.scopes[dir] = s
	}
	return s
}

// fileContext makes the functions bound to dir and the given variables available.
func (l *loader) fileContext(dir string, variables map[string]cty.Value) *hcl.EvalContext {
	shared := &hcl.EvalContext{Functions: l.functions(), Variables: variables}
	ctx := shared.NewChild()
	ctx.Functions = l.fileFunctions(dir, true)
	return ctx
}

// within returns the scope for one element of for_each.
func (s *scope) within(key, value cty.Value) *scope {
	inner := &scope{l: s.l, dir: s.dir, each: map[string]cty.Value{"key": key, "value": value}}
	inner.context = sync.OnceValue(func() *hcl.EvalContext {
		ctx := s.context().NewChild()
		ctx.Variables = map[string]cty.Value{"each": cty.ObjectVal(inner.each)}
		return ctx
	})
	return inner
}

// eval returns the value of expr. It reports what is wrong with it and then
// returns false, as it does when the value depends on something already reported,
// or on a secret that was not obtained: then the value has the mark [withheld].
func (s *scope) eval(expr hclsyntax.Expression) (cty.Value, bool) {
	if t, ok := expr.(*hclsyntax.TemplateExpr); ok && t.IsStringLiteral() {
		return t.Parts[0].(*hclsyntax.LiteralValueExpr).Val, true // most strings: no need to build them anew
	}
	if isLiteral(expr) {
		v, diags := expr.Value(nil)
		s.l.report(diags...)
		return v, !diags.HasErrors()
	}
	if !s.resolves(expr) {
		return cty.DynamicVal, false
	}
	ctx := s.contextFor(expr)
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		diags = explainCalls(diags)
		if hint := s.l.typeHint(expr); hint != "" {
			for _, d := range diags {
				d.Detail += " " + hint
			}
		}
	}
	s.l.report(diags...)
	if diags.HasErrors() {
		s.l.keepPending()
		return cty.DynamicVal, false
	}
	s.l.keepOrigins(v)
	if !v.IsWhollyKnown() {
		_, marks := v.UnmarkDeep()
		return cty.DynamicVal.WithMarks(marks), false
	}
	if v.ContainsMarked() {
		s.l.keepComputed(expr, ctx)
	}
	return v, true
}

// isLiteral reports whether expr needs no context: a constant, a string without
// interpolation, or a list of such.
func isLiteral(expr hclsyntax.Expression) bool {
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return all(e.Parts)
	case *hclsyntax.TupleConsExpr:
		return all(e.Exprs)
	}
	return false
}

func all(exprs []hclsyntax.Expression) bool {
	for _, e := range exprs {
		if !isLiteral(e) {
			return false
		}
	}
	return true
}

// resolves checks that all that expr refers to exists, and reports what does not.
func (s *scope) resolves(expr hclsyntax.Expression) bool {
	ok := true
	if s.isBareText(expr) {
		text := string(expr.Range().SliceBytes(s.l.store.source(expr.Range().Filename)))
		s.l.report(problem(expr.Range(), "A string without quotes", fmt.Sprintf("Write quotes around it: %q.", text)))
		return false
	}
	for _, t := range expr.Variables() {
		if d := s.checkTraversal(t, expr); d != nil {
			ok = false
			if root := t.RootName(); !s.l.unparsed || root != "var" && root != "local" {
				s.l.report(d)
			}
		}
	}
	return ok
}

// isBareText reports whether expr is a path or another text with operators in
// it, data/users.csv, rather than arithmetic: nothing in it can be referred to.
func (s *scope) isBareText(expr hclsyntax.Expression) bool {
	if _, ok := expr.(*hclsyntax.BinaryOpExpr); !ok {
		return false
	}
	var names func(expr hclsyntax.Expression) bool
	names = func(expr hclsyntax.Expression) bool {
		switch e := expr.(type) {
		case *hclsyntax.BinaryOpExpr:
			return names(e.LHS) && names(e.RHS)
		case *hclsyntax.ScopeTraversalExpr:
			return !slices.Contains([]string{"var", "local", "each", "secret"}, e.Traversal.RootName())
		case *hclsyntax.LiteralValueExpr:
			return e.Val.Type() == cty.Number // 2024-01-01 is arithmetic, a-01 is not
		}
		return false
	}
	return names(expr) && len(expr.Variables()) > 0
}

func (s *scope) checkTraversal(t hcl.Traversal, expr hclsyntax.Expression) *hcl.Diagnostic {
	root, at := t.RootName(), t.SourceRange()
	member, memberAt := memberOf(t)
	if s.bare && (root == "var" || root == "local" || root == "secret" || root == "each") {
		return problem(at, fmt.Sprintf("%s cannot be used here", root), "The default of a variable is a value of its own: it refers to nothing else. Use a local for what is computed.")
	}
	if s.inSecret && (root == "local" || root == "each" || root == "secret") {
		return problem(at, fmt.Sprintf("%s cannot be used here", root), "Where a secret is had does not depend on locals or other secrets. Use var or env(); what is computed from a secret can be a local.")
	}
	var known []string
	switch root {
	case "secret":
		known = slices.Sorted(maps.Keys(s.l.declared))
	case "var":
		known = slices.Sorted(maps.Keys(s.l.variables))
	case "local":
		known = slices.Sorted(maps.Keys(s.l.locals))
	case "each":
		if s.each == nil {
			return problem(at, "each outside of for_each", "each.key and each.value exist only in a source or asset with for_each.")
		}
		known = []string{"key", "value"}
	case "connection":
		return problem(at, "A connection is no value", "It is named by a source that is a table of it, and nowhere else: connection = connection.NAME.")
	case "module":
		return problem(at, fmt.Sprintf("%q is not supported yet", root), "It belongs to a later version of this program.")
	default:
		return s.unknownRoot(t, expr)
	}
	if member == "" {
		return problem(at, fmt.Sprintf("Incomplete reference to %s", root), fmt.Sprintf("Name what you mean: %s.NAME.", root))
	}
	if slices.Contains(known, member) {
		return nil
	}
	what := map[string]string{
		"var":    fmt.Sprintf("No variable block declares %q", member),
		"local":  fmt.Sprintf("No locals block holds %q", member),
		"each":   fmt.Sprintf("each has no %q: it has key and value", member),
		"secret": fmt.Sprintf("No secret block declares %q", member),
	}[root]
	return problem(memberAt, fmt.Sprintf("Unknown reference %s.%s", root, member), what+didYouMean(member, known, "."))
}

// memberOf returns x of var.x or var["x"], and where it stands; "" if t names no member.
func memberOf(t hcl.Traversal) (string, hcl.Range) {
	if len(t) > 1 {
		switch step := t[1].(type) {
		case hcl.TraverseAttr:
			return step.Name, step.SrcRange
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
				return step.Key.AsString(), step.SrcRange
			}
		}
	}
	return "", t.SourceRange()
}

// unknownRoot explains a name that is not the beginning of any reference: often
// a string without quotes, an asset's name, or ${ in SQL that was not meant for HCL.
func (s *scope) unknownRoot(t hcl.Traversal, expr hclsyntax.Expression) *hcl.Diagnostic {
	at := t.SourceRange()
	words := []string{t.RootName()}
	for _, step := range t[1:] {
		if attr, ok := step.(hcl.TraverseAttr); ok {
			words = append(words, attr.Name)
		}
	}
	name := strings.Join(words, ".")
	detail := "Expressions refer to var, local, secret and each only"
	switch template, ok := expr.(*hclsyntax.TemplateExpr); {
	case ok && template.SrcRange.Start.Byte != at.Start.Byte:
		detail += fmt.Sprintf(". If ${%s} is meant as it stands, double the dollar sign: $${%s}", name, name)
	case near(t.RootName(), roots...) != "":
		detail += didYouMean(t.RootName(), roots, "")
		return problem(at, fmt.Sprintf("Unknown reference %s", name), detail)
	default:
		detail += fmt.Sprintf("; sources and assets are named in strings and SQL. If a string is meant, write quotes: %q", name)
	}
	return problem(at, fmt.Sprintf("Unknown reference %s", name), detail+".")
}

// roots begin references.
var roots = []string{"var", "local", "secret", "each"}

func near(name string, candidates ...string) string { return nearest(name, candidates) }

// explainCalls words the errors of function calls, and puts those that arose
// inside a template file where they arose.
func explainCalls(diags hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	for _, d := range diags {
		if unknown, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallUnknownDiagExtra](d); ok {
			name := unknown.CalledFunctionName()
			d.Summary = fmt.Sprintf("Unknown function %s", name)
			if why := functionsLeftOut[name]; why != "" {
				d.Summary, d.Detail = fmt.Sprintf("Unsupported function %s", name), why
			} else {
				d.Detail = "There is no function of this name" + didYouMean(name, functionNames(), ".")
			}
		}
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok && call.FunctionCallError() != nil {
			var inside *templateError
			if errors.As(call.FunctionCallError(), &inside) {
				out = append(out, inside.diags...)
				continue
			}
			d.Summary = fmt.Sprintf("The call of %s failed", call.CalledFunctionName())
			d.Detail = sentence(call.FunctionCallError().Error())
		}
		out = append(out, d)
	}
	return out
}
