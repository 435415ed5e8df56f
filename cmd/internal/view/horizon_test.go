package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// horizonAt is a moment on 1 or 2 March 2026, when London has UTC.
func horizonAt(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse("2006-01-02 15:04", "2026-03-"+text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// horizonInput is a project in which mart.sales and staging.sales are made from
// raw.sales, and mart.sales has a policy.
func horizonInput(t *testing.T) planner.Input {
	raw, staging, mart := assets.MustName("raw.sales"), assets.MustName("staging.sales"), assets.MustName("mart.sales")
	return planner.Input{Now: horizonAt(t, "01 10:00"),
		Project: &assets.Project{Name: "shop", Timezone: "Europe/London",
			Sources: map[assets.Name]*assets.Source{raw: {Name: raw}},
			Assets: map[assets.Name]*assets.Asset{
				staging: {Name: staging, Enabled: true},
				mart:    {Name: mart, Enabled: true, Freshness: []assets.Freshness{{MaxLag: time.Hour}}},
			}},
		Graph: &lineage.Graph{Order: []assets.Name{staging, mart}, Nodes: map[assets.Name]*lineage.Node{
			raw:     {Name: raw, Readers: []assets.Name{staging}},
			staging: {Name: staging, Inputs: []assets.Name{raw}, Readers: []assets.Name{mart}},
			mart:    {Name: mart, Inputs: []assets.Name{staging}},
		}},
	}
}

func TestHorizonText(t *testing.T) {
	in := horizonInput(t)
	at := func(text string) time.Time { return horizonAt(t, text) }
	raw, staging, mart := assets.MustName("raw.sales"), assets.MustName("staging.sales"), assets.MustName("mart.sales")
	f := planner.Forecast{From: in.Now, Until: at("02 10:00"),
		Builds: []planner.ForeseenBuild{
			{Asset: staging, Began: at("01 10:00"), Ended: at("01 10:00")},
			{Asset: staging, Began: at("01 23:30"), Ended: at("02 01:00"), Due: at("02 00:10"), Source: raw, Since: at("01 23:10")},
			{Asset: mart, Began: at("01 23:30"), Ended: at("02 01:00"), Due: at("02 00:10"), Source: raw, Since: at("01 23:10")},
			{Asset: mart, Began: at("02 08:00"), Ended: at("02 08:00"), Source: assets.Name{Schema: "mart", Table: "sales.schedule"}, Since: at("02 08:00")},
		},
		Breaches: []planner.ForeseenBreach{
			{Asset: mart, Due: at("02 00:10"), Ended: at("02 01:00"), Source: raw, Since: at("01 23:10")},
		},
	}
	eager := map[assets.Name]int{}
	for _, b := range f.Builds {
		eager[b.Asset] += 2
	}
	plan := planner.Plan{Steps: []planner.Step{{Key: planner.Key{Asset: staging}, Action: planner.Rebuild, Reasons: []planner.Reason{{Message: "its SQL changed"}}}}}
	expected := []planner.Repetition{{Source: raw, Pattern: planner.RepeatsWeek, At: []time.Time{at("01 23:10")}}}
	for _, c := range []struct {
		name  string
		o     Outlook
		shown map[assets.Name]bool
		want  string
	}{
		{"a day", Outlook{expected, f, eager}, nil, `
If history repeats, from Sun 2026-03-01 10:00 GMT until Mon 2026-03-02 10:00 GMT (Europe/London):

BEGINS                    BUILDS                     BECAUSE                                 DUE
Sun 2026-03-01 10:00 GMT  staging.sales              staging.sales: its SQL changed          -
Sun 2026-03-01 23:30 GMT  staging.sales, mart.sales  raw.sales arrives 23:10                 2026-03-02 00:10
Mon 2026-03-02 08:00 GMT  mart.sales                 the schedule of mart.sales ticks 08:00  -

Predicted breaches:
ASSET       FROM                      UNTIL     FOR  CAUSE
mart.sales  Mon 2026-03-02 00:10 GMT  01:00  50m 0s  raw.sales arrives 2026-03-01 23:10: the run that builds it takes 1h30m

SOURCE     ARRIVALS  EXPECTED
raw.sales         1  as in the last week

ASSET          BUILDS  OF WHATEVER ARRIVES
mart.sales          2                    4
staging.sales       2                    4

4 builds; building whatever arrives would take 8.
`},
		{"of one", Outlook{expected, f, eager}, map[assets.Name]bool{staging: true, raw: true}, `
If history repeats, from Sun 2026-03-01 10:00 GMT until Mon 2026-03-02 10:00 GMT (Europe/London):

BEGINS                    BUILDS         BECAUSE                         DUE
Sun 2026-03-01 10:00 GMT  staging.sales  staging.sales: its SQL changed  -
Sun 2026-03-01 23:30 GMT  staging.sales  raw.sales arrives 23:10         2026-03-02 00:10

No policy is expected to be broken.

SOURCE     ARRIVALS  EXPECTED
raw.sales         1  as in the last week

ASSET          BUILDS  OF WHATEVER ARRIVES
staging.sales       2                    4

2 builds; building whatever arrives would take 4.
`},
		{"nothing", Outlook{[]planner.Repetition{{Source: raw, Pattern: planner.RepeatsNothing}}, planner.Forecast{From: in.Now, Until: at("01 12:00")}, nil}, nil, `
If history repeats, from Sun 2026-03-01 10:00 GMT until Sun 2026-03-01 12:00 GMT (Europe/London):

Nothing is expected to be built.

No policy is expected to be broken.

SOURCE     ARRIVALS  EXPECTED
raw.sales         0  it has not arrived twice: nothing repeats

0 builds; building whatever arrives would take 0.
`},
	} {
		var b strings.Builder
		HorizonText(&b, NewHorizon(in, plan, c.o, c.shown), Style{})
		if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Of long tables the first rows are shown, of what nothing is known first.
func TestHorizonTextIsShort(t *testing.T) {
	doc := HorizonJSON{Timezone: "UTC"}
	for i := range 30 {
		doc.Sources = append(doc.Sources, RepetitionJSON{assets.MustName(fmt.Sprintf("raw.s%02d", i)), planner.RepeatsDay, 1})
	}
	doc.Sources[29].Pattern = planner.RepeatsNothing
	var b strings.Builder
	HorizonText(&b, doc, Style{})
	for _, want := range []string{"EXPECTED\nraw.s29 ", "\nraw.s18 ", "\n… and 10 more: -target narrows this, -json has all.\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "raw.s19") {
		t.Errorf("raw.s19 is shown:\n%s", b.String())
	}
}

// A breach is explained by the run that ends it, and by what that waits for.
func TestBreachCause(t *testing.T) {
	at := func(text string) time.Time { return horizonAt(t, text) }
	staging, mart := assets.MustName("staging.sales"), assets.MustName("mart.sales")
	build := func(asset assets.Name, began, ended string) planner.ForeseenBuild {
		return planner.ForeseenBuild{Asset: asset, Began: at(began), Ended: at(ended)}
	}
	blocked := planner.Step{Action: planner.Blocked, Reasons: []planner.Reason{{Message: "staging.sales failed"}}}
	for _, c := range []struct {
		name       string
		since, due string
		builds     []planner.ForeseenBuild
		step       planner.Step
		most       int // builds in a run
		want       string
	}{
		{"takes long", "01 11:00", "01 12:00", []planner.ForeseenBuild{build(mart, "01 11:00", "01 13:00"), build(mart, "01 13:00", "01 15:00")}, planner.Step{}, 0,
			"the run that builds it takes 2h"},
		{"overdue", "01 08:00", "01 09:00", []planner.ForeseenBuild{build(mart, "01 10:00", "01 10:00")}, planner.Step{}, 0,
			"it is overdue already"},
		{"overdue, and takes long", "01 08:00", "01 09:00", []planner.ForeseenBuild{build(mart, "01 10:00", "01 12:00")}, planner.Step{}, 0,
			"it is overdue already, and the run that builds it takes 2h"},
		{"busy with itself", "01 11:00", "01 12:00", []planner.ForeseenBuild{build(mart, "01 10:30", "01 12:30"), build(mart, "01 12:30", "01 14:30")}, planner.Step{}, 0,
			"it is being built when that arrives, and the next run takes 2h"},
		{"what it reads is busy", "01 11:00", "01 12:00", []planner.ForeseenBuild{build(staging, "01 10:30", "01 12:30"), build(mart, "01 12:30", "01 12:31")}, planner.Step{}, 0,
			"it waits for the build of staging.sales, which takes 2h"},
		{"another run", "01 11:00", "01 12:00", []planner.ForeseenBuild{build(mart, "01 12:30", "01 12:31")}, planner.Step{}, 1,
			"it waits for another run: one builds no more (max_builds_per_run)"},
		{"blocked until then", "01 11:00", "01 12:00", []planner.ForeseenBuild{build(mart, "01 14:00", "01 14:01")}, blocked, 0,
			"until then staging.sales failed"},
		{"blocked", "01 11:00", "01 12:00", []planner.ForeseenBuild{build(staging, "01 14:00", "01 14:01")}, blocked, 0,
			"staging.sales failed"},
		{"never", "01 11:00", "01 12:00", nil, planner.Step{}, 0,
			"nothing builds it until then"},
	} {
		in := horizonInput(t)
		in.Project.MaxBuildsPerRun = c.most
		f := planner.Forecast{From: in.Now, Until: at("02 10:00"), Builds: c.builds}
		if got := breachCause(in, c.step, f, planner.ForeseenBreach{Asset: mart, Since: at(c.since), Due: at(c.due)}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
