package config

import (
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "0d": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour, "1.5d": 36 * time.Hour,
		"": -1, "d": -1, "1": -1, "-1h": -1, "1d-1h": -1, "-1d": -1, "1x": -1, "1e9d": -1, "NaNd": -1, "Infd": -1, "1 h": -1,
	} {
		got, err := parseDuration(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestCheckCron(t *testing.T) {
	for expr, wrong := range map[string]string{
		"* * * * *": "", "*/5 * * * *": "", "5 4 * * 7": "", "0 4 8-14 * *": "", "10-20/3 * * * *": "", "0 0 1 */3 *": "", "0 0 * * 6,0": "",
		"0 12 * JAN-MAR MON-FRI": "", "0 9 * feb,apr tue,thu": "", "0 0 * * FRI-SUN": "", "5/15 * * * *": "", "@daily": "", "@Hourly": "",
		"0 0 29 2 *": "", "0 0 31 4,5 *": "", "0 0 30 2 MON": "", "0 0 ? * MON": "",
		"0 0 30 2 *": "never ticks", "0 0 31 4,6 *": "never ticks", "0 0 31 2 ?": "never ticks",
		"": "0 fields", "* * * *": "4 fields", "* * * * * *": "6 fields", "60 * * * *": `"60" is no minute (0 to 59)`, "* 24 * * *": "no hour",
		"* * 0 * *": "no day of month", "* * * 13 *": "no month", "* * * * 8": "no day of week", "*/0 * * * *": "no step", "*/61 * * * *": "no step", "a * * * *": "no minute",
		"5-1 * * * *": "backwards", "1, * * * *": "no minute", "* * * FOO *": "no month", "? * * * *": "no minute", "@reboot": "not a preset", "-1 * * * *": "no minute",
	} {
		err := checkCron(expr)
		switch {
		case wrong == "" && err != nil:
			t.Errorf("%q: %v", expr, err)
		case wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)):
			t.Errorf("%q: got %v, want %q", expr, err, wrong)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"descripton", "description"}, {"cvs", "csv"}, {"OWNER", "owner"}, {"frehsness", "freshness"}, {"nonsense", ""}, {"x", ""}, {"", ""},
	} {
		if got := nearest(c.name, []string{"description", "csv", "owner", "freshness", "sql"}); got != c.want {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
}
