package telemetry

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	promotel "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

const (
	// grace is how long the end of the process waits for the collector.
	grace = 2 * time.Second
	// mostSpans is how many spans wait to be sent; those of a run's assets end all at
	// once. Beyond that they are dropped. OTEL_BSP_MAX_QUEUE_SIZE changes it.
	mostSpans = 16_384
	// scope names who made the spans.
	scope = "github.com/seed-4311623e/assets"
)

// How requests are repeated that a collector could not take just then.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 5 * time.Second
	longestTry   = 30 * time.Second
)

// pipeline brings spans and metrics to one place.
type pipeline struct {
	settings   settings
	tracer     *sdktrace.TracerProvider // nil: no traces
	meter      *sdkmetric.MeterProvider // nil: no metrics
	deliveries []*delivery
	transports []*http.Transport
	kill       context.CancelFunc
}

// open starts what settings ask for. What cannot be started is logged and left out.
func (t *Telemetry) open(s settings, project string) *pipeline {
	dead, kill := context.WithCancel(context.Background())
	p := &pipeline{settings: s, kill: kill}
	of := t.resource(project)
	if s.traces.on {
		if exporter, err := p.spans(t, s.traces, dead); err != nil {
			t.Log.Warn().Str("why", t.Redact(err.Error())).Msg("traces cannot be sent")
		} else {
			var queue []sdktrace.BatchSpanProcessorOption
			if t.env["OTEL_BSP_MAX_QUEUE_SIZE"] == "" {
				queue = append(queue, sdktrace.WithMaxQueueSize(mostSpans))
			}
			p.tracer = sdktrace.NewTracerProvider(sdktrace.WithResource(of), sdktrace.WithIDGenerator(ids{}),
				sdktrace.WithSpanProcessor(counter{exporter.delivery}), sdktrace.WithBatcher(exporter, queue...))
		}
	}
	if s.metrics.on && t.gatherer != nil {
		if exporter, err := p.metrics(t, s.metrics, dead); err != nil {
			t.Log.Warn().Str("why", t.Redact(err.Error())).Msg("metrics cannot be sent")
		} else {
			producer := promotel.NewMetricProducer(promotel.WithGatherer(t.gatherer))
			p.meter = sdkmetric.NewMeterProvider(sdkmetric.WithResource(of), sdkmetric.WithReader(
				sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithProducer(producer))))
		}
	}
	return p
}

func (p *pipeline) spans(t *Telemetry, to destination, dead context.Context) (spanExporter, error) {
	client, transport, err := t.env.client(traces)
	if err != nil {
		return spanExporter{}, err
	}
	o := []otlptracehttp.Option{otlptracehttp.WithHTTPClient(client), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
		Enabled: true, InitialInterval: firstPause, MaxInterval: longestPause, MaxElapsedTime: longestTry})}
	if to.url != "" {
		o = append(o, otlptracehttp.WithEndpointURL(to.url))
	}
	if to.headers != nil {
		o = append(o, otlptracehttp.WithHeaders(to.headers))
	}
	exporter, err := otlptracehttp.New(dead, o...)
	if err != nil {
		return spanExporter{}, err
	}
	return spanExporter{exporter, p.delivery(t, "spans", to, dead, transport)}, nil
}

func (p *pipeline) metrics(t *Telemetry, to destination, dead context.Context) (metricExporter, error) {
	client, transport, err := t.env.client(metrics)
	if err != nil {
		return metricExporter{}, err
	}
	o := []otlpmetrichttp.Option{otlpmetrichttp.WithHTTPClient(client), otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{
		Enabled: true, InitialInterval: firstPause, MaxInterval: longestPause, MaxElapsedTime: longestTry})}
	if to.url != "" {
		o = append(o, otlpmetrichttp.WithEndpointURL(to.url))
	}
	if to.headers != nil {
		o = append(o, otlpmetrichttp.WithHeaders(to.headers))
	}
	exporter, err := otlpmetrichttp.New(dead, o...)
	if err != nil {
		return metricExporter{}, err
	}
	d := p.delivery(t, "metrics", to, dead, transport)
	d.cumulative = true
	return metricExporter{exporter, d}, nil
}

func (p *pipeline) delivery(t *Telemetry, what string, to destination, dead context.Context, transport *http.Transport) *delivery {
	d := &delivery{what: what, to: to.shown, log: t.Log, live: t.Live, redact: to.without(t.Redact), dead: dead}
	p.deliveries = append(p.deliveries, d)
	p.transports = append(p.transports, transport)
	return d
}

// resource says whose telemetry it is. What the environment says goes first.
func (t *Telemetry) resource(project string) *resource.Resource {
	r, err := resource.New(context.Background(), resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName("assets"), semconv.ServiceVersion(t.Version), attribute.String("assets.project", t.Redact(project))),
		resource.WithFromEnv())
	if err != nil { // what could be found out is there all the same
		t.Log.Warn().Str("why", t.Redact(err.Error())).Msg("OTEL_RESOURCE_ATTRIBUTES could not be read whole")
	}
	return r
}

// close sends what there is, for at most the grace, and gives up on the rest.
func (p *pipeline) close() {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var ending sync.WaitGroup
	if p.tracer != nil {
		ending.Go(func() { _ = p.tracer.Shutdown(ctx) }) // what was lost is counted
	}
	if p.meter != nil {
		ending.Go(func() { _ = p.meter.Shutdown(ctx) })
	}
	ending.Wait()
	p.kill()
	for _, d := range p.deliveries {
		d.ended()
	}
	for _, t := range p.transports {
		t.CloseIdleConnections()
	}
}

// Gatherer is where metrics come from.
type Gatherer = prometheus.Gatherer
