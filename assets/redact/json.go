package redact

import (
	"bytes"
	"encoding/json"
)

// JSON takes the secrets out of the values of a JSON document that are strings, with
// the function given. All else stays: a number that reads like a secret is none, and the
// document remains what it is.
func JSON(doc []byte, clean func(string) string) []byte {
	var out bytes.Buffer
	out.Grow(len(doc))
	for {
		open := bytes.IndexByte(doc, '"')
		if open < 0 {
			out.Write(doc)
			return out.Bytes()
		}
		end := open + 1 + closing(doc[open+1:])
		literal, rest := doc[open:end], doc[end:]
		out.Write(doc[:open])
		if len(rest) > 0 && rest[0] == ':' { // a field's name, or that of an asset
			out.Write(literal)
		} else {
			out.Write(cleanString(literal, clean))
		}
		doc = rest
	}
}

// closing is the length of text up to and with the quote that ends a string.
func closing(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func cleanString(literal []byte, clean func(string) string) []byte {
	var text string
	if json.Unmarshal(literal, &text) != nil {
		return literal
	}
	cleaned := clean(text)
	if cleaned == text {
		return literal
	}
	quoted, err := json.Marshal(cleaned)
	if err != nil {
		return []byte(`""`)
	}
	return quoted
}
