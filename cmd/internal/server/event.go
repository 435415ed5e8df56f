package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// The largest body of an event, and the longest name of a version, in bytes.
const (
	largestBody    = 4 << 10
	longestVersion = 256
)

// EventJSON tells that an event was taken.
type EventJSON struct {
	FormatVersion string      `json:"format_version"`
	Source        assets.Name `json:"source"`
	// Version is the one that was sent; empty: the daemon named it.
	Version string `json:"version,omitempty"`
}

func (a *api) event(r *http.Request) (any, error) {
	version, err := sentVersion(r)
	if err != nil {
		return nil, err
	}
	s, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	source, err := s.find(r.PathValue("source"), "source", func(n assets.Name) bool { return s.Project.Sources[n] != nil })
	if err != nil {
		return nil, err
	}
	if err := a.daemon.Push(r.Context(), source, version); err != nil {
		return nil, problemOf("The event was not taken", err)
	}
	return accepted{EventJSON{view.FormatVersion, source, version}}, nil
}

// sentVersion is the version that an event is about, from the query or the body.
func sentVersion(r *http.Request) (string, error) {
	version := r.URL.Query().Get("version")
	inBody, err := versionInBody(r)
	switch {
	case err != nil:
		return "", err
	case version != "" && inBody != "" && version != inBody:
		return "", refusal(http.StatusBadRequest, "Two versions", "The address and the body name different versions: give one.")
	case version == "":
		version = inBody
	}
	switch {
	case len(version) > longestVersion:
		return "", refusal(http.StatusBadRequest, "Wrong version", "A version has at most %d bytes.", longestVersion)
	case !utf8.ValidString(version), strings.ContainsFunc(version, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", refusal(http.StatusBadRequest, "Wrong version", "A version is text that can be printed on one line.")
	case version != strings.TrimSpace(version):
		return "", refusal(http.StatusBadRequest, "Wrong version", "A version does not begin or end with a blank.")
	}
	return version, nil
}

func versionInBody(r *http.Request) (string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, largestBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return "", refusal(http.StatusRequestEntityTooLarge, "The body is too large", "An event has at most %d bytes: a version names content, and does not carry it.", largestBody)
	case err != nil:
		return "", refusal(http.StatusBadRequest, "The body could not be read", "It ended before it was complete.")
	case len(bytes.TrimSpace(body)) == 0:
		return "", nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return "", refusal(http.StatusUnsupportedMediaType, "The body is not JSON", "Send it with “Content-Type: application/json”, not compressed, or give the version in the address: ?version=….")
	}
	var event struct {
		Version string `json:"version"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&event) != nil || decoder.Decode(&struct{}{}) != io.EOF {
		return "", refusal(http.StatusBadRequest, "The body is not an event", `It is one JSON object and holds nothing but the version, a string: {"version": "2026-11-24"}.`)
	}
	return event.Version, nil
}
