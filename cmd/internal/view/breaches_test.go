package view

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

func TestBreachesText(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	sales, raw := assets.MustName("mart.sales"), assets.MustName("raw.sales")
	in := planner.Input{Now: at(3, 12), Project: &assets.Project{
		Assets: map[assets.Name]*assets.Asset{sales: {Name: sales}}, Sources: map[assets.Name]*assets.Source{raw: {Name: raw}},
	}}
	list := []planner.Breach{
		{Name: raw, Policy: "max_age 24h", Due: at(1, 0).AddDate(0, 0, -1), Ended: at(1, 6), Cause: "nothing was delivered since 2026-02-27 00:00 UTC"},
		{Name: sales, Policy: "max_lag 1h", Due: at(3, 6).Add(48 * time.Minute), Source: "raw.sales"},
	}
	since := map[assets.Name]time.Time{sales: at(1, 0), raw: at(1, 0)}
	for _, c := range []struct {
		name string
		list []planner.Breach
		q    BreachQuery
		want string
	}{
		{"all", list, BreachQuery{}, `
NAME        FROM                     UNTIL                       FOR  POLICY       CAUSE
mart.sales  2026-03-03 06:48:00 UTC  going on                 5h 12m  max_lag 1h   no run has built it yet
raw.sales   2026-02-28 00:00:00 UTC  2026-03-01 06:00:00 UTC   1d 6h  max_age 24h  nothing was delivered since 2026-02-27 00:00 UTC

NAME        MONTH     FRESH  BREACHES  IN BREACH
mart.sales  2026-03  91.33%         1     5h 12m
raw.sales   2026-03  90.00%         1      6h 0m
`},
		{"going on", list, BreachQuery{Open: true}, `
NAME        FROM                     UNTIL        FOR  POLICY      CAUSE
mart.sales  2026-03-03 06:48:00 UTC  going on  5h 12m  max_lag 1h  no run has built it yet
`},
		{"of one", list, BreachQuery{Names: []assets.Name{raw}, Since: at(1, 6)}, `
No freshness policy was broken.

NAME       MONTH     FRESH  BREACHES  IN BREACH
raw.sales  2026-03  90.00%         1      6h 0m
`},
		{"none goes on", nil, BreachQuery{Open: true}, `
No freshness policy is broken.
`},
	} {
		var b strings.Builder
		BreachesText(&b, NewBreaches(in, c.list, since, c.q), c.q, Style{})
		if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Only time that was kept whole is shown as 100%.
func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{1: "100.00%", 0.999999: "99.99%", 0.5: "50.00%", 0.99312: "99.31%", 0: "0.00%"} {
		if got := percent(share); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
}
