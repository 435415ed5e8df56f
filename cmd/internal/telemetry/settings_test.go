package telemetry

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

func TestWhatIsSentWhere(t *testing.T) {
	declared := &assets.OTLP{Endpoint: "https://otel.example.com/tenant/", Headers: map[string]string{"X-Key": "k"}}
	block := func(s signal) destination {
		return destination{on: true, shown: "https://otel.example.com", url: "https://otel.example.com/tenant" + s.path, headers: declared.Headers}
	}
	env := destination{on: true, shown: "http://collector:4318"}
	for _, c := range []struct {
		name     string
		environ  string // separated by spaces
		declared *assets.OTLP
		want     settings
	}{
		{"nothing by itself", "OTEL_SERVICE_NAME=x OTEL_EXPORTER_OTLP_HEADERS=a=b", nil, settings{}},
		{"the project's block", "", declared, settings{traces: block(traces), metrics: block(metrics)}},
		{"the environment", "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", nil, settings{traces: env, metrics: env}},
		{"the environment before the block", "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", declared, settings{traces: env, metrics: env}},
		{"one signal in the environment leaves the block out", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://collector:4318/v1/traces", declared, settings{traces: env}},
		{"disabled", "OTEL_SDK_DISABLED=TRUE OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", declared, settings{}},
		{"without traces", "OTEL_TRACES_EXPORTER=none", declared, settings{metrics: block(metrics)}},
		{"otlp said at length", "OTEL_TRACES_EXPORTER=otlp OTEL_METRICS_EXPORTER=none OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", nil, settings{traces: env}},
		{"another exporter", "OTEL_METRICS_EXPORTER=console", declared,
			settings{traces: block(traces), warnings: []string{`OTEL_METRICS_EXPORTER is otlp or none, not "console": no metrics are sent`}}},
		{"another protocol", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=grpc OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", nil,
			settings{traces: env, warnings: []string{`OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", but only http/protobuf is spoken, usually on port 4318: no metrics are sent`}}},
		{"an endpoint that is no address", "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", nil,
			settings{traces: destination{on: true, shown: "the collector"}, metrics: destination{on: true, shown: "the collector"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newEnvironment(strings.Fields(c.environ)).settings(c.declared)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(settings{}, destination{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSecretsOfTheEnvironment(t *testing.T) {
	got := Secrets([]string{
		"OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20t0ken, x-key = k3y",
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS=x-tenant=acme", "OTEL_EXPORTER_OTLP_ENDPOINT=https://me:pa55@collector",
		"OTEL_SERVICE_NAME=shop", "PATH=/bin",
	})
	slices.Sort(got)
	want := []string{"Bearer t0ken", "Bearer%20t0ken", "acme", "acme", "k3y", "k3y", "me:pa55", "pa55", "t0ken"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
