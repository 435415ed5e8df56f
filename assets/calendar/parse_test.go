package calendar

import (
	"strings"
	"testing"
	"time"
)

func TestParseErrors(t *testing.T) {
	for expr, wrong := range map[string]string{
		"":            "it has 0 fields instead of 5",
		"5":           "it has 1 field instead of 5",
		"* * * *":     "it has 4 fields instead of 5",
		"* * * * * *": "it has 6 fields instead of 5: there are none for seconds and years",

		"60 * * * *":  `"60" is no minute (0 to 59)`,
		"* 24 * * *":  `"24" is no hour (0 to 23)`,
		"* * 0 * *":   `"0" is no day of month (1 to 31)`,
		"* * * 13 *":  `"13" is no month (1 to 12 or JAN to DEC)`,
		"* * * * 8":   `"8" is no day of week (0 to 7 or SUN to SAT)`,
		"a * * * *":   `"a" is no minute`,
		"-1 * * * *":  `"" is no minute`,
		"+1 * * * *":  `"+1" is no minute`,
		"1, * * * *":  `"" is no minute`,
		"1-2-3 * * *": "4 fields",
		"? * * * *":   `"?" is no minute`,
		"* * * ? *":   `"?" is no month`,
		"* * L * *":   `"L" is no day of month`,
		"* * * * 5#3": `"5#3" is no day of week`,
		"* * * FOO *": `"FOO" is no month`,

		"*/0 * * * *":    `"/0" is no step for the minute (1 to 59)`,
		"*/ * * * *":     `"/" is no step for the minute`,
		"*/-5 * * * *":   `"/-5" is no step`,
		"*/90 * * * *":   `"/90" is no step`,
		"* */24 * * *":   `"/24" is no step for the hour (1 to 23)`,
		"1/2/3 * * * *":  `"/2/3" is no step`,
		"5-1 * * * *":    `"5-1" runs backwards in the minute`,
		"* 22-6 * * *":   `"22-6" runs backwards in the hour`,
		"0 0 * * FRI-MO": `"MO" is no day of week`,

		"0 0 30 2 *":     "it never ticks: none of these months has such a day",
		"0 0 31 4,6 *":   "never ticks",
		"0 0 31 2 ?":     "never ticks",
		"0 0 30 2 */2":   "never ticks",
		"0 0 31 4,6,9 *": "never ticks",

		"@reboot":          "@reboot is not a preset",
		"@daily 5":         "@daily 5 is not a preset",
		"@every":           `the interval is missing: write "@every 6h"`,
		"@every 6":         `"6" is no duration: write a number with its unit`,
		"@every -6h":       `"-6h" is no duration`,
		"@every 30s":       "an interval is at least a minute, and 30s is less",
		"@every 0d":        "an interval is at least a minute",
		"@every 90s":       "an interval is of whole minutes, and 90s is not",
		"@every 1h 30m":    `"1h 30m" is no duration`,
		"@every 99999999h": `is no duration`,
	} {
		_, err := Parse(expr)
		if err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: got %v, want %q", expr, err, wrong)
		}
	}
}

func TestParseAccepts(t *testing.T) {
	for _, expr := range []string{
		"* * * * *", "*/5 * * * *", "5 4 * * 7", "0 4 8-14 * *", "10-20/3 * * * *", "0 0 1 */3 *", "0 0 * * 6,0", "0 12 * JAN-MAR MON-FRI",
		"0 9 * feb,apr tue,thu", "0 0 * * FRI-SUN", "5/15 * * * *", "0 0 ? * MON", "0 0 29 2 *", "0 0 31 4,5 *", "0 0 30 2 MON", "0 0 */31 2 MON", "  0\t8 * * *  ",
		"@daily", "@Hourly", "@midnight", "@weekly", "@monthly", "@yearly", "@annually", "@every 1m", "@EVERY 1d12h", "@every 1.5h",
	} {
		now := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
		if s := mustParse(t, expr); s.First(now, time.UTC).Before(now) {
			t.Errorf("%q does not tick", expr)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "0d": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour, "1.5d": 36 * time.Hour,
		"": -1, "d": -1, "1": -1, "-1h": -1, "1d-1h": -1, "-1d": -1, "1x": -1, "1e9d": -1, "NaNd": -1, "Infd": -1, "1 h": -1,
	} {
		got, err := ParseDuration(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// FuzzParse: whatever is accepted ticks, and nothing makes it panic.
func FuzzParse(f *testing.F) {
	for _, expr := range []string{"0 0 29 2 */7", "@every 6h", "* * * * *", "5/2,1-3 ? ? jan sun-7"} {
		f.Add(expr)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		s, err := Parse(expr)
		if err != nil {
			return
		}
		now := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
		if tick := s.First(now, time.UTC); tick.Before(now) || s.Latest(tick, now, time.UTC) != tick {
			t.Errorf("%q does not tick: %s", expr, tick)
		}
	})
}
