package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// summarize is a message in one line: the subject of a mail.
func summarize(alerts []Alert) string {
	if len(alerts) == 1 {
		return headline(alerts[0])
	}
	firing, resolved := map[assets.AlertEvent]int{}, 0
	var first, run string
	for _, a := range alerts {
		if a.Status == Resolved {
			resolved++
			continue
		}
		if firing[a.Event]++; first == "" {
			first = subject(a)
		}
		run = a.Run
	}
	var parts []string
	for _, event := range assets.AlertEvents {
		if n := firing[event]; n == 1 {
			parts = append(parts, "1 "+counted[event][0])
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", n, counted[event][1]))
		}
	}
	if resolved > 0 {
		parts = append(parts, fmt.Sprintf("%d resolved", resolved))
	}
	text := strings.Join(parts, ", ")
	if first != "" {
		text += ": " + first
		if len(alerts)-resolved > 1 {
			text += " and others"
		}
	}
	if len(firing) > 0 && run != "" {
		text += " (run " + run + ")"
	}
	return text
}

// subject is what an alert is about.
func subject(a Alert) string {
	if a.Name != (assets.Name{}) {
		return a.Name.String()
	}
	return a.Summary
}

// counted are the events as they are counted, one and more of them.
var counted = map[assets.AlertEvent][2]string{
	assets.AssetFailed: {"asset failed", "assets failed"}, assets.CheckFailed: {"check failed", "checks failed"},
	assets.CheckWarned: {"check warns", "checks warn"}, assets.Breach: {"asset is stale", "assets are stale"},
	assets.BreachPredicted: {"asset will be stale", "assets will be stale"}, assets.SourceLate: {"source is late", "sources are late"},
	assets.SourceUnobserved: {"source cannot be observed", "sources cannot be observed"},
	assets.LongRunning:      {"build takes long", "builds take long"}, assets.RunFailed: {"run failed", "runs failed"},
	assets.ProjectInvalid: {"project has mistakes", "projects have mistakes"},
	assets.DaemonDown:     {"daemon is down", "daemons are down"}, assets.DiskFull: {"disk is nearly full", "disks are nearly full"},
}

// headline is an alert in one line.
func headline(a Alert) string {
	if a.Status == Resolved && !a.Past {
		return "Resolved: " + a.Summary
	}
	return a.Summary
}

// detail is one thing to say of an alert.
type detail struct {
	label, text string
	code        bool // an error, as a program wrote it
}

// fewAffected is how many names are read by people.
const fewAffected = 8

// details are what there is to say besides the headline, the cause cut to most characters.
func details(a Alert, zone *time.Location, most int) []detail {
	var all []detail
	add := func(label, text string) {
		if text != "" {
			all = append(all, detail{label: label, text: text})
		}
	}
	if a.Status == Resolved {
		add("", fmt.Sprintf("From %s to %s (%s).", moment(a.Since, zone), moment(a.Until, zone), rounded(a.Until.Sub(a.Since))))
		if a.Past {
			add("", a.Effect)
		}
		add("Owner", a.Owner)
		return all
	}
	add("Since", moment(a.Since, zone))
	if cause := cut(a.Cause, most); strings.Contains(cause, "\n") {
		all = append(all, detail{text: cause, code: true})
	} else {
		add("Cause", cause)
	}
	add("", a.Effect)
	if len(a.Affected) > 0 {
		var names []string
		for _, name := range a.Affected[:min(len(a.Affected), fewAffected)] {
			names = append(names, name.String())
		}
		text := strings.Join(names, ", ")
		if more := a.AffectedCount - len(names); more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		add("Made from it", text)
	}
	add("Owner", a.Owner)
	return all
}

// plainText is a message for who reads it without any markup.
func plainText(m Message, zone *time.Location) string {
	var b strings.Builder
	for i, a := range m.Alerts {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(headline(a) + "\n\n")
		for _, d := range details(a, zone, longestCause) {
			switch {
			case d.code:
				b.WriteString("Cause:\n    " + strings.ReplaceAll(d.text, "\n", "\n    ") + "\n")
			case d.label != "":
				b.WriteString(d.label + ": " + d.text + "\n")
			default:
				b.WriteString(d.text + "\n")
			}
		}
		if len(a.Next) > 0 && a.Status == Firing {
			b.WriteString("\nWhat to do next:\n")
			for _, command := range a.Next {
				b.WriteString("    " + command + "\n")
			}
		}
	}
	if m.Others > 0 {
		b.WriteString("\n" + count(m.Others, "more goes on that you were told of before.", "more go on that you were told of before.") + "\n")
	}
	fmt.Fprintf(&b, "\n-- \nassets, project %s, notify %q, %s\n", m.Project, m.Notify, moment(m.At, zone))
	return b.String()
}
