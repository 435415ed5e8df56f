package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// forms are a secret as it is and as it looks in what this program, DuckDB and those
// they talk to write.
func forms(secret string) []string {
	texts := []string{secret,
		strings.TrimSpace(secret), strings.Join(strings.Fields(secret), " "), // as a line of a log has one of several lines
		strings.TrimRight(secret, ".,:;!? "), // at the end of a sentence, which is put together anew
	}
	var out []string
	for _, text := range texts {
		if len(text) < Shortest {
			continue // nothing is left of it that could be told from other texts
		}
		out = append(out, text, strings.ToUpper(text), strings.ToLower(text))
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			out = append(out, encoding.EncodeToString([]byte(text)))
			out = append(out, withinBase64(encoding, text)...)
		}
		out = append(out, hex.EncodeToString([]byte(text)), inBlob(text), url.QueryEscape(text), url.PathEscape(text), url.UserPassword("", text).String()[1:])
		for _, plain := range []string{"", "/", "!'()*", "!'()*;/?:@&=+$,#"} { // DuckDB, Python, and JavaScript's two ways
			out = append(out, inAddress(text, plain))
		}
		for _, quoted := range []string{
			text,
			strings.ReplaceAll(text, "'", "''"),   // in a string of SQL
			strings.ReplaceAll(text, `"`, `""`),   // in a name of SQL, and in CSV
			strings.ReplaceAll(text, "'", `'\''`), // for a shell
			strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text),               // in a DSN
			strings.NewReplacer(`\`, `\\`, `'`, `\\'`).Replace(text),              // of a postgres, in DuckDB's words
			strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text), // in a row that is shown
		} {
			out = append(out, quoted, inJSON(quoted, true), inJSON(quoted, false), inASCII(inJSON(quoted, false)), inGo(quoted), html.EscapeString(quoted), inXML(quoted))
		}
	}
	return out
}

func inJSON(text string, escapeHTML bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if enc.Encode(text) != nil {
		return text
	}
	quoted := strings.TrimSpace(b.String())
	return quoted[1 : len(quoted)-1]
}

// inASCII is the inside of a JSON string with letters beyond ASCII as others escape them.
func inASCII(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// leastBase64 is the length of the shortest part of a longer base64 that is searched for:
// a few letters stand anywhere.
const leastBase64 = 8

// withinBase64 is what all have in common that is encoded with text in it, as a password
// after a name and a colon: three bytes make four letters, so it depends on how many bytes
// are before it.
func withinBase64(encoding *base64.Encoding, text string) (found []string) {
	for before := range 3 {
		encoded := encoding.EncodeToString([]byte("xx"[:before] + text))
		encoded = encoded[(before*8+5)/6:] // the first letters hold bits of what is before
		if (before+len(text))%3 != 0 {
			encoded = encoded[:len(encoded)-1] // and the last of what is after
		}
		if len(encoded) >= leastBase64 {
			found = append(found, encoded)
		}
	}
	return found
}

// inAddress is text in an address, where all but letters, digits and a few others are
// escaped, and what plain says.
func inAddress(text, plain string) string {
	return escaped(text, "%%%02X", func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~"+plain, c) >= 0
	})
}

// inBlob is text as DuckDB shows bytes.
func inBlob(text string) string {
	return escaped(text, `\x%02X`, func(c byte) bool { return ' ' <= c && c <= '~' && c != '\\' && c != '\'' && c != '"' })
}

// escaped is text with all bytes that are not plain in a format.
func escaped(text, format string, plain func(byte) bool) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, format, c)
		}
	}
	return b.String()
}

func inGo(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

func inXML(text string) string {
	var b bytes.Buffer
	if xml.EscapeText(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}
