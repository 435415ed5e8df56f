package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

// readFreshness reads a freshness block of an asset or of the project's defaults.
func (l *loader) readFreshness(s *scope, b *hclsyntax.Block, of string) (assets.Freshness, bool) {
	l.noLabels(b)
	what := "the freshness block of " + of
	l.fits(b.Body, freshnessSchema, what)
	a := l.args(s, b.Body, what)
	f := assets.Freshness{Decl: b.DefRange(), Timezone: a.timezone("timezone")}
	var ok bool
	f.MaxLag, ok = a.duration("max_lag")
	if !a.has("max_lag") {
		l.report(problem(b.DefRange(), "Missing argument \"max_lag\"", fmt.Sprintf("In %s, say how old the data may be at most: max_lag = \"24h\".", what)))
	}
	if f.At = a.filled("at"); f.At != "" {
		if err := checkCron(f.At); err != nil {
			a.wrong("at", fmt.Sprintf("Invalid cron expression %q", f.At), sentence(err.Error())+` Five fields: minute, hour, day of month, month, day of week, as in "0 8 * * MON-FRI"; or @hourly, @daily, @weekly, @monthly, @yearly.`)
			ok = false
		}
	}
	if f.Timezone != "" && !a.has("at") {
		a.wrong("timezone", "\"timezone\" without \"at\"", "A zone says when the ticks of a cron expression are. Without `at`, max_lag holds at every moment.")
	}
	for i, text := range a.texts("sources") {
		n, err := assets.ParseName(text)
		if err != nil {
			l.report(problem(a.item("sources", i), "Invalid name", sentence(err.Error())))
			continue
		}
		f.Sources = append(f.Sources, n)
		l.refer(reference{name: n, at: a.item("sources", i), sourceOnly: true})
	}
	return f, ok
}

// parseDuration reads Go's durations and days, "1d12h".
func parseDuration(s string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is no duration", s)
	var days time.Duration
	rest := s
	if n, after, ok := strings.Cut(s, "d"); ok {
		f, err := strconv.ParseFloat(n, 64)
		if err != nil || !(f >= 0 && f <= 100*366) { // so that NaN is wrong, too
			return 0, wrong
		}
		if days = time.Duration(f * 24 * float64(time.Hour)); after == "" {
			return days, nil
		}
		rest = after
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || days+d < 0 {
		return 0, wrong
	}
	return days + d, nil
}

// A cronField is one of the five of a cron expression.
type cronField struct {
	name     string
	min, max int
	words    []string // names of the values from min on
}

var cronFields = []cronField{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{"day of week", 0, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

// checkCron says what is wrong with a cron expression: its syntax, or that it never ticks.
func checkCron(expr string) error {
	if strings.HasPrefix(expr, "@") {
		switch strings.ToLower(expr) {
		case "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually":
			return nil
		}
		return fmt.Errorf("%s is not a preset", expr)
	}
	texts := strings.Fields(expr)
	if len(texts) != len(cronFields) {
		fields := "fields"
		if len(texts) == 1 {
			fields = "field"
		}
		return fmt.Errorf("it has %d %s instead of 5", len(texts), fields)
	}
	var sets [5]uint64
	for i, text := range texts {
		var err error
		if sets[i], err = cronFields[i].parse(text); err != nil {
			return err
		}
	}
	if texts[4] != "*" && texts[4] != "?" { // the day of week ticks some day, whatever the month
		return nil
	}
	lengths := [...]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	for month := 1; month <= 12; month++ {
		for day := 1; day <= lengths[month]; day++ {
			if sets[3]&(1<<month) != 0 && sets[2]&(1<<day) != 0 {
				return nil
			}
		}
	}
	return errors.New("it never ticks: none of these months has such a day")
}

// parse returns the set of values of a field, one bit each.
func (f cronField) parse(text string) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.max {
				return 0, fmt.Errorf("%q is no step for the %s", "/"+stepText, f.name)
			}
		}
		from, to := f.min, f.max
		if span != "*" && (span != "?" || f.name != "day of month" && f.name != "day of week") {
			low, high, isRange := strings.Cut(span, "-")
			if from, err = f.value(low); err != nil {
				return 0, err
			}
			if !isRange {
				if high = low; stepped {
					high = strconv.Itoa(f.max)
				}
			}
			if to, err = f.value(high); err != nil {
				return 0, err
			}
			if isRange && to == 0 && f.max == 7 {
				to = 7 // FRI-SUN: a week may end with Sunday as well as begin with it
			}
			if to < from {
				return 0, fmt.Errorf("%q runs backwards in the %s", span, f.name)
			}
		}
		for v := from; v <= to; v += step {
			set |= 1 << v
		}
	}
	return set, nil
}

func (f cronField) value(text string) (int, error) {
	for i, word := range f.words {
		if strings.EqualFold(text, word) {
			return f.min + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.min || n > f.max {
		return 0, fmt.Errorf("%q is no %s (%d to %d)", text, f.name, f.min, f.max)
	}
	return n, nil
}
