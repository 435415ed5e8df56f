package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// pure are the functions whose result depends on their arguments alone, by
// Terraform's names.
var pure = map[string]function.Function{
	"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "log": stdlib.LogFunc, "max": stdlib.MaxFunc,
	"min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": stdlib.PowFunc, "signum": stdlib.SignumFunc,

	"chomp": stdlib.ChompFunc, "format": stdlib.FormatFunc, "formatdate": stdlib.FormatDateFunc, "formatlist": stdlib.FormatListFunc,
	"indent": stdlib.IndentFunc, "join": stdlib.JoinFunc, "lower": stdlib.LowerFunc, "regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc,
	"regexreplace": stdlib.RegexReplaceFunc, "replace": stdlib.ReplaceFunc, "split": stdlib.SplitFunc, "strlen": stdlib.StrlenFunc,
	"strrev": stdlib.ReverseFunc, "substr": stdlib.SubstrFunc, "timeadd": stdlib.TimeAddFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc,
	"trimprefix": stdlib.TrimPrefixFunc, "trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,
	"startswith": stringTest("startswith", strings.HasPrefix), "endswith": stringTest("endswith", strings.HasSuffix),
	"strcontains": stringTest("strcontains", strings.Contains),

	"chunklist": stdlib.ChunklistFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc, "compact": stdlib.CompactFunc,
	"concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
	"flatten": stdlib.FlattenFunc, "index": stdlib.IndexFunc, "keys": stdlib.KeysFunc, "length": stdlib.LengthFunc, "lookup": stdlib.LookupFunc,
	"merge": stdlib.MergeFunc, "range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc,
	"setproduct": stdlib.SetProductFunc, "setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc,
	"sort": stdlib.SortFunc, "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,

	"csvdecode": stdlib.CSVDecodeFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc,
	"tobool": stdlib.MakeToFunc(cty.Bool), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	"tonumber": stdlib.MakeToFunc(cty.Number), "toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),

	"can": tryfunc.CanFunc, "try": tryfunc.TryFunc,
	"nonsensitive": nonsensitiveFunc,
}

// unwatched make nothing of their arguments: see [loader.watched].
var unwatched = map[string]bool{"can": true, "try": true, "nonsensitive": true}

const dependsOnMoment = "Its value depends on the moment, so no two plans would agree. Use SQL's own function in an asset, or pass the value with -var."

// functionsLeftOut answers functions that Terraform has and a declaration cannot have.
var functionsLeftOut = map[string]string{
	"timestamp": dependsOnMoment, "plantimestamp": dependsOnMoment, "now": dependsOnMoment, "uuid": dependsOnMoment, "bcrypt": dependsOnMoment,
	"random": dependsOnMoment, "abspath": "Its value depends on the machine.", "pathexpand": "Its value depends on the machine.",
	"ref":    "Name the table in SQL as it is: from staging.orders. What an asset depends on is read from its SQL.",
	"source": "Name the table in SQL as it is: from raw.orders. What an asset depends on is read from its SQL.",
}

func functionNames() []string {
	return append(slices.Sorted(maps.Keys(pure)), "env", "file", "fileset", "templatefile")
}

func stringTest(name string, test func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Description: name,
		Params:      []function.Parameter{{Name: "string", Type: cty.String}, {Name: "part", Type: cty.String}},
		Type:        function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// nonsensitiveFunc takes the mark off: its caller says the value may be shown.
var nonsensitiveFunc = function.New(&function.Spec{
	Params: []function.Parameter{{
		Name: "value", Type: cty.DynamicPseudoType, AllowMarked: true, AllowNull: true, AllowUnknown: true, AllowDynamicType: true,
	}},
	Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, _ := args[0].UnmarkDeep()
		return v, nil
	},
})

// makeFunctions returns the pure ones and env.
func (l *loader) makeFunctions() map[string]function.Function {
	all := maps.Clone(pure)
	for name, f := range pure {
		if !unwatched[name] {
			all[name] = l.watched(f)
		}
	}
	all["env"] = function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.String, AllowNull: true, AllowMarked: true},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.NilVal, function.NewArgErrorf(2, "env takes a name and, at most, a default")
			}
			name := args[0].AsString()
			if value, ok := l.environ[name]; ok {
				return l.touched(cty.StringVal(value), partsOf(value, nil)), nil
			}
			if len(args) == 2 {
				return args[1].Mark(sensitive), nil
			}
			return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set: export it, or give a default as env(%q, …)", name, name)
		},
	})
	return all
}

