package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

func (l *loader) readAsset(s *scope, b *hclsyntax.Block) *group {
	what := l.blockName(b)
	l.fits(b.Body, assetSchema, what)
	l.fitsColumns(b.Body, columnSchema, what)
	l.fitsInside(b.Body, what)
	g, members := l.expand(s, b, what)
	for _, m := range members {
		asset := l.readOne(m.args, b)
		if m.named {
			asset.Name = m.name
			g.assets = append(g.assets, asset)
		}
	}
	return g
}

// fitsInside reports what the blocks inside an asset cannot hold: once, however
// many assets for_each makes of it.
func (l *loader) fitsInside(body *hclsyntax.Body, what string) {
	for i, b := range blocksOf(body, "materialize") {
		if i > 0 {
			l.report(problem(b.DefRange(), "Duplicate materialize block", fmt.Sprintf("%s is made in one way. Take this block out, or the first.", sentenceStart(what))))
		}
	}
}

// fitsColumns reports what column blocks cannot hold.
func (l *loader) fitsColumns(body *hclsyntax.Body, s schema, what string) {
	for _, b := range blocksOf(body, "column") {
		if name, ok := l.label(b, "column's name"); ok {
			l.fits(b.Body, s, fmt.Sprintf("column %q of %s", name, what))
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
	asset.Pools, asset.Priority = l.pools(a), a.priority("priority")
	l.readSchedule(a, asset)
	l.readSQL(a, b, asset)
	asset.Columns = l.readColumns(a, b.Body)
	l.readContract(a, asset)
	asset.Checks = l.readChecks(a, b.Body, false)
	asset.Checks = append(asset.Checks, l.promises(asset)...)
	l.mayQuarantine(asset)
	for _, fb := range blocksOf(b.Body, "freshness") {
		if f, ok := l.readFreshness(a.s, fb, a.what); ok {
			asset.Freshness = append(asset.Freshness, f)
		}
	}
	l.ageByPolicy(asset)
	asset.Failure = l.readFailure(a, b, l.defaultFailure)
	asset.Inputs = l.readInputs(a, b)
	return asset
}

// ageByPolicy gives freshness checks that do not say how old the newest value may
// be the tightest of the asset's policies, or of the project's defaults.
func (l *loader) ageByPolicy(asset *assets.Asset) {
	policies := asset.Freshness
	if len(policies) == 0 {
		policies = l.project.Freshness
	}
	for i, c := range asset.Checks {
		if c.Kind != assets.Recency || c.MaxAge > 0 {
			continue
		}
		for _, p := range policies {
			if c.MaxAge == 0 || p.MaxLag < c.MaxAge {
				c.MaxAge = p.MaxLag
			}
		}
		if c.MaxAge == 0 {
			l.report(problem(c.Decl, "Missing argument \"max_age\"", "Neither the asset nor the project's defaults have a freshness policy to take it from. Say how old the newest value may be: max_age = \"26h\"."))
		}
		asset.Checks[i].MaxAge = c.MaxAge
	}
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
