package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/seed-4311623e/assets/assets/redact"
)

// Command is a program that tells a secret.
type Command struct {
	Argv []string // its name and its arguments, as no shell sees them
	Dir  string   // absolute; where it runs
	// Timeout is how long it may take.
	Timeout time.Duration
}

// Output is what a command wrote.
type Output struct{ Stdout, Stderr string }

const (
	defaultSecretTimeout = 30 * time.Second
	longestSecretTimeout = 10 * time.Minute
	// longestSecret is the size in bytes of the largest secret: a file that is larger
	// is another one than was meant.
	longestSecret = 64 << 10
)

// secretKinds are the arguments of which a secret has one.
var secretKinds = []string{"command", "file", "env"}

var secretSchema = schema{
	args: []string{"command", "file", "env", "timeout", "description"},
	instead: map[string]string{
		"value":     "A secret does not stand in a file of the project. Say where it is had: with `command`, `file` or `env`.",
		"default":   "A secret does not stand in a file of the project. Say where it is had: with `command`, `file` or `env`.",
		"path":      "Give the path of a file that holds the secret as `file`.",
		"sensitive": "A secret always is. Leave it out.",
	},
}

// secret is a secret block.
type secret struct {
	name string
	decl hcl.Range
	// value is asked for when something refers to it first: a string that is sensitive,
	// or unknown if something was reported.
	value func() cty.Value
}

// declareSecrets reads the secret blocks. None is obtained before something that is
// used refers to it.
func (l *loader) declareSecrets() {
	for _, f := range l.files {
		for _, b := range f.blocks("secret") {
			l.declareSecret(f, b)
		}
	}
}

func (l *loader) declareSecret(f *file, b *hclsyntax.Block) {
	name, ok := l.identifier(b, secretSchema)
	if !ok {
		return
	}
	what := fmt.Sprintf("secret %q", name)
	if first, ok := l.declared[name]; ok {
		l.duplicate(what, first.decl, b.DefRange())
		return
	}
	s := &scope{l: l, dir: f.dir, inSecret: true}
	s.context = sync.OnceValue(func() *hcl.EvalContext {
		return l.fileContext(f.dir, map[string]cty.Value{"var": l.varObject()})
	})
	obtain := l.readSecret(l.args(s, b.Body, what), b)
	l.declared[name] = &secret{name: name, decl: b.DefRange(), value: sync.OnceValue(func() cty.Value {
		if obtain == nil { // what is wrong was reported
			return cty.DynamicVal
		}
		return obtain()
	})}
}

// readSecret reads where a secret is had, and returns what obtains it; nil if nothing can.
func (l *loader) readSecret(a *args, b *hclsyntax.Block) func() cty.Value {
	a.text("description")
	given, foreign := "", false
	for _, arg := range sortedArgs(b.Body) {
		foreign = foreign || !slices.Contains(secretSchema.args, arg.Name)
		if !slices.Contains(secretKinds, arg.Name) {
			continue
		}
		if given != "" {
			l.report(problem(arg.NameRange, fmt.Sprintf("%q beside %q", arg.Name, given), fmt.Sprintf("A secret is had in one way. Take one of them out of %s.", a.what)))
			return nil
		}
		given = arg.Name
	}
	timeout := defaultSecretTimeout
	if d, ok := a.duration("timeout"); ok {
		if timeout = d; d <= 0 || d > longestSecretTimeout {
			a.wrong("timeout", "\"timeout\" is out of range", `It is how long the command may take: more than nothing, and at most "10m".`)
			return nil
		}
	}
	if given != "command" {
		a.without("command", "It is how long the command may take. Leave it out.", "timeout")
	}
	switch given {
	case "command":
		if argv := a.argv("command"); argv != nil {
			return func() cty.Value { return l.secretOfCommand(a, Command{Argv: argv, Dir: a.s.dir, Timeout: timeout}) }
		}
	case "file":
		if path := a.filled("file"); path != "" {
			return func() cty.Value { return l.secretOfFile(a, resolve(a.s.dir, path)) }
		}
	case "env":
		if name := a.filled("env"); name != "" {
			return func() cty.Value { return l.secretOfEnv(a, name) }
		}
	case "":
		if foreign {
			return nil // it was said what to write instead
		}
		l.report(problem(b.DefRange(), "The secret is had nowhere", `Say what tells it: command = ["pass", "show", "crm"], file = "/run/secrets/crm" or env = "CRM_PASSWORD".`))
	}
	return nil
}

// argv reads the name of a program and its arguments, which may be sensitive.
func (a *args) argv(name string) []string {
	v, _, ok := a.secret(name)
	if !ok {
		return nil
	}
	if ty := v.Type(); !ty.IsTupleType() && !ty.IsListType() || v.LengthInt() == 0 {
		a.wrong(name, fmt.Sprintf("%q must be a list of strings", name), `No shell takes it apart: write the program and each of its arguments, ["pass", "show", "crm"]. If it takes a shell: ["sh", "-c", "…"].`)
		return nil
	}
	var argv []string
	for i, word := range v.AsValueSlice() {
		text, ok := textOf(word)
		if !ok || strings.ContainsRune(text, 0) || i == 0 && strings.TrimSpace(text) == "" {
			a.s.l.report(problem(a.item(name, i), fmt.Sprintf("%q must be a list of strings", name), "This element is something else than a string, or empty."))
			return nil
		}
		argv = append(argv, text)
	}
	return argv
}

