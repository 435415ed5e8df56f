package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variable is a variable block and, in the end, its value.
type variable struct {
	name      string
	ty        cty.Type
	defaults  *typeexpr.Defaults
	asString  bool // a value from outside is taken as it stands, not as an expression
	sensitive bool
	decl      hcl.Range
	value     cty.Value // unknown if something was reported about it
	set       bool
	broken    bool // its declaration is: no value can be judged
	untyped   bool // its value is text from outside, only because no type is declared
}

// given is a value for a variable from outside the project's *.hcl files.
type given struct {
	value  cty.Value // of the expression, if it stands in a file
	text   string    // as typed, otherwise
	inFile bool
	at     *hcl.Range // nil: not in a file
	origin string     // begins a sentence, before "is"
}

// loadVariables reads the variable blocks and finds their values. Later ones win:
// the default, ASSETS_VAR_x in the environment, *.auto.hclvars in lexical order,
// -var-file in the order given, -var.
func (l *loader) loadVariables(o Options) {
	for _, f := range l.files {
		for _, b := range f.blocks("variable") {
			l.declareVariable(f, b)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.variables)) {
		if text, ok := l.environ["ASSETS_VAR_"+name]; ok {
			l.assign(l.variables[name], given{text: text, origin: "The value of ASSETS_VAR_" + name})
		}
	}
	auto, _ := filepath.Glob(filepath.Join(escapeGlob(l.root), "*.auto.hclvars"))
	slices.Sort(auto)
	for _, path := range auto {
		l.assignFile(path, hcl.DiagWarning)
	}
	for _, path := range o.VarFiles {
		l.assignFile(resolve(l.root, path), hcl.DiagError)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Vars)) {
		if v, ok := l.variables[name]; ok {
			l.assign(v, given{text: o.Vars[name], origin: "The value given with -var"})
			continue
		}
		if l.unparsed {
			continue
		}
		l.report(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: fmt.Sprintf("Undeclared variable %q", name),
			Detail: fmt.Sprintf("-var sets it, but no variable block declares it%s",
				didYouMean(name, l.variableNames(), fmt.Sprintf(". Declare it: variable %q {}.", name))),
		})
	}
	for _, name := range l.variableNames() {
		v := l.variables[name]
		if v.broken {
			v.value = cty.DynamicVal
		} else if !v.set {
			l.report(problem(v.decl, fmt.Sprintf("No value for variable %q", name), fmt.Sprintf(
				"It has no default. Set it with -var '%s=…', with -var-file, in a *.auto.hclvars file, or in the environment as ASSETS_VAR_%s.", name, name)))
		}
		if v.sensitive {
			l.project.SensitiveVariables[name] = true
		}
		if v.sensitive && v.value.IsWhollyKnown() {
			l.keepSecret(v.value)
			v.value = v.value.Mark(sensitive)
		}
	}
}

// escapeGlob makes a directory's name stand for itself in a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func (l *loader) variableNames() []string { return slices.Sorted(maps.Keys(l.variables)) }

// identifier is the label of a block that expressions refer to by it.
func (l *loader) identifier(b *hclsyntax.Block, fits schema) (name string, ok bool) {
	if name, ok = l.label(b, "name"); !ok {
		return "", false
	}
	l.fits(b.Body, fits, fmt.Sprintf("%s %q", b.Type, name))
	if !hclsyntax.ValidIdentifier(name) {
		l.report(problem(b.LabelRanges[0], fmt.Sprintf("Invalid name of a %s %q", b.Type, name), "Use letters, digits, - and _, beginning with a letter."))
		return "", false
	}
	return name, true
}

func (l *loader) declareVariable(f *file, b *hclsyntax.Block) {
	name, ok := l.identifier(b, variableSchema)
	if !ok {
		return
	}
	what := fmt.Sprintf("variable %q", name)
	if first, ok := l.variables[name]; ok {
		l.duplicate(fmt.Sprintf("variable %q", name), first.decl, b.DefRange())
		return
	}
	v := &variable{name: name, ty: cty.DynamicPseudoType, asString: true, decl: b.DefRange(), value: cty.DynamicVal}
	l.variables[name] = v
	if t, ok := b.Body.Attributes["type"]; ok {
		ty, defaults, diags := typeexpr.TypeConstraintWithDefaults(t.Expr)
		l.report(diags...)
		if v.broken = diags.HasErrors(); !v.broken {
			v.ty, v.defaults, v.asString = ty, defaults, ty.IsPrimitiveType()
		}
	}
	s := &scope{l: l, dir: f.dir, bare: true}
	s.context = func() *hcl.EvalContext { return l.fileContext(f.dir, nil) }
	a := l.args(s, b.Body, what)
	a.text("description")
	v.sensitive = a.boolean("sensitive", false)
	if d, ok := b.Body.Attributes["default"]; ok {
		v.set = true
		if value, ok := s.eval(d.Expr); ok {
			l.assign(v, given{value: value, inFile: true, at: d.Expr.Range().Ptr(), origin: "Its default"})
		}
	}
}

