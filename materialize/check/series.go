package check

import (
	"fmt"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// notIncreasing is the condition that a row has a lesser value than the one before
// it in its series, NULLs aside; if it has to be strict, one that is not greater.
func notIncreasing(c assets.Check) string {
	value := warehouse.Ident(c.Columns[0])
	operator := " < "
	if c.Strict {
		operator = " <= "
	}
	within := c.Within
	partition := idents(within)
	if only := considered(c); only != "" {
		// Rows that are not looked at are a series of their own, of which nothing is asked.
		partition = strings.TrimPrefix(partition+", "+only, ", ")
	}
	if partition != "" {
		partition = "PARTITION BY " + partition + " "
	}
	return "(" + value + operator + "lag(" + value + " IGNORE NULLS) OVER (" + partition + "ORDER BY " + idents(c.OrderBy) + ")) IS TRUE"
}

// gaps is a query for the values that are missing between the least and the
// greatest of each series.
func (r *runner) gaps(c assets.Check) string {
	column := warehouse.Ident(c.Columns[0])
	typ := "BIGINT"
	for _, col := range r.Columns {
		if strings.EqualFold(col.Name, c.Columns[0]) {
			typ = col.Type
		}
	}
	step := c.Step
	timed := typ == "DATE" || strings.HasPrefix(typ, "TIMESTAMP")
	switch {
	case timed && step == "":
		step = "INTERVAL 1 DAY"
	case timed:
		step = "INTERVAL " + step
	case step == "":
		step = "1"
	}
	only := column + " IS NOT NULL"
	if condition := considered(c); condition != "" {
		only += " AND " + condition
	}
	within := idents(c.Within)
	comma, group := "", ""
	if within != "" {
		comma, group = ", ", " GROUP BY "+within
	}
	from, to := "min("+column+")", "max("+column+")"
	if !timed {
		from, to = from+"::BIGINT", to+"::BIGINT"
	}
	return fmt.Sprintf("SELECT %[1]s%[2]sCAST(_v AS %[3]s) AS %[4]s FROM (SELECT %[1]s%[2]sunnest(generate_series(%[5]s, %[6]s, %[7]s)) AS _v FROM %[8]s WHERE %[9]s%[10]s)"+
		" EXCEPT SELECT %[1]s%[2]s%[4]s FROM %[8]s WHERE %[9]s",
		within, comma, typ, column, from, to, step, r.Relation, only, group)
}
