package otlptest

import (
	"fmt"
	"io"
	"net/http"
	"sync"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes what is posted to it.
type Collector struct {
	// Refuse answers a request itself, if it returns true; nil: it never does.
	Refuse func(http.ResponseWriter, *http.Request) bool

	mu       sync.Mutex
	requests []Request
}

// Request is one that was taken.
type Request struct {
	Path   string
	Header http.Header
	Body   []byte
}

// ServeHTTP implements [http.Handler].
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.Refuse != nil && c.Refuse(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		_, _, err = decode(r.URL.Path, body)
	}
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, fmt.Sprint("no OTLP: ", err), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, Request{r.URL.Path, r.Header.Clone(), body})
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// Requests are those that were taken.
func (c *Collector) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Request(nil), c.requests...)
}

// Decode returns what requests hold.
func Decode(requests []Request) (spans []Span, points []Point, err error) {
	for _, r := range requests {
		s, p, err := decode(r.Path, r.Body)
		if err != nil {
			return nil, nil, err
		}
		spans, points = append(spans, s...), append(points, p...)
	}
	return spans, points, nil
}

func decode(path string, body []byte) ([]Span, []Point, error) {
	switch path {
	case "/v1/traces":
		var request tracepb.ExportTraceServiceRequest
		err := proto.Unmarshal(body, &request)
		return spansOf(&request), nil, err
	case "/v1/metrics":
		var request metricspb.ExportMetricsServiceRequest
		err := proto.Unmarshal(body, &request)
		return nil, pointsOf(&request), err
	}
	return nil, nil, fmt.Errorf("nothing is posted to %s", path)
}
