package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/seed-4311623e/assets/assets"
)

// group is what one block makes: one source or asset, or with for_each any number.
type group struct {
	kind      string // the block's type: "source" or "asset"
	label     string // empty without for_each
	decl      hcl.Range
	nameRange hcl.Range // of the name argument, with for_each
	sources   []*assets.Source
	assets    []*assets.Asset
}

// member is one of a group: its name, if it has a good one, and what to read the rest by.
type member struct {
	args  *args
	name  assets.Name
	named bool
}

// blockName names a source or asset in messages.
func (l *loader) blockName(b *hclsyntax.Block) string {
	label := ""
	if len(b.Labels) > 0 {
		label = b.Labels[0]
	}
	return fmt.Sprintf("%s %q", b.Type, label)
}

// expand finds out whom a block declares.
func (l *loader) expand(s *scope, b *hclsyntax.Block, what string) (*group, []member) {
	label, labelled := l.label(b, "name")
	a := l.args(s, b.Body, what)
	g := &group{kind: b.Type, decl: b.DefRange()}
	forEach := a.expr("for_each")
	if forEach == nil {
		if a.has("name") {
			a.wrong("name", "\"name\" without \"for_each\"", fmt.Sprintf("The label of the block is the %[1]s's name. Only with for_each, where one block makes several %[1]ss, does each need a name.", b.Type))
		}
		m := member{args: a}
		if !labelled {
			l.missBlock(b)
		} else {
			m.name, m.named = l.name(label, b.LabelRanges[0])
		}
		return g, []member{m}
	}

	if !labelled {
		label = "?"
	}
	g.label, g.nameRange = label, a.at("name", b.DefRange())
	if _, err := assets.ParseName(label); labelled && err != nil {
		l.report(problem(b.LabelRanges[0], "Invalid name of a group", sentence(err.Error())+" The label of a block with for_each names the group, for -target."))
	}
	if !a.has("name") {
		l.report(problem(b.DefRange(), "Missing argument \"name\"", fmt.Sprintf("With for_each, each %s needs a name of its own: name = \"%s_${each.key}\".", b.Type, label)))
	} else if !usesEach(a.expr("name")) {
		a.wrong("name", fmt.Sprintf("All %ss of for_each have one name", b.Type), fmt.Sprintf("Let the name differ with each.key or each.value: name = \"%s_${each.key}\".", label))
	}
	elements, ok := l.forEach(a, forEach)
	if !ok {
		l.missBlock(b)
		return g, nil
	}
	var members []member
	for _, e := range elements {
		m := member{args: l.args(s.within(e[0], e[1]), b.Body, what)}
		if name := m.args.filled("name"); name == "" || !usesEach(a.expr("name")) {
			l.missBlock(b)
		} else {
			m.name, m.named = l.name(name, g.nameRange)
		}
		members = append(members, m)
	}
	return g, members
}

func usesEach(expr hclsyntax.Expression) bool {
	return expr != nil && slices.ContainsFunc(expr.Variables(), func(t hcl.Traversal) bool { return t.RootName() == "each" })
}

// forEach returns the keys and values to make something for, in order of the keys.
func (l *loader) forEach(a *args, expr hclsyntax.Expression) ([][2]cty.Value, bool) {
	if usesEach(expr) {
		a.wrong("for_each", "for_each refers to each", "each is what for_each gives: it cannot be used to say what that is.")
		return nil, false
	}
	v, ok := a.s.eval(expr)
	if !ok && !isWithheld(v) {
		return nil, false
	}
	if v, ok = a.s.plain(v, expr.Range(), "for_each", a.what); !ok {
		return nil, false
	}
	ty := v.Type()
	switch {
	case v.IsNull():
		a.wrong("for_each", "\"for_each\" is null", "Use {} for none at all.")
		return nil, false
	case ty.IsMapType(), ty.IsObjectType():
	case ty.IsSetType() && ty.ElementType() == cty.String:
	case ty.IsTupleType(), ty.IsListType(), ty.IsSetType():
		a.wrong("for_each", "\"for_each\" must be a map or a set of strings", "Elements of a list have no names. Make it a set, toset([\"uk\", \"fr\"]), or a map, { uk = \"DD/MM/YYYY\" }.")
		return nil, false
	default:
		a.wrong("for_each", "\"for_each\" must be a map or a set of strings", "Write { uk = \"DD/MM/YYYY\" } or toset([\"uk\", \"fr\"]).")
		return nil, false
	}
	var elements [][2]cty.Value
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if key.IsNull() {
			a.wrong("for_each", "\"for_each\" holds a null", "Take it out of the set.")
			return nil, false
		}
		elements = append(elements, [2]cty.Value{key, value})
	}
	return elements, true
}
