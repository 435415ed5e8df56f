package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// postTimeout is how long one request, or one mail, may take.
const postTimeout = 10 * time.Second

// sender brings messages to one target. Its errors hold no secret: no address but its
// host, no key and no password.
type sender interface {
	send(context.Context, Message) error
	// place is whom it tells, as it can be shown.
	place() string
}

// senderOptions are what senders need besides what is declared.
type senderOptions struct {
	project   string
	zone      *time.Location
	transport http.RoundTripper
	tls       *tls.Config // nil: as the system has it
	now       func() time.Time
}

func newSender(n *assets.Notify, o senderOptions) sender {
	switch {
	case n.Slack != nil:
		return newSlack(n.Slack, o)
	case n.PagerDuty != nil:
		return newPagerDuty(n.PagerDuty, o)
	case n.Webhook != nil:
		return newWebhook(n.Webhook, o)
	case n.Email != nil:
		return &emailSender{n.Email, o}
	}
	return &commandSender{n.Command}
}

// kindOf is the type of the block that says whom to tell.
func kindOf(n *assets.Notify) string {
	switch {
	case n.Slack != nil:
		return "slack"
	case n.PagerDuty != nil:
		return "pagerduty"
	case n.Webhook != nil:
		return "webhook"
	case n.Email != nil:
		return "email"
	}
	return "command"
}

// document writes JSON as people would, on one line.
func document(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}
