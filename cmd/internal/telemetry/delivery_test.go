package telemetry

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-4311623e/assets/cmd/internal/telemetry/otlptest"
	"github.com/seed-4311623e/assets/materialize"
)

// hangs takes a request and never answers.
func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then the server notices when the client goes
	<-r.Context().Done()
}

// Whatever a collector does, the run ends, and what was lost is told, without secrets.
func TestBadCollectors(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	answer := func(code int, header, value, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(header, value)
			w.WriteHeader(code)
			fmt.Fprint(w, body+r.Header.Get("X-Key"))
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc // nil: nobody listens
		why     string           // is told; empty: nothing is lost
	}{
		{"refuses", nil, "connection refused"},
		{"hangs", hangs, ""},
		{"is busy, and asks for an hour", answer(503, "Retry-After", "3600", "busy "), "busy (sensitive)"},
		{"does not know us", answer(401, "X", "", "who is "), "401 Unauthorized"},
		{"sends elsewhere", answer(307, "Location", "http://127.0.0.1:1/", ""), "307 Temporary Redirect"},
		{"answers with something else", answer(200, "Content-Type", "application/x-protobuf", "<html>"), "proto"},
		{"cuts the answer off", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "short")
		}, "unexpected EOF"},
		{"talks without end", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := fmt.Fprint(w, strings.Repeat("x", 1<<16)); err != nil {
					return
				}
			}
		}, ""},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := "http://" + refused.Addr().String()
			if c.handler != nil {
				address = serve(t, c.handler)
			}
			tel, log := start(false)
			small(tel, shop(address))
			tel.Close() // a collector that hangs does so until the end of the test
			text := log.String()
			for _, want := range []string{`"message":"spans were not delivered`, `"message":"metrics were not delivered`, `"lost":3,"of":3`, `"to":"` + address + `"`, c.why} {
				if !strings.Contains(text, want) {
					t.Errorf("the log does not hold %s:\n%s", want, text)
				}
			}
			if strings.Contains(text, secret) || strings.Contains(text, token) {
				t.Errorf("the log holds a secret:\n%s", text)
			}
		})
	}
}

// What has no room is dropped, and nobody waits for room.
func TestTheQueueIsBounded(t *testing.T) {
	tel, log := start(false, "OTEL_BSP_MAX_QUEUE_SIZE=10")
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10") // the SDK reads it itself
	r := tel.Begin(shop(serve(t, http.HandlerFunc(hangs))), runID, eight)
	for range 5000 {
		r.Phases()(materialize.Phase{Kind: materialize.WritePhase, Began: after(1), Ended: after(2)})
	}
	r.End(materialize.Result{}, nil, after(3))
	tel.Close()
	if want := `"lost":5001,"of":5001`; !strings.Contains(log.String(), want) {
		t.Errorf("the log does not hold %s:\n%s", want, log)
	}
}

// A process that goes on tells when deliveries begin to fail, and when they no longer do.
func TestFailuresAreToldWhenTheyBeginAndEnd(t *testing.T) {
	var down atomic.Bool
	c := otlptest.Collector{Refuse: func(w http.ResponseWriter, _ *http.Request) bool {
		if down.Load() {
			w.WriteHeader(http.StatusTeapot)
		}
		return down.Load()
	}}
	tel, log := start(true)
	p := shop(serve(t, &c))
	for i, isDown := range []bool{false, true, true, false, false} {
		down.Store(isDown)
		small(tel, p)
		if err := tel.configured(p).tracer.ForceFlush(context.Background()); err != nil {
			t.Fatal(err)
		}
		want := []int{0, 1, 1, 2, 2}[i]
		if got := strings.Count(log.String(), "\n"); got != want {
			t.Fatalf("%d lines after run %d, want %d:\n%s", got, i+1, want, log)
		}
	}
	for _, want := range []string{"spans are not delivered: what is built is not affected", "418", "spans are delivered again"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not hold %s:\n%s", want, log)
		}
	}
	tel.Close()
}

// A project that was edited sends elsewhere from then on, and what was under way arrives.
func TestAnotherEndpoint(t *testing.T) {
	var one, other otlptest.Collector
	tel, log := start(true)
	a, b := shop(serve(t, &one)), shop(serve(t, &other))
	small(tel, a)
	tel.Configure(b)
	small(tel, b)
	b.OTLP = nil
	if tel.Configure(b) {
		t.Error("it is sent somewhere although nobody asks for it")
	}
	tel.Close()
	for _, c := range []*otlptest.Collector{&one, &other} {
		if _, spans, points := arrived(t, c); len(spans) != 3 || len(points) == 0 {
			t.Errorf("%d spans, %d points", len(spans), len(points))
		}
	}
	if log.String() != "" {
		t.Error(log)
	}
}

// Headers come from the project, and from the environment if it has none.
func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		headers map[string]string
		want    string
	}{{nil, "from the environment"}, {map[string]string{"X-Key": "declared"}, "declared"}} {
		var collector otlptest.Collector
		t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "X-Key=from%20the%20environment")
		tel, _ := start(false)
		p := shop(serve(t, &collector))
		p.OTLP.Headers = c.headers
		small(tel, p)
		tel.Close()
		for _, r := range collector.Requests() {
			if got := r.Header.Get("X-Key"); got != c.want {
				t.Errorf("%s got %q, want %q", r.Path, got, c.want)
			}
		}
		if len(collector.Requests()) != 2 {
			t.Error(collector.Requests())
		}
	}
}

// Whom to trust is said by the environment.
func TestTLS(t *testing.T) {
	var c otlptest.Collector
	server := httptest.NewTLSServer(&c)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
	tel, log := start(false)
	small(tel, shop(server.URL))
	tel.Close()
	if !strings.Contains(log.String(), "certificate") || len(c.Requests()) > 0 {
		t.Errorf("a stranger was trusted: %s", log)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", file) // the SDK reads it, too
	tel, log = start(false, "OTEL_EXPORTER_OTLP_CERTIFICATE="+file)
	small(tel, shop(server.URL))
	tel.Close()
	if log.String() != "" || len(c.Requests()) != 2 {
		t.Errorf("%d requests arrived: %s", len(c.Requests()), log)
	}
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "")
	tel, log = start(false, "OTEL_EXPORTER_OTLP_CERTIFICATE="+file+".gone")
	small(tel, shop(server.URL))
	tel.Close()
	if want := "traces cannot be sent"; !strings.Contains(log.String(), want) {
		t.Errorf("the log does not say that %s: %s", want, log)
	}
}
