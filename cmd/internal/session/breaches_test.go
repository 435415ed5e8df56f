package session

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func TestBreachQuery(t *testing.T) {
	sales := assets.MustName("mart.sales")
	p := &assets.Project{Timezone: "Europe/Paris", Assets: map[assets.Name]*assets.Asset{sales: {Name: sales}}}
	for _, c := range []struct {
		query string
		want  view.BreachQuery
		err   string
	}{
		{"", view.BreachQuery{}, ""},
		{"open=true&name=mart.sales", view.BreachQuery{Open: true, Names: []assets.Name{sales}}, ""},
		{"since=2026-01", view.BreachQuery{Since: time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)}, ""},
		{"since=2026-07-14", view.BreachQuery{Since: time.Date(2026, 7, 13, 22, 0, 0, 0, time.UTC)}, ""},
		{"since=2026-07-14T08:00:00Z", view.BreachQuery{Since: time.Date(2026, 7, 14, 8, 0, 0, 0, time.UTC)}, ""},
		{"since=soon", view.BreachQuery{}, `since takes a month, a day or a time, as in 2026-01, 2026-01-15 or 2026-01-15T08:00:00Z, not "soon"`},
		{"open=maybe", view.BreachQuery{}, `open takes true or false, not "maybe"`},
		{"name=mart.sale", view.BreachQuery{}, "the project has no asset or source called mart.sale"},
	} {
		values, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := BreachQuery(values, p)
		switch {
		case c.err != "" && (err == nil || err.Error() != c.err):
			t.Errorf("%s: %v, want %s", c.query, err, c.err)
		case c.err == "" && err != nil:
			t.Errorf("%s: %v", c.query, err)
		case c.err == "":
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.query, diff)
			}
		}
	}
}
