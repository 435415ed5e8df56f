package telemetry

import (
	"context"
	"errors"
	"net/url"
	"sync"

	"github.com/rs/zerolog"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// delivery counts what of one signal arrived, and tells what did not.
type delivery struct {
	what string // as people say it
	to   string
	log  zerolog.Logger
	// live says that a failure is told when it begins and when it ends; otherwise
	// once, at the end.
	live bool
	// cumulative says that what arrives later makes good what was lost before.
	cumulative bool
	redact     func(string) string
	dead       context.Context // done when nothing is waited for any longer

	mu      sync.Mutex
	made    int
	sent    int
	failing error // the latest attempt's; nil: it arrived
	why     error // the latest failure
}

// within is ctx that is done, too, when nothing is waited for any longer.
func (d *delivery) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(d.dead, cancel)
	return ctx, func() { stop(); cancel() }
}

// tried takes note of how sending n of them went.
func (d *delivery) tried(n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.failing
	d.failing = err
	if err == nil {
		d.sent += n
		if before != nil && d.live {
			d.log.Info().Str("to", d.to).Msg(d.what + " are delivered again")
		}
		return
	}
	d.why = err
	if before == nil && d.live {
		d.log.Warn().Str("to", d.to).Str("why", d.brief(err)).Msg(d.what + " are not delivered: what is built is not affected")
	}
}

// ended tells what was lost.
func (d *delivery) ended() {
	d.mu.Lock()
	defer d.mu.Unlock()
	lost := d.made - d.sent
	if lost <= 0 || d.cumulative && d.failing == nil {
		return
	}
	why := "there was no time for them before the end"
	if d.why != nil {
		why = d.brief(d.why)
	}
	d.log.Warn().Str("to", d.to).Int("lost", lost).Int("of", d.made).Str("why", why).Msg(d.what + " were not delivered: what was built is not affected")
}

// mostWhy bounds how much of an answer is shown, in bytes.
const mostWhy = 300

// brief is why a delivery failed, without the address, which may hold a secret.
func (d *delivery) brief(err error) string {
	if errors.Is(err, context.Canceled) {
		return "it had not answered by the end"
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	text := d.redact(err.Error())
	if len(text) > mostWhy {
		text = text[:mostWhy] + "…"
	}
	return text
}

// counter is a span processor that counts the spans there are to send.
type counter struct{ *delivery }

func (counter) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (counter) Shutdown(context.Context) error                  { return nil }
func (counter) ForceFlush(context.Context) error                { return nil }
func (c counter) OnEnd(s sdktrace.ReadOnlySpan) {
	if s.SpanContext().IsSampled() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.made++
	}
}

// spanExporter is an exporter whose failures are no errors: they are noted.
type spanExporter struct {
	sdktrace.SpanExporter
	*delivery
}

func (e spanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	e.tried(len(spans), e.SpanExporter.ExportSpans(ctx, spans))
	return nil
}

// metricExporter is an exporter whose failures are no errors: they are noted.
type metricExporter struct {
	sdkmetric.Exporter
	*delivery
}

func (e metricExporter) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	ctx, cancel := e.within(ctx)
	defer cancel()
	e.mu.Lock()
	e.made++
	e.mu.Unlock()
	e.tried(1, e.Exporter.Export(ctx, m))
	return nil
}
