package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/seed-4311623e/assets/assets"
)

// WriteTest writes a test whose rows are all written out as a test block, in the
// canonical layout: read again, it is the same test. types are the columns' types
// by fixture: those of inputs by their names, the asset's by its own. They say
// which values are written without quotes.
func WriteTest(t *assets.Test, types map[assets.Name][]assets.Column) []byte {
	file := hclwrite.NewEmptyFile()
	body := file.Body().AppendNewBlock("test", []string{t.Name}).Body()
	body.SetAttributeValue("asset", cty.StringVal(t.Asset.String()))
	if !t.Now.IsZero() {
		body.SetAttributeValue("now", cty.StringVal(t.Now.Format(time.RFC3339Nano)))
	}
	for _, g := range t.Given {
		body.AppendNewline()
		inner := body.AppendNewBlock("given", []string{g.Input.String()}).Body()
		inner.SetAttributeRaw("rows", rowTokens(g.Rows, types[g.Input]))
	}
	if t.Expect != nil {
		body.AppendNewline()
		inner := body.AppendNewBlock("expect", nil).Body()
		inner.SetAttributeRaw("rows", rowTokens(t.Expect.Rows, types[t.Asset]))
	}
	return hclwrite.Format(file.Bytes())
}

// rowTokens writes rows one a line, their values in the order of the columns.
func rowTokens(rows []assets.Row, columns []assets.Column) hclwrite.Tokens {
	if len(rows) == 0 {
		return hclwrite.TokensForTuple(nil)
	}
	raw := func(typ hclsyntax.TokenType, text string) *hclwrite.Token {
		return &hclwrite.Token{Type: typ, Bytes: []byte(text)}
	}
	tokens := hclwrite.Tokens{raw(hclsyntax.TokenOBrack, "["), raw(hclsyntax.TokenNewline, "\n")}
	for _, row := range rows {
		tokens = append(tokens, raw(hclsyntax.TokenOBrace, "{"))
		first := true
		for _, column := range columns {
			for _, cell := range row.Cells {
				if !strings.EqualFold(cell.Column, column.Name) {
					continue
				}
				if !first {
					tokens = append(tokens, raw(hclsyntax.TokenComma, ","))
				}
				first = false
				tokens = append(append(tokens, keyTokens(cell.Column)...), raw(hclsyntax.TokenEqual, "="))
				tokens = append(tokens, valueTokens(cell.Value, column.Type)...)
			}
		}
		tokens = append(tokens, raw(hclsyntax.TokenCBrace, "}"), raw(hclsyntax.TokenComma, ","), raw(hclsyntax.TokenNewline, "\n"))
	}
	return append(tokens, raw(hclsyntax.TokenCBrack, "]"))
}

func keyTokens(column string) hclwrite.Tokens {
	if hclsyntax.ValidIdentifier(column) && column != "for" { // {for …} is another expression
		return hclwrite.TokensForIdentifier(column)
	}
	return hclwrite.TokensForValue(cty.StringVal(column))
}

var (
	numeric = regexp.MustCompile(`^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|UINTEGER|DECIMAL\(.*\)|DOUBLE|FLOAT)$`)
	digits  = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
)

func valueTokens(v assets.Value, typ string) hclwrite.Tokens {
	switch {
	case v.Null:
		return hclwrite.TokensForValue(cty.NullVal(cty.DynamicPseudoType))
	case typ == "BOOLEAN" && (v.Text == "true" || v.Text == "false"):
		return hclwrite.TokensForIdentifier(v.Text)
	case numeric.MatchString(typ) && digits.MatchString(v.Text) && sameNumber(v.Text, typ):
		return hclwrite.Tokens{{Type: hclsyntax.TokenNumberLit, Bytes: []byte(v.Text)}}
	}
	return hclwrite.TokensForValue(cty.StringVal(v.Text))
}

// sameNumber says that a number survives being read: one with very many digits may not.
func sameNumber(text, typ string) bool {
	if typ != "DOUBLE" && typ != "FLOAT" {
		return len(text) < 100
	}
	f, err := strconv.ParseFloat(text, 64)
	return err == nil && math.Abs(f) < 1e15
}
