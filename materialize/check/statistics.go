package check

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// statistic is what a check measures: an expression of each row that it looks at,
// NULL of others, and an aggregate over it (%s): what a distribution check compares
// with earlier versions, or the newest time in seconds since 1970.
func statistic(c assets.Check) (row, aggregate string) {
	row = warehouse.Ident(c.Columns[0])
	switch s := string(c.Statistic); {
	case c.Kind == assets.Recency:
		row, aggregate = "CAST("+row+" AS TIMESTAMP)", "epoch(max(%s))" // a date begins at midnight UTC
	case s == "mean":
		row, aggregate = "CAST("+row+" AS DOUBLE)", "avg(%s)"
	case s == "null_rate":
		row, aggregate = "CASE WHEN "+row+" IS NULL THEN 1.0 ELSE 0.0 END", "avg(%s)"
	case s == "distinct_count":
		aggregate = "count(DISTINCT %s)"
	default:
		percent, _ := strconv.Atoi(strings.TrimPrefix(s, "q"))
		row, aggregate = "CAST("+row+" AS DOUBLE)", fmt.Sprintf("quantile_cont(%%s, %g)", float64(percent)/100)
	}
	if only := considered(c); only != "" {
		row = "CASE WHEN " + only + " THEN " + row + " END"
	}
	return row, aggregate
}

// measured is what a scan found out for a check.
type measured struct {
	violations int64
	rows       int64    // that were looked at; -1: not counted
	value      *float64 // what was measured, if the check measures
	note       string   // what to say of it, if it is violated and no rows can say it
}

// recent judges the newest value of a column of times.
func (s Scan) recent(c assets.Check, newest *float64) measured {
	m := measured{rows: -1, value: newest}
	limit := Duration(c.MaxAge)
	if newest == nil {
		m.violations, m.note = 1, fmt.Sprintf("there is no time in %s, and the newest must be at most %s old", c.Columns[0], limit)
		return m
	}
	at := time.UnixMicro(int64(math.Round(*newest * 1e6))).UTC()
	if age := s.Now.Sub(at); age > c.MaxAge {
		m.violations = 1
		m.note = fmt.Sprintf("the newest %s is %s, %s ago, and must be at most %s old", c.Columns[0], at.Format("2006-01-02 15:04:05 UTC"), Duration(age), limit)
	}
	return m
}

// counts judges a number of rows.
func (s Scan) counts(c assets.Check, rows int64) measured {
	value := float64(rows)
	m := measured{violations: outside(c, rows), rows: rows, value: &value}
	if m.violations > 0 || c.Change == nil || s.Previous == nil {
		return m
	}
	before := *s.Previous
	if history := s.History[c.ID()]; c.Where.Text != "" && len(history) > 0 {
		before = int64(history[len(history)-1])
	} else if c.Where.Text != "" {
		return m // nothing is known of the rows that were looked at
	}
	change := math.Inf(1)
	switch {
	case before > 0:
		change = float64(rows-before) / float64(before)
	case rows == 0:
		change = 0
	}
	low, high := c.Change.Min, c.Change.Max
	if low != nil && change < *low || high != nil && change > *high {
		m.violations = max(1, abs(rows-before))
		m.note = fmt.Sprintf("%s, %s the version before (%s), and the change must be %s", counted(rows, "row"), than(change), humanize.Comma(before), band(c.Change))
	}
	return m
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// than says a change in words.
func than(change float64) string {
	switch {
	case math.IsInf(change, 1):
		return "more than in"
	case change < 0:
		return percent(-change) + " less than in"
	case change > 0:
		return percent(change) + " more than in"
	}
	return "as many as in"
}

func band(b *assets.Band) string {
	switch {
	case b.Max == nil:
		return "at least " + percent(*b.Min)
	case b.Min == nil:
		return "at most " + percent(*b.Max)
	}
	return "between " + percent(*b.Min) + " and " + percent(*b.Max)
}

func percent(share float64) string { return number(share*100) + "%" }

// number writes a measured value with as many digits as a person reads.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// compare judges a statistic by those of earlier versions. Of fewer than it looks
// back at it says nothing.
func (s Scan) compare(c assets.Check, value *float64) measured {
	m := measured{rows: -1, value: value}
	history := s.History[c.ID()]
	if len(history) < c.Deviation.Last {
		return m
	}
	history = history[len(history)-c.Deviation.Last:]
	mean, deviation := moments(history)
	what := fmt.Sprintf("the %s of %s", words(c.Statistic), c.Columns[0])
	if value == nil {
		m.violations, m.note = 1, fmt.Sprintf("%s cannot be computed: there is no value that is a number; in the last %d versions it was %s on average", what, len(history), number(mean))
		return m
	}
	off := math.Abs(*value - mean)
	switch e := c.Deviation; {
	case e.ZScore > 0 && off > e.ZScore*deviation:
		m.violations = 1
		m.note = fmt.Sprintf("%s is %s, and was %s ± %s in the last %d versions: more than %s standard deviations off", what, number(*value), number(mean), number(deviation), len(history), number(e.ZScore))
	case e.ZScore == 0 && off > e.Band*math.Abs(mean):
		m.violations = 1
		m.note = fmt.Sprintf("%s is %s, and was %s on average in the last %d versions: more than %s off", what, number(*value), number(mean), len(history), percent(e.Band))
	}
	return m
}

func words(s assets.Statistic) string {
	if quantile, ok := strings.CutPrefix(string(s), "q"); ok {
		return quantile + "% quantile"
	}
	return strings.ReplaceAll(string(s), "_", " ")
}

// moments are the mean and the standard deviation of a sample.
func moments(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	return mean, math.Sqrt(deviation)
}

// Duration writes a span of time as people say it: 26h, 3d 4h, 90s.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	days := d / (24 * time.Hour)
	if days < 3 {
		text := d.String()
		if short, ok := strings.CutSuffix(text, "m0s"); ok {
			text = short + "m"
		}
		if short, ok := strings.CutSuffix(text, "h0m"); ok {
			text = short + "h"
		}
		return text
	}
	text := fmt.Sprintf("%dd", days)
	if hours := (d % (24 * time.Hour)) / time.Hour; hours > 0 {
		text += fmt.Sprintf(" %dh", hours)
	}
	return text
}
