package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Help says how expressions are written, for whoever wrote one that is none.
const Help = `Five fields: minute, hour, day of month, month, day of week, as in "0 8 * * MON-FRI"; or @hourly, @daily, @weekly, @monthly, @yearly; or an interval, as in "@every 6h".`

var presets = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// Parse reads a cron expression of five fields, a preset such as @daily, or an
// interval, "@every 6h". Intervals tick at whole multiples since 1970-01-01T00:00Z, in
// every zone: they need not remember when they began. The error says what is wrong
// with the expression, as a clause of a sentence; that it never ticks is wrong, too.
func Parse(expr string) (Schedule, error) {
	texts := strings.Fields(expr)
	if IsInterval(expr) {
		return parseEvery(texts[1:])
	}
	if len(texts) > 0 && texts[0][0] == '@' {
		preset, ok := presets[strings.ToLower(strings.Join(texts, " "))]
		if !ok {
			return Schedule{}, fmt.Errorf("%s is not a preset", strings.Join(texts, " "))
		}
		texts = strings.Fields(preset)
	}
	if len(texts) != len(fields) {
		return Schedule{}, wrongCount(len(texts))
	}
	var sets [len(fields)]uint64
	for i, text := range texts {
		var err error
		if sets[i], err = fields[i].parse(text); err != nil {
			return Schedule{}, err
		}
	}
	s := Schedule{
		minutes: sets[0], hours: uint32(sets[1]), days: uint32(sets[2]), months: uint16(sets[3]),
		weekdays:  uint8(sets[4]&0x7f | sets[4]>>7), // 7 is Sunday, as 0 is
		eitherDay: !open(texts[2]) && !open(texts[4]),
		elapsed:   open(texts[0]) || open(texts[1]),
	}
	if !s.ticks() {
		return Schedule{}, errors.New("it never ticks: none of these months has such a day")
	}
	return s, nil
}

// IsInterval says that an expression is, or was meant to be, one of "@every": no zone
// changes when it ticks.
func IsInterval(expr string) bool {
	texts := strings.Fields(expr)
	return len(texts) > 0 && strings.EqualFold(texts[0], "@every")
}

// open says that a field begins with "*" or "?".
func open(text string) bool { return text[0] == '*' || text[0] == '?' }

// ticks says whether there is a day that matches, in whatever year. Where weekdays
// restrict days of the month, one of the two fields begins with "*": it has the first
// day of each month, or Sunday, and each date falls on each weekday in some year.
func (s Schedule) ticks() bool {
	if s.eitherDay {
		return true
	}
	for month := 1; month <= 12; month++ {
		if s.months>>month&1 == 1 && s.days&(2<<lengths[month]-2) != 0 {
			return true
		}
	}
	return false
}

func wrongCount(n int) error {
	count := fmt.Sprintf("it has %d fields instead of 5", n)
	switch n {
	case 1:
		count = "it has 1 field instead of 5"
	case 6, 7:
		count += ": there are none for seconds and years"
	}
	return errors.New(count)
}

// parseEvery reads what follows "@every".
func parseEvery(texts []string) (Schedule, error) {
	text := strings.Join(texts, " ")
	d, err := ParseDuration(text)
	switch {
	case text == "":
		return Schedule{}, errors.New(`the interval is missing: write "@every 6h"`)
	case err != nil:
		return Schedule{}, fmt.Errorf(`%w: write a number with its unit, as in "@every 15m", "@every 6h" or "@every 1d"`, err)
	case d < time.Minute:
		return Schedule{}, fmt.Errorf("an interval is at least a minute, and %s is less", text)
	case d%time.Minute != 0:
		return Schedule{}, fmt.Errorf("an interval is of whole minutes, and %s is not", text)
	}
	return Schedule{every: int64(d / time.Minute)}, nil
}

// A field is one of the five of a cron expression.
type field struct {
	name     string
	min, max int
	words    []string // names of the values from min on
}

var fields = [...]field{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{"day of week", 0, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

// parse returns the set of values of a field.
func (f field) parse(text string) (set uint64, err error) {
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = number(stepText); err != nil || step < 1 || step > f.max {
				return 0, fmt.Errorf("%q is no step for the %s (1 to %d)", "/"+stepText, f.name, f.max)
			}
		}
		from, to, err := f.span(span, stepped)
		if err != nil {
			return 0, err
		}
		for v := from; v <= to; v += step {
			set |= 1 << v
		}
	}
	return set, nil
}

// span reads "*", a value, which with a step goes on to the end, or a range.
func (f field) span(text string, stepped bool) (from, to int, err error) {
	if text == "*" || text == "?" && strings.HasPrefix(f.name, "day") {
		return f.min, f.max, nil
	}
	low, high, isRange := strings.Cut(text, "-")
	if from, err = f.value(low); err != nil {
		return 0, 0, err
	}
	switch {
	case !isRange && stepped:
		return from, f.max, nil
	case !isRange:
		return from, from, nil
	}
	if to, err = f.value(high); err != nil {
		return 0, 0, err
	}
	if to < from && to == 0 && f.max == 7 {
		to = 7 // FRI-SUN: a week may end with Sunday as well as begin with it
	}
	if to < from {
		return 0, 0, fmt.Errorf("%q runs backwards in the %s", text, f.name)
	}
	return from, to, nil
}

func (f field) value(text string) (int, error) {
	for i, word := range f.words {
		if strings.EqualFold(text, word) {
			return f.min + i, nil
		}
	}
	n, err := number(text)
	if err != nil || n < f.min || n > f.max {
		known := fmt.Sprintf("%d to %d", f.min, f.max)
		if f.words != nil {
			known += fmt.Sprintf(" or %s to %s", f.words[0], f.words[len(f.words)-1])
		}
		return 0, fmt.Errorf("%q is no %s (%s)", text, f.name, known)
	}
	return n, nil
}

// number reads digits, and no sign.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}
