package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// webhookSender posts messages as they are, signed as Standard Webhooks has it
// (https://www.standardwebhooks.com): there are libraries to verify that.
type webhookSender struct {
	*poster
	key []byte // nil: not signed
	o   senderOptions
}

func newWebhook(w *assets.Webhook, o senderOptions) *webhookSender {
	return &webhookSender{newPoster(w.URL, w.Headers, postTimeout, o.transport), signingKey(w.Secret), o}
}

func (s *webhookSender) place() string { return place(s.url) }

func (s *webhookSender) send(ctx context.Context, m Message) error {
	text, err := document(m)
	if err != nil {
		return err
	}
	// The time is that of the attempt: a receiver refuses what is older than minutes.
	at := strconv.FormatInt(s.o.now().Unix(), 10)
	headers := map[string]string{"Webhook-Id": m.ID, "Webhook-Timestamp": at}
	if s.key != nil {
		headers["Webhook-Signature"] = signature(s.key, m.ID, at, text)
	}
	_, err = s.poster.send(ctx, text, headers)
	return err
}

// signingKey is what signs: the bytes of the secret, or what whsec_ stands before in base64.
func signingKey(secret string) []byte {
	if secret == "" {
		return nil
	}
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		if key, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(key) > 0 {
			return key
		}
	}
	return []byte(secret)
}

// signature is over the id and the time, too: nothing of a message can be sent again as
// another one, or later.
func signature(key []byte, id, at string, document []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(document)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
