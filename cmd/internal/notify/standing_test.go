package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// Everything about when something is told is one function of what holds at each moment.
// Each case is a line of moments at which something holds, or nothing does, and what is
// told by then: "+" begins, "=" still goes on, "-" has ended. An alert is written as event
// and asset, and "@" before the run it was found in.
func TestWhatIsToldWhen(t *testing.T) {
	for _, c := range []struct {
		name string
		with func(*assets.Notify)
		line string
		want string
	}{
		{"what begins together is told together", nil, "0s: failed a@1, failed b@1; 1m: failed a@1, failed b@1", "30s [+a +b]"},
		{"what another run has caused is told apart", nil, "0s: failed a@1; 5s: failed a@1, failed b@2; 1m: failed a@1, failed b@2", "30s [+a]; 35s [+b]"},
		{"what no run has caused is grouped by its kind", nil, "0s: stale a, stale b, late s; 1m: stale a, stale b, late s", "30s [+a +b]; 30s [+s]"},
		{"one message for all", func(n *assets.Notify) { n.GroupBy = nil }, "0s: failed a@1, stale b; 1m: failed a@1, stale b", "30s [+a +b]"},
		{"one for each asset", func(n *assets.Notify) { n.GroupBy = []assets.GroupBy{assets.ByAsset} }, "0s: failed a@1, failed b@1, stale a; 1m: failed a@1, failed b@1, stale a", "30s [+a +a]; 30s [+b]"},
		{"what joins waits for the first", nil, "0s: failed a@1; 20s: failed a@1, failed b@1; 1m: failed a@1, failed b@1", "30s [+a +b]"},
		{"what comes later is told alone, beside what goes on", nil, "0s: failed a@1; 1m: failed a@1, failed b@1; 2m: failed a@1, failed b@1", "30s [+a]; 1m30s [+b and 1 more]"},
		{"nothing is waited for", func(n *assets.Notify) { n.GroupWait = 0 }, "0s: failed a@1; 1s: failed a@1, failed b@1; 1m:", "0s [+a]; 1s [+b and 1 more]; 1m0s [-a -b]"},
		{"who comes and goes is not spoken of", nil, "0s: failed a@1; 10s:; 5m:", ""},
		{"its end is told", nil, "0s: failed a@1; 1m:; 2m:", "30s [+a]; 1m30s [-a]"},
		{"unless nobody wants to know; what fails again is told again", func(n *assets.Notify) { n.Resolve = false }, "0s: failed a@1; 1m:; 2m: failed a@1; 3m: failed a@1", "30s [+a]; 2m30s [=a]"},
		{"a short break is none", nil, "0s: failed a@1; 1m:; 1m10s: failed a@1; 5m: failed a@1", "30s [+a]"},
		{"it fails again in another run", nil, "0s: failed a@1; 1m: failed a@2; 5m: failed a@2; 6m:; 7m:", "30s [+a]; 6m30s [-a]"},
		{"it fails in another way: that is no recovery, and said once", nil, "0s: failed a@1; 1m: checked a@2; 5h:; 5h1m:", "30s [+a]; 1m30s [+a]; 4h1m30s [=a]; 5h0m30s [-a]; 5h0m30s [-a]"},
		{"it fails as at first", nil, "0s: checked a@1; 1m: failed a@2; 2m: checked a@3; 5h:; 5h1m:", "30s [+a]; 1m30s [+a]; 4h0m30s [=a]; 5h0m30s [-a]; 5h0m30s [-a]"},
		{"another asset is another matter", nil, "0s: failed a@1; 1m: checked b@2; 2m: checked b@2", "30s [+a]; 1m30s [-a]; 1m30s [+b]"},
		{"it still goes on", nil, "0s: failed a@1; 8h10m: failed a@1", "30s [+a]; 4h0m30s [=a]; 8h0m30s [=a]"},
		{"the repetition is of what is ripe", nil, "0s: failed a@1; 1h: failed a@1, failed b@1; 4h30m: failed a@1, failed b@1; 5h10m: failed a@1, failed b@1",
			"30s [+a]; 1h0m30s [+b and 1 more]; 4h0m30s [=a and 1 more]; 5h0m30s [=b and 1 more]"},
		{"what was to come has come", nil, "0s: soon a; 1m: stale a; 10m:; 11m:", "30s [+a]; 1m30s [+a]; 10m30s [-a]"},
		{"a breach of which a part was built is the same", nil, "0s: stale a; 1m: soon a; 2m: stale a; 3m: stale a", "30s [+a]"},
		{"what was to come has come, and went before it was told", nil, "0s: soon a; 1m: stale a; 1m10s:; 3m:", "30s [+a]; 1m40s [-a]"},
		{"one who is told of each alert apart", func(n *assets.Notify) { n.PagerDuty = &assets.PagerDuty{} }, "0s: failed a@1, failed b@1; 1m:; 2m:", "30s [+a]; 30s [+b]; 1m30s [-a]; 1m30s [-b]"},
		{"only errors", func(n *assets.Notify) { n.Severity = assets.Error }, "0s: failed a@1, soon b; 1m: failed a@1, soon b", "30s [+a]"},
		{"only some events", func(n *assets.Notify) { n.Events = []assets.AlertEvent{assets.BreachPredicted} }, "0s: failed a@1, soon b; 1m: failed a@1, soon b", "30s [+b]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := route{Notify: &assets.Notify{Severity: assets.Warn, GroupBy: []assets.GroupBy{assets.ByRun}, GroupWait: 30 * time.Second, RepeatInterval: 4 * time.Hour, Resolve: true}}
				if c.with != nil {
					c.with(r.Notify)
				}
				if diff := cmp.Diff(c.want, tellAlong(r, c.line)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// tellAlong goes along a line of time as the goroutine of Alerts does.
func tellAlong(r route, line string) string {
	s, began, told := standing{}, time.Now(), []string{}
	var holds []Alert
	before := map[string]bool{}
	step := func() {
		s.update(r, holds, func(assets.AlertEvent) bool { return true }, time.Now())
		for _, b := range s.news(r, time.Now(), false, false) {
			told = append(told, fmt.Sprintf("%s %s", time.Since(began), shown(b, before)))
		}
	}
	for moment := range strings.SplitSeq(line, ";") {
		at, what, _ := strings.Cut(strings.TrimSpace(moment), ":")
		after, err := time.ParseDuration(at)
		if err != nil {
			panic(err)
		}
		for until := began.Add(after); ; {
			next := s.next(r, false)
			if next.IsZero() || !next.Before(until) {
				time.Sleep(time.Until(until))
				break
			}
			time.Sleep(time.Until(next))
			step()
		}
		holds = alertsOf(what)
		step()
	}
	for range 3 { // what still waits
		next := s.next(r, false)
		if next.IsZero() || time.Until(next) > time.Minute {
			break
		}
		time.Sleep(time.Until(next))
		step()
	}
	return strings.Join(told, "; ")
}

var words = map[string]assets.AlertEvent{"failed": assets.AssetFailed, "checked": assets.CheckFailed, "stale": assets.Breach, "soon": assets.BreachPredicted, "late": assets.SourceLate}

func alertsOf(text string) (all []Alert) {
	for item := range strings.SplitSeq(text, ",") {
		word, rest, ok := strings.Cut(strings.TrimSpace(item), " ")
		if !ok {
			continue
		}
		name, run, _ := strings.Cut(rest, "@")
		id := word
		if word == "soon" || word == "stale" {
			id = "freshness"
		}
		event := words[word]
		all = append(all, Alert{ID: id + " " + name, Event: event, Severity: severities[event], Status: Firing, Name: assets.MustName(name), Run: run, Since: time.Now()})
	}
	return all
}

// shown is a batch in short; before are those that were told.
func shown(b batch, before map[string]bool) string {
	var parts []string
	for _, a := range b.alerts {
		key, sign := string(a.Event)+a.ID, "+"
		switch {
		case a.Status == Resolved:
			sign = "-"
			delete(before, key)
		case before[key]:
			sign = "="
		default:
			before[key] = true
		}
		parts = append(parts, sign+a.Name.Table)
	}
	text := strings.Join(parts, " ")
	if b.others > 0 {
		text += fmt.Sprintf(" and %d more", b.others)
	}
	return "[" + text + "]"
}

// Whatever happens: who began and still holds was told, unless it began a moment ago; nobody
// is told twice within repeat_interval; and each end follows its beginning. It is proved
// against restarts, jumps of the clock and a target that takes nothing, too.
func TestWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := route{Notify: &assets.Notify{
			Severity: assets.Warn, GroupBy: rapid.SampledFrom([][]assets.GroupBy{nil, {assets.ByRun}, {assets.ByAsset}, {assets.ByEvent, assets.ByOwner}}).Draw(t, "group_by"),
			GroupWait: rapid.SampledFrom([]time.Duration{0, 30 * time.Second}).Draw(t, "group_wait"), RepeatInterval: time.Hour, Resolve: rapid.Bool().Draw(t, "resolve"),
		}}
		now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		s := standing{}
		type telling struct {
			at    time.Time
			event assets.AlertEvent
		}
		open := map[string]telling{}      // told, and not that it ended
		holding := map[string]time.Time{} // since when it holds without a break
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Second, 29 * time.Second, time.Minute, 50 * time.Minute, 2 * time.Hour}).Draw(t, "passes"))
			var holds []Alert
			for _, id := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.ID[string]).Draw(t, "holds") {
				event := rapid.SampledFrom([]assets.AlertEvent{assets.Breach, assets.BreachPredicted}).Draw(t, "event")
				holds = append(holds, Alert{ID: id, Event: event, Severity: severities[event], Status: Firing, Name: assets.MustName(id), Since: now, Run: rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "run")})
			}
			busy, all := rapid.Bool().Draw(t, "busy"), rapid.IntRange(0, 9).Draw(t, "all") == 0
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				s = restarted(t, s)
			}
			s.update(r, holds, func(assets.AlertEvent) bool { return true }, now)
			still := map[string]time.Time{}
			for _, a := range holds {
				if since, ok := holding[a.ID+string(a.Event)]; ok {
					still[a.ID+string(a.Event)] = since
				} else {
					still[a.ID+string(a.Event)] = now
				}
			}
			holding = still
			for _, b := range s.news(r, now, all, busy) {
				if len(b.alerts) == 0 {
					t.Fatal("an empty message")
				}
				for _, a := range b.alerts {
					before, told := open[a.ID]
					switch {
					case a.Status == Resolved && !told:
						t.Fatalf("%s: the end of %s is told, and its beginning was not", now, a.ID)
					case a.Status == Resolved && slices.ContainsFunc(holds, func(h Alert) bool { return h.ID == a.ID }):
						t.Fatalf("%s: the end of %s is told, which holds", now, a.ID)
					case a.Status == Resolved:
						delete(open, a.ID)
					case told && r.Resolve && before.event == a.Event && now.Sub(before.at) < r.RepeatInterval:
						t.Fatalf("%s: %s is told twice", now, a.ID)
					default:
						open[a.ID] = telling{now, a.Event}
					}
				}
			}
			for _, a := range holds {
				since := holding[a.ID+string(a.Event)]
				if told := open[a.ID]; told.event != a.Event && told.event != assets.Breach && (all || now.Sub(since) >= r.GroupWait) {
					t.Fatalf("%s: %s holds since %s and was not told", now, a.ID, since)
				}
			}
			if next := s.next(r, busy); !next.IsZero() && !next.After(now) {
				t.Fatalf("%s: to be done again at %s", now, next)
			}
		}
	})
}

// restarted is what the next process reads.
func restarted(t interface{ Fatal(...any) }, s standing) standing {
	text, err := json.Marshal(s)
	var again standing
	if err == nil {
		err = json.Unmarshal(text, &again)
	}
	if err != nil {
		t.Fatal(err)
	}
	return again
}
