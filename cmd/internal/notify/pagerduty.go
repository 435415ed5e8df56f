package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// pagerDutySummary is how many characters of a summary PagerDuty takes.
const pagerDutySummary = 1024

// pagerDutySender sends each alert as an event of its own (Events API v2), so that each is
// resolved by itself. Whatever is sent twice is one alert there, by its dedup_key.
type pagerDutySender struct {
	*poster
	key string
	o   senderOptions
}

func newPagerDuty(p *assets.PagerDuty, o senderOptions) *pagerDutySender {
	post := newPoster(p.URL, nil, postTimeout, o.transport)
	post.rights = "`routing_key`"
	return &pagerDutySender{post, p.RoutingKey, o}
}

func (s *pagerDutySender) place() string { return place(s.url) }

type pagerDutyEvent struct {
	RoutingKey  string            `json:"routing_key"`
	EventAction string            `json:"event_action"` // trigger or resolve
	DedupKey    string            `json:"dedup_key"`
	Client      string            `json:"client,omitempty"`
	Payload     *pagerDutyPayload `json:"payload,omitempty"` // of a trigger
}

type pagerDutyPayload struct {
	Summary       string            `json:"summary"`
	Source        string            `json:"source"`
	Severity      string            `json:"severity"`
	Timestamp     string            `json:"timestamp"`
	Component     string            `json:"component,omitempty"`
	Group         string            `json:"group,omitempty"`
	Class         string            `json:"class"`
	CustomDetails map[string]string `json:"custom_details,omitempty"`
}

func (s *pagerDutySender) send(ctx context.Context, m Message) error {
	for _, a := range m.Alerts {
		for _, event := range s.events(m, a) {
			if err := s.post(ctx, event); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *pagerDutySender) post(ctx context.Context, event pagerDutyEvent) error {
	text, err := document(event)
	if err != nil {
		return err
	}
	said, err := s.poster.send(ctx, text, nil)
	if err != nil {
		return err
	}
	var answer struct {
		Status string `json:"status"`
	}
	switch {
	case json.Unmarshal(said, &answer) == nil && answer.Status == "success":
		return nil
	case ctx.Err() != nil: // it was cut off
		return errors.New("it had not answered by the end of the run")
	}
	return errors.New("it did not answer as PagerDuty does: the address may be wrong, or a proxy in between has answered")
}

// events are what PagerDuty is told of an alert. What was over before it could be told
// begins there first.
func (s *pagerDutySender) events(m Message, a Alert) []pagerDutyEvent {
	event := pagerDutyEvent{RoutingKey: s.key, DedupKey: dedupKey(m.Project, a.ID)}
	trigger, resolve := event, event
	resolve.EventAction = "resolve"
	severity := "warning"
	switch {
	case m.Test:
		severity = "info"
	case a.Severity == assets.Error:
		severity = "error"
	}
	custom := map[string]string{}
	for _, d := range details(a, s.o.zone, longestCause) {
		label := d.label
		if d.code {
			label = "Cause"
		} else if label == "" {
			label = "Effect"
		}
		custom[label] = d.text
	}
	for i, command := range a.Next {
		custom[fmt.Sprintf("Next %d", i+1)] = command
	}
	trigger.EventAction, trigger.Client = "trigger", "assets"
	trigger.Payload = &pagerDutyPayload{
		Summary: cut(fmt.Sprintf("[%s] %s", m.Project, a.Summary), pagerDutySummary-1), Source: "assets/" + m.Project, Severity: severity,
		Timestamp: a.Since.UTC().Format(time.RFC3339), Component: subject(a), Group: a.Owner, Class: string(a.Event), CustomDetails: custom,
	}
	switch {
	case m.Test, a.Status == Resolved && a.Past:
		return []pagerDutyEvent{trigger, resolve}
	case a.Status == Resolved:
		return []pagerDutyEvent{resolve}
	}
	return []pagerDutyEvent{trigger}
}

// dedupKey is at most 255 characters long, whatever the alert is called.
func dedupKey(project, id string) string {
	sum := sha256.Sum256([]byte(project + "\x00" + id))
	return "assets-" + hex.EncodeToString(sum[:16])
}
