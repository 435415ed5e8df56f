package notify

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestPost(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed a redirect") }))
	defer elsewhere.Close()
	answer := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, text)
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string // a part of the error; empty: delivered
		refused bool
	}{
		{"as Marquez", answer(201, ""), "", false},
		{"with a body", answer(200, `{"status":"ok"}`), "", false},
		{"out of order", answer(500, "<html>oops</html>"), "it answered 500 Internal Server Error", false},
		{"with a reason", answer(503, "try\n later"), `503 Service Unavailable, "try later"`, false},
		{"without a right", answer(401, "who?"), "401 Unauthorized: look at `headers`", false},
		{"another place", http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP, "302 Found, a redirect", false},
		{"refusing", answer(422, "no runId"), `422 Unprocessable Entity, "no runId"`, true},
		{"talkative", answer(400, strings.Repeat("x", 1<<20)), strings.Repeat("x", 120) + "…", true},
		{"hanging", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "did not answer within 100ms", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != "POST" || r.URL.Path != "/api/v1/lineage" || r.URL.RawQuery != "key=k3y" || string(body) != `{"a":1}` ||
					r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer t0ken" {
					t.Errorf("%s %s %v %s", r.Method, r.URL, r.Header, body)
				}
				c.handler(w, r)
			}))
			defer server.Close()
			transport := ownTransport()
			defer transport.CloseIdleConnections()
			p := newPoster(server.URL+"/api/v1/lineage?key=k3y", map[string]string{"authorization": "Bearer t0ken"}, 100*time.Millisecond, transport)
			err := p.post(context.Background(), []byte("{\"a\":1}\n"))
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, new(refused)) != c.refused {
				t.Errorf("%v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "k3y") || strings.Contains(err.Error(), "t0ken")) {
				t.Errorf("a secret in %q", err)
			}
		})
	}
}

func TestPostToNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	p := newPoster("http://user:passw0rd@"+address+"/k3y", nil, time.Second, ownTransport())
	if err := p.post(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "k3y") || strings.Contains(err.Error(), "passw0rd") {
		t.Errorf("%v", err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.post(gone, nil); err == nil || !strings.Contains(err.Error(), "by the end of the run") {
		t.Errorf("%v", err)
	}
	if got := place(p.url); got != "http://"+address {
		t.Errorf("shown as %s", got)
	}
}
