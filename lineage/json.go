package lineage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/valyala/fastjson"
)

// parsers are reused: their memory is what a tree takes.
var parsers fastjson.ParserPool

// parseJSON reads one of DuckDB's answers. A long chain of operators is a deep
// tree, deeper than the fast parser goes; for those there is a slower way.
func parseJSON(p *fastjson.Parser, text []byte) (*fastjson.Value, error) {
	root, err := p.ParseBytes(text)
	if err == nil || !strings.Contains(err.Error(), "depth") {
		return root, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // positions need all their 64 bits
	return build(decoder, &fastjson.Arena{})
}

// build reads the next value.
func build(decoder *json.Decoder, arena *fastjson.Arena) (*fastjson.Value, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case string:
		return arena.NewString(token), nil
	case json.Number:
		return arena.NewNumberString(token.String()), nil
	case bool:
		if token {
			return arena.NewTrue(), nil
		}
		return arena.NewFalse(), nil
	case json.Delim:
		if token == '[' {
			return buildArray(decoder, arena)
		}
		return buildObject(decoder, arena)
	}
	return arena.NewNull(), nil
}

func buildArray(decoder *json.Decoder, arena *fastjson.Arena) (*fastjson.Value, error) {
	array := arena.NewArray()
	for i := 0; decoder.More(); i++ {
		item, err := build(decoder, arena)
		if err != nil {
			return nil, err
		}
		array.SetArrayItem(i, item)
	}
	_, err := decoder.Token()
	return array, err
}

func buildObject(decoder *json.Decoder, arena *fastjson.Arena) (*fastjson.Value, error) {
	object := arena.NewObject()
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := build(decoder, arena)
		if err != nil {
			return nil, err
		}
		object.Set(fmt.Sprint(key), value)
	}
	_, err := decoder.Token()
	return object, err
}
