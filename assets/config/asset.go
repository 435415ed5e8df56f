package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/seed-4311623e/assets/assets"
)

// group is what one asset block makes: one asset, or with for_each any number.
type group struct {
	label     string // empty without for_each
	decl      hcl.Range
	nameRange hcl.Range // of the name argument, with for_each
	assets    []*assets.Asset
}

func (l *loader) readAsset(s *scope, b *hclsyntax.Block) *group {
	label, named := l.label(b, "name")
	what := fmt.Sprintf("asset %q", label)
	l.fits(b.Body, assetSchema, what)
	l.fitsInside(b.Body, what)
	a := l.args(s, b.Body, what)

	forEach := a.expr("for_each")
	if forEach == nil {
		if a.has("name") {
			a.wrong("name", "\"name\" without \"for_each\"", "The label of the block is the asset's name. Only with for_each, where one block makes several assets, does each need a name.")
		}
		asset := l.readOne(a, b)
		if !named {
			l.missName()
			return nil
		}
		var ok bool
		if asset.Name, ok = l.name(label, b.LabelRanges[0]); !ok {
			return nil
		}
		return &group{decl: b.DefRange(), assets: []*assets.Asset{asset}}
	}

	if !named {
		label = "?"
	}
	g := &group{label: label, decl: b.DefRange(), nameRange: a.at("name", b.DefRange())}
	if _, err := assets.ParseName(label); named && err != nil {
		l.report(problem(b.LabelRanges[0], "Invalid name of a group", sentence(err.Error())+" The label of a block with for_each names the group, for -target."))
	}
	if !a.has("name") {
		l.report(problem(b.DefRange(), "Missing argument \"name\"", fmt.Sprintf("With for_each, each asset needs a name of its own: name = \"%s_${each.key}\".", label)))
	} else if !usesEach(a.expr("name")) {
		a.wrong("name", "All assets of for_each have one name", fmt.Sprintf("Let the name differ with each.key or each.value: name = \"%s_${each.key}\".", label))
	}
	elements, ok := l.forEach(a, forEach)
	if !ok {
		l.missName()
		return g
	}
	for _, e := range elements {
		inner := l.args(s.within(e[0], e[1]), b.Body, what)
		asset := l.readOne(inner, b)
		name := inner.filled("name")
		if name == "" || !usesEach(a.expr("name")) {
			l.missName()
			continue
		}
		if asset.Name, ok = l.name(name, g.nameRange); ok {
			g.assets = append(g.assets, asset)
		}
	}
	return g
}

func usesEach(expr hclsyntax.Expression) bool {
	return expr != nil && slices.ContainsFunc(expr.Variables(), func(t hcl.Traversal) bool { return t.RootName() == "each" })
}

// forEach returns the keys and values to make assets for, in order of the keys.
func (l *loader) forEach(a *args, expr hclsyntax.Expression) ([][2]cty.Value, bool) {
	if usesEach(expr) {
		a.wrong("for_each", "for_each refers to each", "each is what for_each gives: it cannot be used to say what that is.")
		return nil, false
	}
	v, ok := a.s.eval(expr)
	if !ok {
		return nil, false
	}
	if v, ok = a.s.plain(v, expr.Range(), "for_each", a.what); !ok {
		return nil, false
	}
	ty := v.Type()
	switch {
	case v.IsNull():
		a.wrong("for_each", "\"for_each\" is null", "Use {} for no asset at all.")
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

// fitsInside reports what the blocks inside an asset cannot hold: once, however
// many assets for_each makes of it.
func (l *loader) fitsInside(body *hclsyntax.Body, what string) {
	for _, b := range blocksOf(body, "column") {
		if name, ok := l.label(b, "column's name"); ok {
			l.fits(b.Body, columnSchema, fmt.Sprintf("column %q of %s", name, what))
		}
	}
	for i, b := range blocksOf(body, "materialize") {
		if i > 0 {
			l.report(problem(b.DefRange(), "Duplicate materialize block", fmt.Sprintf("%s is made in one way. Take this block out, or the first.", sentenceStart(what))))
		}
	}
}

// readOne reads all of an asset but its name.
func (l *loader) readOne(a *args, b *hclsyntax.Block) *assets.Asset {
	asset := &assets.Asset{
		Description: a.text("description"), Owner: a.filled("owner"), Tags: a.texts("tags"), Enabled: a.boolean("enabled", true),
		Decl: b.DefRange(), SQLRange: a.at("sql", b.DefRange()), Kind: assets.Table,
	}
	for _, m := range blocksOf(b.Body, "materialize") {
		asset.Kind = l.readKind(m, a.what)
		break
	}
	l.readSQL(a, b, asset)
	columns := map[string]hcl.Range{}
	for _, cb := range blocksOf(b.Body, "column") {
		if len(cb.Labels) == 0 || cb.Labels[0] == "" {
			continue
		}
		name := cb.Labels[0]
		if first, ok := columns[strings.ToLower(name)]; ok {
			l.duplicate(fmt.Sprintf("column %q", name), first, cb.DefRange())
			continue
		}
		columns[strings.ToLower(name)] = cb.DefRange()
		ca := l.args(a.s, cb.Body, fmt.Sprintf("column %q of %s", name, a.what))
		asset.Columns = append(asset.Columns, assets.DeclaredColumn{
			Name: name, Type: strings.TrimSpace(ca.filled("type")), Description: ca.text("description"),
			Decl: cb.DefRange(), TypeRange: ca.at("type", cb.DefRange()),
		})
	}
	asset.Checks = l.readChecks(a, b.Body)
	for _, fb := range blocksOf(b.Body, "freshness") {
		if f, ok := l.readFreshness(a.s, fb, a.what); ok {
			asset.Freshness = append(asset.Freshness, f)
		}
	}
	return asset
}

func (l *loader) readKind(b *hclsyntax.Block, what string) assets.Kind {
	label, ok := l.label(b, "kind")
	if !ok {
		return assets.Table
	}
	l.fits(b.Body, materializeSchema, fmt.Sprintf("materialize %q of %s", label, what))
	switch label {
	case "table", "view":
		return assets.Kind(label)
	case "incremental", "snapshot", "file":
		l.notYet(b.LabelRanges[0], "materialize "+label, what)
	default:
		l.report(problem(b.LabelRanges[0], fmt.Sprintf("Unsupported materialization %q", label), "An asset is made as a table or a view"+didYouMean(label, []string{"table", "view", "incremental", "snapshot", "file"}, ".")))
	}
	return assets.Table
}

func (l *loader) readSQL(a *args, b *hclsyntax.Block, asset *assets.Asset) {
	expr := a.expr("sql")
	if expr == nil {
		if !a.has("command") && len(blocksOf(b.Body, "sql")) == 0 {
			l.report(problem(b.DefRange(), "Missing argument \"sql\"", fmt.Sprintf("Say what %s is made from: sql = file(\"orders.sql\"), or a heredoc.", a.what)))
		}
		return
	}
	var ok bool
	asset.SQL, ok = a.s.sql(expr, "sql", a.what)
	switch {
	case !ok:
	case strings.TrimSpace(asset.SQL.Text) == "":
		a.wrong("sql", "\"sql\" is empty", fmt.Sprintf("Write the query %s is made from.", a.what))
	case asset.SQL.Sensitive && asset.Kind == assets.View:
		a.wrong("sql", "A view cannot hold a secret", "Its text stands in the warehouse, where everyone who reads it can see it. Make it a table, or take the sensitive value out.")
	}
}
