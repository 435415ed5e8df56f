package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// What Slack takes at most: characters of a header and of a section, and blocks.
const (
	slackHeader  = 150
	slackSection = 3000
	slackAlerts  = 10
	// slackHeadline is how many of a section's characters a headline may take: each of a
	// summary's may become five.
	slackHeadline = 1600
	slackCause    = 900
)

// slackSender posts to an incoming webhook.
type slackSender struct {
	*poster
	o senderOptions
}

func newSlack(s *assets.Slack, o senderOptions) *slackSender {
	p := newPoster(s.WebhookURL, nil, postTimeout, o.transport)
	p.rights = "`webhook_url`: the webhook may have been revoked"
	return &slackSender{p, o}
}

func (s *slackSender) place() string { return place(s.url) }

func (s *slackSender) send(ctx context.Context, m Message) error {
	text, err := document(slackMessage(m, s.o))
	if err != nil {
		return err
	}
	said, err := s.poster.send(ctx, text, nil)
	if err == nil && strings.HasPrefix(strings.TrimSpace(string(said)), "<") {
		return errors.New("it answered with a page for people, which no incoming webhook does: the address may be wrong, or a proxy in between has answered")
	}
	return err
}

// slackBlock is a part of a message in Slack's Block Kit.
type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type slackDocument struct {
	Text   string       `json:"text"` // for notifications
	Blocks []slackBlock `json:"blocks"`
}

func slackMessage(m Message, o senderOptions) slackDocument {
	header := cut(symbol(m)+" "+m.Summary, slackHeader-1)
	doc := slackDocument{Text: escapeSlack(fmt.Sprintf("[%s] %s", m.Project, m.Summary)),
		Blocks: []slackBlock{{Type: "header", Text: &slackText{"plain_text", header}}}}
	for i, a := range m.Alerts {
		if i == slackAlerts {
			doc.Blocks = append(doc.Blocks, section(fmt.Sprintf("… and %d more", len(m.Alerts)-i)))
			break
		}
		text := slackAlert(a, o)
		if len(m.Alerts) > 1 { // else it is the header
			text = "*" + escapeSlack(headline(a)) + "*\n" + text
		}
		doc.Blocks = append(doc.Blocks, section(text))
	}
	foot := fmt.Sprintf("project %s · %s", m.Project, moment(m.At, o.zone))
	if m.Others > 0 {
		foot += " · " + count(m.Others, "more goes on", "more go on")
	}
	doc.Blocks = append(doc.Blocks, slackBlock{Type: "context", Elements: []slackText{{"mrkdwn", escapeSlack(foot)}}})
	return doc
}

func section(text string) slackBlock {
	return slackBlock{Type: "section", Text: &slackText{"mrkdwn", text}}
}

// slackAlert is an alert in Slack's own markup.
func slackAlert(a Alert, o senderOptions) string {
	var lines []string
	for _, d := range details(a, o.zone, slackCause) {
		switch {
		case d.code:
			// Whatever is cut off below, it is not the end of the quotation.
			lines = append(lines, "```"+cut(escapeSlack(strings.ReplaceAll(d.text, "```", "'''")), slackCause)+"```")
		case d.label != "":
			lines = append(lines, fmt.Sprintf("%s: %s", d.label, escapeSlack(d.text)))
		default:
			lines = append(lines, escapeSlack(d.text))
		}
	}
	for _, command := range a.Next {
		lines = append(lines, "→ `"+escapeSlack(strings.ReplaceAll(command, "`", "'"))+"`")
	}
	text := strings.Join(lines, "\n")
	if runes := []rune(text); len(runes) > slackSection-slackHeadline {
		text = string(runes[:slackSection-slackHeadline-1]) + "…"
	}
	return text
}

// escapeSlack writes what Slack would take for markup of its own: links and mentions
// among it, so that no name of a check calls everybody.
var escapeSlack = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

func symbol(m Message) string {
	switch {
	case m.Test:
		return "ℹ️"
	case m.Status == Resolved:
		return "✅"
	case hasError(m):
		return "🔴"
	}
	return "🟡"
}

func hasError(m Message) bool {
	for _, a := range m.Alerts {
		if a.Severity == assets.Error && a.Status == Firing {
			return true
		}
	}
	return false
}
