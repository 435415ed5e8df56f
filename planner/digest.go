package planner

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// ColumnKey names a set of columns, in any order: the key of
// [Materialization.Digests]. Two sets have one key only if they are equal; the
// empty set, of an input whose rows are only counted, has the key "".
func ColumnKey(columns []string) string {
	switch len(columns) {
	case 0:
		return ""
	case 1:
		return columnKeyPart(columns[0])
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(columns)))
	for i, c := range sorted {
		sorted[i] = columnKeyPart(c)
	}
	return strings.Join(sorted, ",")
}

func columnKeyPart(column string) string {
	if column == "" || strings.ContainsAny(column, `,"`) {
		return `"` + strings.ReplaceAll(column, `"`, `""`) + `"`
	}
	return column
}

// settingsScheme names what SettingsDigest is made of. In set1 it was declared
// column types, too, and a contract was not recorded.
const settingsScheme = "set2"

// SettingsDigest is the digest of what decides an asset's content besides its
// SQL: its materializer. The asset's name is no part of it, nor are description,
// owner, tags, contract, checks and policies.
func SettingsDigest(a *assets.Asset) assets.Digest {
	return assets.NewDigest(settingsScheme, string(a.Kind))
}

// knowsContract reports whether d says what was promised, if it was nothing.
func (d Definition) knowsContract() bool { return d.Settings.Scheme() == settingsScheme }

// AuditDigest is the digest of all that decides what an audit of an asset records,
// for [Materialization.Audit]: its checks, and whose values they may show. It is
// empty if there are no checks.
func AuditDigest(a *assets.Asset) assets.Digest {
	checks, hidden := ChecksDigest(a.Checks), a.SensitiveColumns()
	if checks == "" || len(hidden) == 0 {
		return checks
	}
	return assets.NewDigest("checks1", append([]string{string(checks)}, hidden...)...)
}

// ChecksDigest is the digest of what an asset's checks assert: it changes when an audit could have another outcome
// or another message. Descriptions and places in files are no part of it. It is
// empty if there are no checks.
func ChecksDigest(checks []assets.Check) assets.Digest {
	if len(checks) == 0 {
		return ""
	}
	parts := make([]string, 0, len(checks))
	text := make([]byte, 0, 256)
	for _, c := range checks {
		text = pack(text[:0], string(c.Kind), c.Label, string(c.Severity), c.To.String(), boundKey(c.Min), boundKey(c.Max), c.SQL.Text)
		for _, list := range [][]string{c.Columns, c.Values, c.ToColumns} {
			text = pack(append(text, '|'), list...) // no field begins with |
		}
		text = append(text, c.Key()...)
		parts = append(parts, string(text))
	}
	slices.Sort(parts)
	return assets.NewDigest("checks1", parts...)
}

// pack appends fields, each with its length, so that no two lists of fields
// become the same text.
func pack(text []byte, fields ...string) []byte {
	for _, f := range fields {
		text = append(strconv.AppendInt(text, int64(len(f)), 10), ':')
		text = append(text, f...)
	}
	return text
}

func boundKey(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}