// assignFile takes the values of a file of arguments. undeclared says how bad
// one is that no block declares.
func (l *loader) assignFile(path string, undeclared hcl.DiagnosticSeverity) {
	text, name, err := l.store.read(path)
	if err != nil {
		l.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("Cannot read the variables file %s", name), Detail: sentence(err.Error())})
		return
	}
	parsed, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		l.store.forget(name) // which of its lines holds a secret cannot be told
	}
	l.report(diags...)
	body, ok := parsed.Body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, b := range body.Blocks {
		l.report(problem(b.DefRange(), "A block in a variables file", "Such a file holds values only: name = value. Blocks belong in *.hcl files."))
	}
	for _, a := range sortedArgs(body) {
		v, ok := l.variables[a.Name]
		if !ok && l.unparsed {
			continue
		}
		if !ok {
			d := problem(a.NameRange, fmt.Sprintf("Undeclared variable %q", a.Name), "No variable block declares it"+
				didYouMean(a.Name, l.variableNames(), fmt.Sprintf(". Declare it (variable %q {}) or take it out.", a.Name)))
			d.Severity = undeclared
			l.report(d)
			continue
		}
		value, diags := a.Expr.Value(nil)
		if diags.HasErrors() {
			l.report(problem(a.Expr.Range(), fmt.Sprintf("The value of %q is not constant", a.Name), "Variables files hold plain values: no references, no functions."))
			v.set, v.value = true, cty.DynamicVal
			continue
		}
		l.assign(v, given{value: value, inFile: true, at: a.Expr.Range().Ptr(), origin: "The value in " + name})
	}
}

// assign gives v a value, converted to its type.
func (l *loader) assign(v *variable, g given) {
	v.set, v.value = true, cty.DynamicVal
	fail := func(why string) {
		if v.sensitive {
			// The reason may quote the value, and so does the line it stands in.
			why = ""
			l.addSecret(g.text)
			if g.inFile {
				l.keepSecret(g.value)
			}
		}
		l.report(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: fmt.Sprintf("Invalid value for variable %q", v.name), Subject: g.at,
			Detail: fmt.Sprintf("%s is not %s%s.", g.origin, aValueOf(v.ty), why),
		})
	}
	value := g.value
	switch {
	case g.inFile:
	case v.asString:
		value = cty.StringVal(g.text)
	default:
		expr, diags := hclsyntax.ParseExpression([]byte(g.text), "", hcl.InitialPos)
		if !diags.HasErrors() {
			value, diags = expr.Value(nil)
		}
		if diags.HasErrors() {
			fail(": write it as in a file, such as '[\"a\", \"b\"]'")
			return
		}
	}
	if v.defaults != nil && !value.IsNull() {
		value = v.defaults.Apply(value)
	}
	converted, err := convert.Convert(value, v.ty)
	if err != nil {
		why := ""
		if !g.inFile && v.asString {
			why = fmt.Sprintf(": %q", g.text)
		}
		if inside := (cty.PathError{}); errors.As(err, &inside) && len(inside.Path) > 0 || v.ty.IsObjectType() {
			why = ": " + err.Error()
		}
		fail(why)
		return
	}
	v.value = converted
	v.untyped = v.ty == cty.DynamicPseudoType && !g.inFile
}

// aValueOf is what people call a value of a type.
func aValueOf(ty cty.Type) string {
	switch ty {
	case cty.Number:
		return "a number"
	case cty.Bool:
		return "true or false"
	case cty.String:
		return "a string"
	}
	return "a " + typeexpr.TypeString(ty)
}

// typeHint explains a value that is no collection because the variable that
// expr gets it from has no type and was given on the command line, as text.
func (l *loader) typeHint(expr hclsyntax.Expression) string {
	for _, t := range expr.Variables() {
		member, _ := memberOf(t)
		v := l.variables[member]
		if t.RootName() != "var" || v == nil || !v.untyped {
			continue
		}
		value, _ := v.value.Unmark()
		if !value.IsKnown() || value.IsNull() || value.Type() != cty.String {
			continue
		}
		for opening, ty := range map[string]string{"[": "list(string)", "{": "map(string)"} {
			if strings.HasPrefix(strings.TrimSpace(value.AsString()), opening) {
				return fmt.Sprintf("Variable %q has no type, so its value is taken as a string. Declare it with type = %s.", member, ty)
			}
		}
	}
	return ""
}

// makeVarObject returns what var.x is looked up in.
func (l *loader) makeVarObject() cty.Value {
	values := make(map[string]cty.Value, len(l.variables))
	for name, v := range l.variables {
		values[name] = v.value
	}
	return cty.ObjectVal(values)
}

// environMap reads "K=V" pairs; a later one of the same name wins.
func environMap(pairs []string) map[string]string {
	m := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		if k, v, ok := strings.Cut(pair, "="); ok && k != "" {
			m[k] = v
		}
	}
	return m
}
