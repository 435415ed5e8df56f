package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/url"
	"strconv"
	"strings"
)

// forms are a secret as it is and as it looks in what this program, DuckDB and those
// they talk to write.
func forms(secret string) []string {
	// Without the space around it, and as a line of a log has one of several lines.
	texts := []string{secret, strings.TrimSpace(secret), strings.Join(strings.Fields(secret), " ")}
	var out []string
	for _, text := range texts {
		out = append(out, text, strings.ToUpper(text), strings.ToLower(text))
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			out = append(out, encoding.EncodeToString([]byte(text)))
		}
		out = append(out, hex.EncodeToString([]byte(text)), url.QueryEscape(text), url.PathEscape(text), url.UserPassword("", text).String()[1:])
		for _, quoted := range []string{
			text,
			strings.ReplaceAll(text, "'", "''"),   // in a string of SQL
			strings.ReplaceAll(text, `"`, `""`),   // in a name of SQL, and in CSV
			strings.ReplaceAll(text, "'", `'\''`), // for a shell
			strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text),               // in a DSN
			strings.NewReplacer(`\`, `\\`, `'`, `\\'`).Replace(text),              // of a postgres, in DuckDB's words
			strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text), // in a row that is shown
		} {
			out = append(out, quoted, inJSON(quoted, true), inJSON(quoted, false), inGo(quoted), html.EscapeString(quoted), inXML(quoted))
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