// fileFunctions are those that read files, bound to the directory that the file
// calling them stands in. nest says whether templatefile is among them.
func (l *loader) fileFunctions(dir string, nest bool) map[string]function.Function {
	fns := map[string]function.Function{
		"file": function.New(&function.Spec{
			Params: []function.Parameter{{Name: "path", Type: cty.String}},
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				text, _, err := l.store.read(resolve(dir, args[0].AsString()))
				if err != nil {
					return cty.NilVal, function.NewArgError(0, err)
				}
				return cty.StringVal(string(withoutBOM(text))), nil
			},
		}),
		"fileset": function.New(&function.Spec{
			Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "pattern", Type: cty.String}},
			Type:   function.StaticReturnType(cty.Set(cty.String)),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				return fileset(resolve(dir, args[0].AsString()), filepath.ToSlash(args[1].AsString()))
			},
		}),
	}
	if nest {
		fns["templatefile"] = l.templateFunc(dir)
	}
	return fns
}

func fileset(dir, pattern string) (cty.Value, error) {
	if !doublestar.ValidatePattern(pattern) {
		return cty.NilVal, function.NewArgErrorf(1, "%q is not a pattern: it may use *, **, ?, [a-z] and {a,b}", pattern)
	}
	names, err := doublestar.Glob(os.DirFS(dir), pattern, doublestar.WithFilesOnly())
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(1, "cannot list %s: %v", pattern, err)
	}
	if len(names) == 0 {
		return cty.SetValEmpty(cty.String), nil
	}
	vals := make([]cty.Value, len(names))
	for i, n := range names {
		vals[i] = cty.StringVal(n)
	}
	return cty.SetVal(vals), nil
}

// templateError carries diagnostics of a template file through a function call.
type templateError struct{ diags hcl.Diagnostics }

func (e *templateError) Error() string { return e.diags.Error() }

// templateFunc makes templatefile(path, arguments). The template sees its
// arguments and all functions but templatefile.
func (l *loader) templateFunc(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "arguments", Type: cty.DynamicPseudoType, AllowMarked: true}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			arguments, marks := args[1].Unmark()
			if ty := arguments.Type(); arguments.IsNull() || !ty.IsObjectType() && !ty.IsMapType() {
				return cty.NilVal, function.NewArgError(1, errors.New("the arguments of a template are a map: { country = \"fr\" }"))
			}
			path := resolve(dir, args[0].AsString())
			text, name, err := l.store.read(path)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			variables := arguments.AsValueMap()
			ctx := (&hcl.EvalContext{Functions: l.functions(), Variables: variables}).NewChild()
			ctx.Functions = l.fileFunctions(filepath.Dir(path), false)
			v, diags := l.template(text, name, ctx)
			if diags.HasErrors() {
				return cty.NilVal, &templateError{diags}
			}
			return v.WithMarks(marks), nil
		},
	})
}

// template renders the text of a template file as a string.
func (l *loader) template(text []byte, name string, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	start := hcl.InitialPos
	start.Byte = len(text) - len(withoutBOM(text))
	expr, diags := hclsyntax.ParseTemplate(withoutBOM(text), name, start)
	if diags.HasErrors() {
		return cty.NilVal, syntaxErrors(diags, text)
	}
	variables := ctx.Parent().Variables
	for _, t := range expr.Variables() {
		if _, ok := variables[t.RootName()]; !ok {
			known := slices.Sorted(maps.Keys(variables))
			detail := fmt.Sprintf("The template is given no argument %q", t.RootName())
			diags = append(diags, problem(t.SourceRange(), fmt.Sprintf("Unknown reference %s", t.RootName()),
				detail+didYouMean(t.RootName(), known, ". Pass it in the call of templatefile, or double the dollar sign if ${ is meant as it stands.")))
		}
	}
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		return cty.NilVal, explainCalls(diags)
	}
	if v.IsNull() || !v.Type().Equals(cty.String) { // the template is one interpolation, whose value is the result
		v, err := stdlib.MakeToFunc(cty.String).Call([]cty.Value{v})
		if err != nil || v.IsNull() {
			return cty.NilVal, hcl.Diagnostics{problem(expr.Range(), "The template is not text", "Its only interpolation gives something that is no string.")}
		}
		return v, nil
	}
	return v, nil
}

func resolve(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func withoutBOM(text []byte) []byte {
	if len(text) >= len(bom) && string(text[:len(bom)]) == string(bom) {
		return text[len(bom):]
	}
	return text
}
