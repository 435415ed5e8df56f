package server

import (
	"bytes"
	"encoding/json"
)

// redactStrings takes the secrets out of the values of a JSON document that are
// strings. All else stays: a number that reads like a secret is none, and the
// document remains what it is.
func redactStrings(doc []byte, redact func(string) string) []byte {
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
			out.Write(redactString(literal, redact))
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

func redactString(literal []byte, redact func(string) string) []byte {
	var text string
	if json.Unmarshal(literal, &text) != nil {
		return literal
	}
	clean := redact(text)
	if clean == text {
		return literal
	}
	quoted, err := json.Marshal(clean)
	if err != nil {
		return []byte(`""`)
	}
	return quoted
}
