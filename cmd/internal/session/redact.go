package session

import (
	"io"
	"slices"
	"sync"

	"github.com/seed-4311623e/assets/assets/redact"
)

// Redactor replaces secrets in whatever is shown or logged. It may be used from
// many goroutines, and learn of secrets after its writers were made.
type Redactor struct {
	mu      sync.RWMutex
	secrets []string
	set     redact.Set
}

// Add makes secrets known. They are never forgotten: a secret that was exchanged is
// still none to be shown.
func (r *Redactor) Add(secrets []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := len(r.secrets)
	for _, secret := range secrets {
		if !slices.Contains(r.secrets, secret) {
			r.secrets = append(r.secrets, secret)
		}
	}
	if len(r.secrets) > known {
		r.set = redact.New(r.secrets)
	}
}

func (r *Redactor) known() redact.Set {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.set
}

// String is text without secrets.
func (r *Redactor) String(text string) string { return r.known().String(text) }

// Writer is w without secrets, also those that arrive in pieces: the end of a
// write that may be the beginning of a secret waits for the next one or Flush.
func (r *Redactor) Writer(w io.Writer) *RedactingWriter { return &RedactingWriter{r: r, w: w} }

// RedactingWriter is made by [Redactor.Writer].
type RedactingWriter struct {
	r    *Redactor
	w    io.Writer
	mu   sync.Mutex
	held string
}

func (w *RedactingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	secrets := w.r.known()
	text := w.held + string(p)
	settled := secrets.Settled(text)
	w.held = text[settled:]
	if _, err := io.WriteString(w.w, secrets.String(text[:settled])); err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteJSON writes a JSON document without the secrets in its strings. A number that
// reads like a secret stays: the document remains one.
func (w *RedactingWriter) WriteJSON(doc []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.w.Write(redact.JSON(doc, w.r.String))
	return err
}

// Flush writes what waited.
func (w *RedactingWriter) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush()
}

func (w *RedactingWriter) flush() error {
	_, err := io.WriteString(w.w, w.r.String(w.held))
	w.held = ""
	return err
}
