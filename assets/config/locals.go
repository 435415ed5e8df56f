package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// local is one argument of a locals block.
type local struct {
	attr  *hclsyntax.Attribute
	file  *file
	value cty.Value // unknown if something was reported about it
	state int       // of the evaluation: 0 not begun, then evaluating, evaluated
}

const (
	evaluating = iota + 1
	evaluated
)

// loadLocals reads the locals blocks and evaluates them, each after those it refers to.
func (l *loader) loadLocals() {
	for _, f := range l.files {
		for _, b := range f.blocks("locals") {
			l.noLabels(b)
			for _, inner := range b.Body.Blocks {
				l.report(problem(inner.TypeRange, fmt.Sprintf("Unsupported block %q", inner.Type), "A locals block holds values only: name = value."))
			}
			for _, a := range sortedArgs(b.Body) {
				if first, ok := l.locals[a.Name]; ok {
					l.duplicate(fmt.Sprintf("local %q", a.Name), first.attr.NameRange, a.NameRange)
					continue
				}
				l.locals[a.Name] = &local{attr: a, file: f, value: cty.DynamicVal}
			}
		}
	}
	var used map[string]bool
	if len(l.declared) > 0 {
		used = l.usedLocals()
	}
	for _, name := range slices.Sorted(maps.Keys(l.locals)) {
		l.evalLocal(name, nil, used)
	}
}

// evalLocal evaluates a local and all it refers to; path leads to it. Of a secret
// that only a local needs which nobody used needs, nothing is known.
func (l *loader) evalLocal(name string, path []string, used map[string]bool) {
	lo := l.locals[name]
	path = append(path, name)
	switch lo.state {
	case evaluated:
		return
	case evaluating:
		circle := path[slices.Index(path, name):]
		l.report(problem(lo.attr.NameRange, "Locals refer to each other in a circle",
			"local."+strings.Join(circle, " → local.")+". Take one of these references out."))
		return
	}
	lo.state = evaluating
	needs := map[string]cty.Value{}
	for _, t := range lo.attr.Expr.Variables() {
		if t.RootName() != "local" {
			continue
		}
		member, _ := memberOf(t)
		if needed, ok := l.locals[member]; ok {
			l.evalLocal(member, path, used)
			needs[member] = needed.value
		}
	}
	s := &scope{l: l, dir: lo.file.dir}
	s.context = func() *hcl.EvalContext {
		return l.fileContext(lo.file.dir, map[string]cty.Value{"var": l.varObject(), "local": cty.ObjectVal(needs)})
	}
	switch {
	case usesSecret(lo.attr.Expr) && !used[name]:
		s.resolves(lo.attr.Expr) // which reports what does not
	default:
		if v, ok := s.eval(lo.attr.Expr); ok || isWithheld(v) {
			lo.value = v
		}
	}
	lo.state = evaluated
}

// localObject is what local.x is looked up in.
func (l *loader) localObject() cty.Value {
	values := make(map[string]cty.Value, len(l.locals))
	for name, lo := range l.locals {
		values[name] = lo.value
	}
	return cty.ObjectVal(values)
}
