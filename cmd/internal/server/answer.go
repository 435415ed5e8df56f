package server

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/lineage"
)

// problem is an error with the status code it is answered with.
type problem struct {
	code            int
	summary, detail string
}

func (p *problem) Error() string { return p.summary + ": " + p.detail }

func refusal(code int, summary, detail string, args ...any) *problem {
	return &problem{code, summary, fmt.Sprintf(detail, args...)}
}

// problemOf is the answer to an error of a daemon.
func problemOf(summary string, err error) *problem {
	code := http.StatusInternalServerError
	switch {
	case errors.Is(err, ErrBusy):
		code = http.StatusServiceUnavailable
	case errors.Is(err, ErrQuery):
		code = http.StatusBadRequest
	case errors.Is(err, ErrNoEvents):
		code = http.StatusConflict
	case errors.Is(err, ErrNoRun):
		code = http.StatusNotFound
	}
	return &problem{code, summary, view.Sentence(err.Error())}
}

// failureJSON is the document of every answer that is an error.
type failureJSON struct {
	FormatVersion string                `json:"format_version"`
	Diagnostics   []view.DiagnosticJSON `json:"diagnostics"`
}

// accepted is a document that tells of something that will be done.
type accepted struct{ doc any }

// answering writes what an endpoint returns.
func (a *api) answering(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc, err := e(r)
		if err != nil {
			a.fail(w, err)
			return
		}
		code := http.StatusOK
		if later, ok := doc.(accepted); ok {
			code, doc = http.StatusAccepted, later.doc
		}
		a.write(w, code, doc)
	})
}

func (a *api) fail(w http.ResponseWriter, err error) {
	p := &problem{}
	if !errors.As(err, &p) {
		p = problemOf("The request could not be answered", err)
	}
	if p.code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	if p.code >= http.StatusInternalServerError {
		a.Log.Debug().Int("code", p.code).Str("problem", a.Redact(p.Error())).Msg("a request could not be answered")
	}
	a.write(w, p.code, failureJSON{view.FormatVersion, []view.DiagnosticJSON{{Severity: "error", Summary: p.summary, Detail: p.detail}}})
}

func (a *api) write(w http.ResponseWriter, code int, doc any) {
	var b bytes.Buffer
	if err := view.JSONLine(&b, doc); err != nil {
		a.Log.Error().Err(err).Msg("a document cannot be written as JSON")
		http.Error(w, "the answer cannot be written as JSON: see the daemon's log", http.StatusInternalServerError)
		return
	}
	body := redact.JSON(b.Bytes(), a.Redact)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // an error is the client's, who has gone
}

// onlyParameters refuses a query with parameters that mean nothing here, or with one
// given twice: an event whose version is misspelt must not pass as one without.
func onlyParameters(r *http.Request, known []string) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refusal(http.StatusBadRequest, "The address cannot be read", "What follows its question mark is not written as parameters are: NAME=VALUE, with %% before the codes of special characters.")
	}
	var names []string
	for _, name := range known {
		names = append(names, strings.TrimSuffix(name, "+"))
	}
	for name, values := range query {
		switch {
		case slices.Contains(names, name) && len(values) == 1, slices.Contains(known, name+"+"):
		case slices.Contains(names, name):
			return refusal(http.StatusBadRequest, "A parameter is given twice", "Give %s once.", name)
		case len(lineage.Nearest(name, names)) > 0:
			return refusal(http.StatusBadRequest, "Unknown parameter", "Nothing is called %s here. Did you mean %s?", shown(name), lineage.Nearest(name, names)[0])
		default:
			return refusal(http.StatusBadRequest, "Unknown parameter", "Nothing is called %s here.", shown(name))
		}
	}
	return nil
}

// shown is what a client sent, short enough to send it back and quoted.
func shown(text string) string {
	if cut := []rune(text); len(cut) > 80 {
		text = string(cut[:80]) + "…"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "�"))
}
