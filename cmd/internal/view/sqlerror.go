package view

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// engineError is what DuckDB says of a statement that failed while it ran: the
// place where the asset's SQL begins, the message, and an excerpt of the
// statement that was sent, which is not quite the one that was written.
var engineError = regexp.MustCompile(`(?s)^(?:[^\n]*?:\d+: )?(.*?)\n+LINE (\d+): ([^\n]*)\n( *)\^`)

// explainError takes DuckDB's excerpt out of a message, and finds the place in
// the asset's own text that it points to; nil if that is not certain.
func explainError(asset *assets.Asset, message string) (string, *hcl.Range) {
	m := engineError.FindStringSubmatch(message)
	if m == nil {
		return message, nil
	}
	number, _ := strconv.Atoi(m[2])
	excerpt := []rune(m[3])
	column := len(m[4]) - len("LINE "+m[2]+": ")
	lines := strings.Split(asset.SQL.Text, "\n")
	if number < 1 || number > len(lines) || column < 0 || column >= len(excerpt) {
		return m[1], nil
	}
	before := 0
	for _, line := range lines[:number-1] {
		before += len(line) + 1
	}
	line, rest := lines[number-1], string(excerpt[column:])
	at := len(line) - len(rest)
	if !strings.HasSuffix(line, rest) { // long lines are cut
		rest = strings.TrimSuffix(rest, "...")
		if at = strings.Index(line, rest); strings.Count(line, rest) != 1 {
			return m[1], nil
		}
	}
	return m[1], lineage.Place(asset.SQL, before+at, asset.SQLRange).Ptr()
}
