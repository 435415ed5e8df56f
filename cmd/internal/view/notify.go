package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/notify"
)

// NotifyListJSON is the document of `notify list -json`.
type NotifyListJSON struct {
	FormatVersion string       `json:"format_version"`
	Targets       []NotifyJSON `json:"targets"`
}

// NotifyJSON is who is told of what, and how the delivery goes.
type NotifyJSON struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // the type of the block that says whom to tell
	To   string `json:"to"`   // as far as it can be shown
	// What is told; absent: everything of that kind.
	Events         []assets.AlertEvent `json:"events,omitempty"`
	Severity       assets.Severity     `json:"severity"` // at least
	Owners         []string            `json:"owners,omitempty"`
	Tags           []string            `json:"tags,omitempty"`
	Assets         []string            `json:"assets,omitempty"`
	GroupBy        []assets.GroupBy    `json:"group_by"`
	GroupWait      float64             `json:"group_wait_seconds"`
	RepeatInterval float64             `json:"repeat_interval_seconds"`
	Resolve        bool                `json:"resolve"`
	Firing         int                 `json:"firing"` // alerts it was told of that go on
	Delivered      int                 `json:"delivered"`
	LastDelivered  *time.Time          `json:"last_delivered,omitempty"`
	Refused        int                 `json:"refused"` // messages that it will never take
	Undelivered    int                 `json:"undelivered"`
	Oldest         *time.Time          `json:"oldest_undelivered,omitempty"`
	Error          string              `json:"error,omitempty"` // of the latest attempt
	ErrorAt        *time.Time          `json:"error_at,omitempty"`
}

// NewNotifyList is the document for targets.
func NewNotifyList(targets []notify.TargetStatus) NotifyListJSON {
	doc := NotifyListJSON{FormatVersion: FormatVersion, Targets: []NotifyJSON{}}
	for _, t := range targets {
		n := t.Notify
		doc.Targets = append(doc.Targets, NotifyJSON{
			Name: t.Name, Kind: t.Kind, To: t.Place, Events: n.Events, Severity: n.Severity, Owners: n.Owners, Tags: n.Tags, Assets: n.Assets,
			GroupBy: n.GroupBy, GroupWait: n.GroupWait.Seconds(), RepeatInterval: n.RepeatInterval.Seconds(), Resolve: n.Resolve,
			Firing: t.Firing, Delivered: t.Delivered, LastDelivered: present(t.LastAt), Refused: t.Refused,
			Undelivered: t.Undelivered, Oldest: present(t.Oldest), Error: t.Error, ErrorAt: present(t.ErrorAt),
		})
	}
	return doc
}

func present(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// NotifyBlock is an example of a block that tells somebody.
const NotifyBlock = `notify "ops" {
  slack {
    webhook_url = env("SLACK_WEBHOOK_URL")
  }
}`

// NotifyListText lists targets for people.
func NotifyListText(w io.Writer, doc NotifyListJSON, now time.Time, style Style) {
	if len(doc.Targets) == 0 {
		fmt.Fprintf(w, "Nobody is told of what goes wrong. To change that, write a block:\n\n%s\n", NotifyBlock)
		return
	}
	t := table{style: style, right: map[int]bool{4: true, 5: true}}
	t.add("NAME", "KIND", "TO", "TOLD OF", "FIRING", "UNDELIVERED", "LAST DELIVERED")
	for _, n := range doc.Targets {
		last := "never"
		if n.LastDelivered != nil {
			last = Ago(*n.LastDelivered, now)
		}
		t.add(n.Name, n.Kind, n.To, n.routes(), fmt.Sprint(n.Firing), fmt.Sprint(n.Undelivered), last)
	}
	t.write(w)
	for _, n := range doc.Targets {
		if n.Error == "" {
			continue
		}
		fmt.Fprintf(w, "\n%s: %s, %s.", style.Bold(n.Name), strings.TrimSuffix(n.Error, "."), Ago(*n.ErrorAt, now))
		if n.Undelivered > 0 {
			fmt.Fprintf(w, " %s, the oldest from %s; the next run or the daemon sends it first.", keptMessages(n.Undelivered), Ago(*n.Oldest, now))
		}
		if n.Refused > 0 {
			fmt.Fprintf(w, " Given up until now: %d.", n.Refused)
		}
		fmt.Fprintln(w)
	}
}

func keptMessages(n int) string {
	if n == 1 {
		return "1 message is kept"
	}
	return fmt.Sprintf("%d messages are kept", n)
}

// routes says in few words what is told.
func (n NotifyJSON) routes() string {
	what := "everything"
	var words []string
	for _, e := range n.Events {
		words = append(words, string(e))
	}
	if words != nil {
		what = strings.Join(words, ", ")
	}
	if n.Severity == assets.Error {
		what += " (errors)"
	}
	for _, of := range [][]string{n.Assets, prefixed("owner:", n.Owners), prefixed("tag:", n.Tags)} {
		if len(of) > 0 {
			what += " of " + list(of, "or")
		}
	}
	return what
}

func prefixed(prefix string, words []string) (out []string) {
	for _, word := range words {
		out = append(out, prefix+word)
	}
	return out
}

// NotifyTestJSON is the document of `notify test -json`.
type NotifyTestJSON struct {
	FormatVersion string            `json:"format_version"`
	Targets       []NotifyTriedJSON `json:"targets"`
	Failed        int               `json:"failed"`
}

// NotifyTriedJSON is how a test message came through.
type NotifyTriedJSON struct {
	Name      string  `json:"name"`
	Kind      string  `json:"kind"`
	To        string  `json:"to"`
	Delivered bool    `json:"delivered"`
	Error     string  `json:"error,omitempty"`
	Seconds   float64 `json:"seconds"`
}

// NewNotifyTest is the document for the results of a test.
func NewNotifyTest(results []notify.TestResult) NotifyTestJSON {
	doc := NotifyTestJSON{FormatVersion: FormatVersion, Targets: []NotifyTriedJSON{}}
	for _, r := range results {
		tried := NotifyTriedJSON{Name: r.Name, Kind: r.Kind, To: r.Place, Delivered: r.Err == nil, Seconds: r.Took.Seconds()}
		if r.Err != nil {
			tried.Error = r.Err.Error()
			doc.Failed++
		}
		doc.Targets = append(doc.Targets, tried)
	}
	return doc
}

// NotifyTestText tells people how a test went.
func NotifyTestText(w io.Writer, doc NotifyTestJSON, style Style) {
	for _, t := range doc.Targets {
		if t.Delivered {
			fmt.Fprintf(w, "%s (%s, %s): delivered in %s\n", style.Bold(t.Name), t.Kind, t.To, Seconds(t.Seconds))
			continue
		}
		fmt.Fprintf(w, "%s (%s, %s): not delivered: %s\n", style.Bold(t.Name), t.Kind, t.To, strings.TrimSuffix(t.Error, ".")+".")
	}
}
