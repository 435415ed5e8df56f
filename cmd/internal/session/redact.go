package session

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
)

// hidden stands where a secret would.
const hidden = "(sensitive value)"

// shortest is the length in bytes of the shortest secret that is searched for:
// replacing every "1" would help nobody.
const shortest = 3

// Redactor replaces secrets in whatever is shown or logged. It may be used from
// many goroutines, and learn of secrets after its writers were made.
type Redactor struct {
	mu       sync.RWMutex
	secrets  []string
	replacer *strings.Replacer
}

// Add makes secrets known: as they are, line by line, and as they look inside
// JSON and SQL strings.
func (r *Redactor) Add(secrets []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			if len(form) >= shortest && !slices.Contains(r.secrets, form) {
				r.secrets = append(r.secrets, form)
			}
		}
	}
	// The longest first: a secret that begins with another one is replaced whole.
	slices.SortFunc(r.secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, secret := range r.secrets {
		pairs = append(pairs, secret, hidden)
	}
	r.replacer = strings.NewReplacer(pairs...)
}

func forms(secret string) []string {
	out := []string{secret, strings.ReplaceAll(secret, "'", "''")}
	for _, escapeHTML := range []bool{true, false} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(escapeHTML)
		if enc.Encode(secret) == nil {
			quoted := strings.TrimSpace(b.String())
			out = append(out, quoted[1:len(quoted)-1])
		}
	}
	if lines := strings.Split(secret, "\n"); len(lines) > 1 { // as an excerpt of a file shows it
		for _, line := range lines {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

// String is text without secrets.
func (r *Redactor) String(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.replacer == nil {
		return text
	}
	return r.replacer.Replace(text)
}

// held is the length of the end of text that may be the beginning of a secret.
func (r *Redactor) held(text []byte) int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	longest := 0
	for _, secret := range r.secrets {
		for k := min(len(secret)-1, len(text)); k > longest; k-- {
			if strings.HasPrefix(secret, string(text[len(text)-k:])) {
				longest = k
				break
			}
		}
	}
	return longest
}

// Writer is w without secrets, also those that arrive in pieces: the end of a
// write that may be the beginning of a secret waits for the next one or Flush.
func (r *Redactor) Writer(w io.Writer) *RedactingWriter { return &RedactingWriter{r: r, w: w} }

// RedactingWriter is made by [Redactor.Writer].
type RedactingWriter struct {
	r    *Redactor
	w    io.Writer
	mu   sync.Mutex
	held []byte
}

func (w *RedactingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := []byte(w.r.String(string(append(w.held, p...))))
	keep := w.r.held(text)
	w.held = slices.Clone(text[len(text)-keep:])
	if _, err := w.w.Write(text[:len(text)-keep]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what waited.
func (w *RedactingWriter) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.w.Write(w.held)
	w.held = nil
	return err
}
