package server

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// A request that meets a mistake of the program is answered, logged without secrets and
// counted; the next one is answered as if nothing had been.
func TestAPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	d := &fakeDaemon{snapshot: shop(), onRuns: func(context.Context) error { panic("no index for hunter2hunter2") }}
	o := options()
	o.Log = zerolog.New(&log)
	s := New(o)
	server := httptest.NewServer(s.Handler(d))
	defer server.Close()
	answer, err := http.Get(server.URL + "/api/v1/runs")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusInternalServerError || !strings.Contains(string(body), `"summary":"This request cannot be answered"`) || strings.Contains(string(body), "index") {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	if text := log.String(); !strings.Contains(text, `"panic":"no index for (sensitive)"`) || !strings.Contains(text, "panic_test.go") || strings.Contains(text, "hunter2") {
		t.Error(text)
	}
	d.onRuns = nil
	if w := ask(s.Handler(d), http.MethodGet, "/api/v1/runs", ""); w.Code != http.StatusOK {
		t.Error(w.Code, w.Body)
	}
	if got := scrape(t, s, d, "assets_http_panics_total"); len(got) != 1 || got[0] != "assets_http_panics_total 1" {
		t.Error(got)
	}
}

// An answer of which something was sent breaks off: an error after it would be taken for a part of it.
func TestAPanicInTheMiddleOfAnAnswerBreaksItOff(t *testing.T) {
	s := New(options())
	handler := (&api{s, &fakeDaemon{}}).survive(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		panic("over")
	}))
	server := httptest.NewServer(handler)
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(answer.Body); err == nil || string(body) != "half" {
		t.Errorf("%q, %v", body, err)
	}
}
