package config

import (
	"bytes"
	"regexp"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/seed-4311623e/assets/assets"
)

// missNames notes names whose block was reported and makes nothing.
func (l *loader) missNames(names ...assets.Name) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range names {
		l.unread.Names[n] = true
	}
}

// missPrefix notes that names which begin so were declared but are not known.
func (l *loader) missPrefix(prefix string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unread.Prefixes = append(l.unread.Prefixes, prefix)
}

// missBlock notes all that a block would have declared.
func (l *loader) missBlock(b *hclsyntax.Block) {
	if _, many := b.Body.Attributes["for_each"]; many {
		prefix := ""
		if name, ok := b.Body.Attributes["name"]; ok {
			prefix = beginning(name.Expr)
		}
		l.missPrefix(prefix)
		return
	}
	if len(b.Labels) == 0 {
		l.missPrefix("")
	} else if n, err := assets.ParseName(b.Labels[0]); err == nil {
		l.missNames(n)
	}
}

// beginning is what every value of a template begins with.
func beginning(expr hclsyntax.Expression) string {
	if template, ok := expr.(*hclsyntax.TemplateExpr); ok && len(template.Parts) > 0 {
		if first, ok := template.Parts[0].(*hclsyntax.LiteralValueExpr); ok && first.Val.Type() == cty.String {
			return first.Val.AsString()
		}
	}
	return ""
}

var (
	declaration   = regexp.MustCompile(`(?m)^[ \t]*(?:asset|source)[ \t]+"?([A-Za-z_][A-Za-z0-9_.]*)`)
	nameOfSeveral = regexp.MustCompile(`(?m)^[ \t]*name[ \t]*=[ \t]*"([^"$%\n]*)[$%]\{`)
)

// missFile notes what stands in the parts of a file that could not be parsed, as
// far as its text tells.
func (l *loader) missFile(f *file) {
	if f.body == nil && f.diags.HasErrors() {
		l.missPrefix("")
	}
	for _, text := range f.broken {
		several := bytes.Contains(text, []byte("for_each"))
		for _, found := range declaration.FindAllSubmatch(text, -1) {
			if n, err := assets.ParseName(string(found[1])); err == nil {
				l.missNames(n)
				if several {
					l.missPrefix(n.String() + "_") // as names are usually made
				}
			}
		}
		for _, found := range nameOfSeveral.FindAllSubmatch(text, -1) {
			l.missPrefix(string(found[1]))
		}
	}
}
