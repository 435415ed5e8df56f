package warehouse

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/seed-4311623e/assets/assets"
)

// SniffedCSV is what DuckDB finds out about a CSV file.
type SniffedCSV struct {
	Columns []assets.Column
	// Options are arguments of read_csv that say what was found, values as SQL.
	Options map[string]string
}

// SniffCSV runs a call of sniff_csv.
func (db *DB) SniffCSV(ctx context.Context, call string) (SniffedCSV, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return SniffedCSV{}, err
	}
	defer c.Close()
	found := SniffedCSV{Options: map[string]string{}}
	var delim, quote, escape, newLine, comment string
	var skip int64
	var header bool
	var date, timestamp sql.NullString
	err = c.each(ctx, `SELECT Delimiter, Quote, Escape, NewLineDelimiter, Comment, SkipRows, HasHeader, DateFormat, TimestampFormat, c.name, c.type
		FROM (SELECT *, unnest(Columns) AS c FROM `+call+`)`,
		func(scan func(...any) error) error {
			var column assets.Column
			err := scan(&delim, &quote, &escape, &newLine, &comment, &skip, &header, &date, &timestamp, &column.Name, &column.Type)
			found.Columns = append(found.Columns, column)
			return err
		})
	if err != nil {
		return SniffedCSV{}, err
	}
	for name, value := range map[string]string{"delim": delim, "quote": quote, "escape": escape, "new_line": newLine, "comment": comment} {
		if value == "(empty)" {
			value = ""
		}
		found.Options[name] = Literal(value)
	}
	found.Options["skip"] = strconv.FormatInt(skip, 10)
	found.Options["header"] = strconv.FormatBool(header)
	if date.String != "" {
		found.Options["dateformat"] = Literal(date.String)
	}
	if timestamp.String != "" {
		found.Options["timestampformat"] = Literal(timestamp.String)
	}
	return found, nil
}
