package view

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Rows is the result of a query, row by row. Values are what encoding/json can
// write; nil is NULL.
type Rows interface {
	Columns() []string
	Next() bool
	Values() ([]any, error)
	Err() error
}

// RowFormats are the formats WriteRows knows.
var RowFormats = []string{"table", "csv", "json"}

// WriteRows writes the result of a query in one of RowFormats. With cut, long
// values in a table are cut, so that rows stay readable on a terminal.
func WriteRows(w io.Writer, rows Rows, format string, style Style, cut bool) error {
	switch format {
	case "csv":
		return rowsCSV(w, rows)
	case "json":
		return rowsJSON(w, rows)
	}
	return rowsTable(w, rows, style, cut)
}

func rowsCSV(w io.Writer, rows Rows) error {
	out := csv.NewWriter(w)
	if err := out.Write(rows.Columns()); err != nil {
		return err
	}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		record := make([]string, len(values))
		for i, v := range values {
			record[i] = text(v, "")
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	if err := rows.Err(); err != nil {
		return err
	}
	return out.Error()
}

// rowsJSON writes an array of objects whose keys keep the order of the columns.
func rowsJSON(w io.Writer, rows Rows) error {
	var keys []string
	for _, column := range rows.Columns() {
		keys = append(keys, marshal(column))
	}
	separator := "[\n"
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		fields := make([]string, len(values))
		for i, v := range values {
			fields[i] = keys[i] + ": " + marshal(v)
		}
		if _, err := fmt.Fprintf(w, "%s  {%s}", separator, strings.Join(fields, ", ")); err != nil {
			return err
		}
		separator = ",\n"
	}
	if err := rows.Err(); err != nil {
		return err
	}
	closing := "\n]\n"
	if separator == "[\n" {
		closing = "[]\n"
	}
	_, err := io.WriteString(w, closing)
	return err
}

func marshal(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return marshal(fmt.Sprint(v)) // NaN and infinity are no JSON numbers
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// widest is the width that values in a table are cut to.
const widest = 60

func rowsTable(w io.Writer, rows Rows, style Style, cut bool) error {
	t := table{style: style, right: map[int]bool{}}
	t.add(rows.Columns()...)
	for i := range rows.Columns() {
		t.right[i] = true
	}
	n := 0
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = oneLine(text(v, "NULL"))
			if cut {
				cells[i] = clip(cells[i], widest+1)
			}
			if _, number := v.(json.Number); !number && v != nil {
				t.right[i] = false
			}
		}
		t.add(cells...)
		n++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	t.write(w)
	_, err := fmt.Fprintf(w, "%s\n", style.Dim("("+Count(n, "row")+")"))
	return err
}

// oneLine shows what would break a line of text.
func oneLine(text string) string {
	return strings.NewReplacer("\n", "\\n", "\t", "\\t", "\r", "\\r").Replace(text)
}

// text is a value in a line of text.
func text(v any, null string) string {
	switch v := v.(type) {
	case nil:
		return null
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return marshal(v)
}