func (l *loader) secretOfCommand(a *args, c Command) cty.Value {
	if l.run == nil {
		return cty.UnknownVal(cty.String).WithMarks(cty.NewValueMarks(sensitive, withheld))
	}
	out, err := l.run(c)
	if err != nil {
		// What it wrote before it failed may be the secret, and may stand in its complaint, too.
		l.addSecret(strings.TrimSpace(out.Stdout))
		detail := fmt.Sprintf("Its command %s %s.", filepath.Base(c.Argv[0]), strings.TrimSuffix(err.Error(), "."))
		if complaint := strings.TrimSpace(out.Stderr); complaint != "" {
			detail += " It says:\n" + complaint
		}
		return l.notObtained(a, "command", detail)
	}
	return l.obtained(a, "command", out.Stdout, "Its command wrote")
}

func (l *loader) secretOfFile(a *args, path string) cty.Value {
	name := l.store.rel(path)
	if strings.HasPrefix(name, "../") { // of a mount or a home, which nobody knows by where the project is
		name = filepath.ToSlash(path)
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() > longestSecret {
		return l.notObtained(a, "file", fmt.Sprintf("%s is larger than %d KiB. Name the file that holds the secret and nothing else.", name, longestSecret>>10))
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return l.notObtained(a, "file", sentence(readError(path, name, err).Error()))
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0 {
		d := problem(a.expr("file").Range(), fmt.Sprintf("Everyone on this computer can read the file of %s", a.what),
			fmt.Sprintf("Take the permission away: chmod 600 %s.", name))
		d.Severity = hcl.DiagWarning
		l.report(d)
	}
	return l.obtained(a, "file", string(text), name+" holds")
}

func (l *loader) secretOfEnv(a *args, name string) cty.Value {
	text, ok := l.environ[name]
	if !ok {
		return l.notObtained(a, "env", fmt.Sprintf("The environment variable %s is not set. Export it where the program is run.", name))
	}
	return l.obtained(a, "env", text, fmt.Sprintf("The environment variable %s holds", name))
}

// obtained is the value of a secret, unless it cannot be one. source begins a sentence.
func (l *loader) obtained(a *args, kind, text, source string) cty.Value {
	if kind != "env" {
		text = strings.TrimRight(text, "\r\n")
	}
	switch {
	case text == "":
		return l.notObtained(a, kind, source+" nothing.")
	case len(text) < redact.Shortest:
		return l.notObtained(a, kind, fmt.Sprintf("%s less than %d characters. So short a text cannot be kept out of what is shown.", source, redact.Shortest))
	case len(text) > longestSecret:
		return l.notObtained(a, kind, fmt.Sprintf("%s more than %d KiB.", source, longestSecret>>10))
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return l.notObtained(a, kind, source+" something that is no text. Encode it, as base64 does.")
	}
	l.addSecret(text)
	return cty.StringVal(text).Mark(sensitive)
}

// notObtained reports why a secret cannot be had.
func (l *loader) notObtained(a *args, kind, why string) cty.Value {
	l.report(problem(a.expr(kind).Range(), fmt.Sprintf("Cannot obtain %s", a.what), why))
	return cty.DynamicVal
}

// contextFor is the context of s with the secrets that expr refers to: this is where
// they are obtained.
func (s *scope) contextFor(expr hclsyntax.Expression) *hcl.EvalContext {
	var needed map[string]cty.Value
	for _, t := range expr.Variables() {
		if member, _ := memberOf(t); t.RootName() == "secret" {
			if declared := s.l.declared[member]; declared != nil {
				if needed == nil {
					needed = map[string]cty.Value{}
				}
				needed[member] = declared.value()
			}
		}
	}
	if needed == nil {
		return s.context()
	}
	ctx := s.context().NewChild()
	ctx.Variables = map[string]cty.Value{"secret": cty.ObjectVal(needed)}
	return ctx
}

// usesSecret reports whether expr refers to a secret.
func usesSecret(expr hclsyntax.Expression) bool {
	for _, t := range expr.Variables() {
		if t.RootName() == "secret" {
			return true
		}
	}
	return false
}

// usedLocals are the locals that something else than locals refers to, be it by way
// of others: only for these are secrets obtained.
func (l *loader) usedLocals() map[string]bool {
	used := map[string]bool{}
	var use func(expr hclsyntax.Expression)
	use = func(expr hclsyntax.Expression) {
		for _, t := range expr.Variables() {
			member, _ := memberOf(t)
			lo := l.locals[member]
			if t.RootName() != "local" || lo == nil || used[member] {
				continue
			}
			used[member] = true
			use(lo.attr.Expr)
		}
	}
	var visit func(body *hclsyntax.Body)
	visit = func(body *hclsyntax.Body) {
		for _, a := range body.Attributes {
			use(a.Expr)
		}
		for _, b := range body.Blocks {
			if b.Type != "locals" {
				visit(b.Body)
			}
		}
	}
	for _, f := range l.files {
		if f.body != nil {
			visit(f.body)
		}
	}
	return used
}
