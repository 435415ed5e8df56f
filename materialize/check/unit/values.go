package unit

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// values are what DuckDB makes of values as they were written, by type: each is
// asked for once, all of a type in one query.
type values map[string]map[assets.Value]converted

// converted is a value of a type, as DuckDB writes it.
type converted struct {
	text  string
	wrong string // why there is none; empty: there is
}

func (v values) add(typ string, value assets.Value) {
	if value.Null {
		return
	}
	if v[typ] == nil {
		v[typ] = map[assets.Value]converted{}
	}
	v[typ][value] = converted{}
}

func (v values) get(typ string, value assets.Value) converted { return v[typ][value] }

// convert asks DuckDB for all values that were added.
func (v values) convert(ctx context.Context, db *warehouse.DB) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, typ := range slices.Sorted(maps.Keys(v)) {
		var plain, nested []assets.Value
		for value := range v[typ] {
			if value.JSON {
				nested = append(nested, value)
			} else {
				plain = append(plain, value)
			}
		}
		for _, list := range [][]assets.Value{plain, nested} {
			if err := v.convertAll(ctx, c, typ, list); err != nil {
				return err
			}
		}
	}
	return nil
}

// convertAll converts values of one form. If DuckDB cannot answer for all of them,
// each is asked for alone, and what DuckDB says is wrong with that one.
func (v values) convertAll(ctx context.Context, c *warehouse.Conn, typ string, list []assets.Value) error {
	err := v.convertType(ctx, c, typ, list)
	switch {
	case err == nil || ctx.Err() != nil:
		return ctx.Err()
	case len(list) == 1:
		v[typ][list[0]] = converted{wrong: upperFirst(plain(err)) + "."}
		return nil
	}
	for _, one := range list {
		if err := v.convertAll(ctx, c, typ, []assets.Value{one}); err != nil {
			return err
		}
	}
	return nil
}

func (v values) convertType(ctx context.Context, c *warehouse.Conn, typ string, list []assets.Value) error {
	if len(list) == 0 {
		return nil
	}
	cast, back := "TRY_CAST(v AS "+typ+")", "NULL"
	texts := make([]string, len(list))
	for i, value := range list {
		texts[i] = value.Text
	}
	if list[0].JSON {
		cast = "TRY_CAST(v::JSON AS " + typ + ")"
		back = "to_json(" + cast + ")::VARCHAR"
		for i, value := range list {
			texts[i] = jsonFor(typ, value.Text)
		}
	}
	rows, err := c.Query(ctx, "SELECT "+cast+"::VARCHAR, "+back+" FROM (SELECT unnest($1::VARCHAR[]) AS v)", texts)
	if err != nil {
		return err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		var text, json sql.NullString
		if err := rows.Scan(&text, &json); err != nil {
			return err
		}
		result := converted{text: normal(typ, text.String)}
		switch {
		case !text.Valid:
			result.wrong = "DuckDB cannot make one of this value."
		case list[i].JSON && typ != "JSON":
			result.wrong = lost(list[i].Text, json.String)
		default:
			result.wrong = inexact(typ, list[i].Text, text.String)
		}
		v[typ][list[i]] = result
	}
	return rows.Err()
}

// normal is the text of a value that is written in more than one way.
func normal(typ, text string) string {
	if text == "-0.0" && (typ == "DOUBLE" || typ == "FLOAT") {
		return "0.0"
	}
	return text
}

var (
	wholeOrDecimal = regexp.MustCompile(`^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|UINTEGER|DECIMAL\(.*\))$`)
	plainNumber    = regexp.MustCompile(`^[+-]?\d*\.?\d*$`)
)

// inexact says what DuckDB would silently take off a value.
func inexact(typ, written, text string) string {
	if typ == "DATE" && strings.Contains(written, ":") {
		return "A date has no time of day."
	}
	if !wholeOrDecimal.MatchString(typ) || !plainNumber.MatchString(written) {
		return ""
	}
	a, ok := new(big.Rat).SetString(written)
	b, also := new(big.Rat).SetString(text)
	if ok && also && a.Cmp(b) != 0 {
		return fmt.Sprintf("It would become %s.", text)
	}
	return ""
}

// lost says what of a list or an object did not arrive in the value made of it.
func lost(written, arrived string) string {
	var a, b any
	if decode(written, &a) != nil || decode(arrived, &b) != nil {
		return ""
	}
	return lostIn(a, b)
}

func lostIn(a, b any) string {
	switch a := a.(type) {
	case map[string]any:
		object, ok := b.(map[string]any)
		if !ok {
			return ""
		}
		for _, key := range slices.Sorted(maps.Keys(a)) {
			at := slices.IndexFunc(slices.Collect(maps.Keys(object)), func(k string) bool { return strings.EqualFold(k, key) })
			if at < 0 {
				return fmt.Sprintf("It has no field %q.", key)
			}
			for k, inner := range object {
				if strings.EqualFold(k, key) {
					if why := lostIn(a[key], inner); why != "" {
						return why
					}
				}
			}
		}
	case []any:
		list, ok := b.([]any)
		if !ok || len(list) != len(a) {
			return ""
		}
		for i := range a {
			if why := lostIn(a[i], list[i]); why != "" {
				return why
			}
		}
	default:
		if a != nil && b == nil {
			return fmt.Sprintf("DuckDB cannot make anything of the %v in it.", a)
		}
	}
	return ""
}

func decode(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// jsonFor is JSON as a type takes it. Numbers become strings, which DuckDB reads
// digit by digit, whereas a number would lose some on the way through a DOUBLE.
func jsonFor(typ, text string) string {
	var v any
	if strings.Contains(typ, "JSON") || decode(text, &v) != nil {
		return text
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(quoted(v)) != nil {
		return text
	}
	return strings.TrimSpace(out.String())
}

func quoted(v any) any {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case map[string]any:
		for key, inner := range v {
			v[key] = quoted(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = quoted(inner)
		}
	}
	return v
}

// literal is a value in SQL that becomes one of the type.
func literal(typ string, v assets.Value) string {
	switch {
	case v.Null:
		return "NULL"
	case v.JSON:
		return "CAST(" + warehouse.Literal(jsonFor(typ, v.Text)) + "::JSON AS " + typ + ")"
	}
	return warehouse.Literal(v.Text)
}

// shown is a value in a message.
func shown(v assets.Value) string {
	text := v.Text
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:39]) + "…"
	}
	if v.JSON {
		return text
	}
	return fmt.Sprintf("%q", text)
}
