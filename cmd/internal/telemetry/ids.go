package telemetry

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"strings"

	"github.com/oklog/ulid/v2"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// runKey is where the id of a run stands in the context that its trace begins with.
type runKey struct{}

// ids makes the id of a run's trace of the run's own: both have 128 bits, so that who
// has one of them has the other.
type ids struct{}

// NewIDs implements sdktrace.IDGenerator.
func (g ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, err := ulid.ParseStrict(ctx.Value(runKey{}).(string))
	if err != nil { // not one of ours
		id = ulid.Make()
	}
	return trace.TraceID(id), g.NewSpanID(ctx, trace.TraceID(id))
}

// NewSpanID implements sdktrace.IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}

// parent is the span of whoever started this process; the zero parent is none.
type parent struct{ trace.SpanContext }

// parentOf reads TRACEPARENT and TRACESTATE. What is no W3C trace context is none.
func parentOf(environ []string) parent {
	carrier := propagation.MapCarrier{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "TRACEPARENT", "TRACESTATE":
			carrier[strings.ToLower(name)] = value
		}
	}
	return parent{trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))}
}

// context is where the trace of a run begins.
func (p parent) context(run string) context.Context {
	ctx := context.WithValue(context.Background(), runKey{}, run)
	if p.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, p.SpanContext)
	}
	return ctx
}
