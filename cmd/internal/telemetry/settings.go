package telemetry

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// Names of the standard's environment variables that decide whether anything is
// sent. All others are read by the SDK itself.
const (
	envDisabled = "OTEL_SDK_DISABLED"
	envOTLP     = "OTEL_EXPORTER_OTLP_"
	envEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
)

// signal is one kind of telemetry, as it is called in the environment and in the
// path it is posted to.
type signal struct{ env, path, word string }

var (
	traces  = signal{"TRACES", "/v1/traces", "traces"}
	metrics = signal{"METRICS", "/v1/metrics", "metrics"}
)

// settings say what is sent, and where.
type settings struct {
	traces, metrics destination
	warnings        []string
}

// destination is where one signal goes.
type destination struct {
	on      bool
	shown   string            // the address, as people may see it
	url     string            // of the signal; empty: the SDK reads it from the environment
	headers map[string]string // nil: those of the environment
}

// environment is what a process was started with.
type environment map[string]string

func newEnvironment(environ []string) environment {
	e := environment{}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, "OTEL_") {
			e[name] = strings.TrimSpace(value)
		}
	}
	return e
}

// shortest is the length in bytes of the shortest header that is taken for a secret.
const shortest = 8

// without is redact for what the place answers: it may repeat the headers that it got,
// whether or not the project says that they are sensitive.
func (d destination) without(redact func(string) string) func(string) string {
	return func(text string) string {
		for _, value := range d.headers {
			if len(value) >= shortest {
				text = strings.ReplaceAll(text, value, "(sensitive)")
			}
		}
		return redact(text)
	}
}

// settings are those for a project. An endpoint in the environment goes before the
// project's block, whose headers it must not get.
func (e environment) settings(declared *assets.OTLP) (s settings) {
	if strings.EqualFold(e[envDisabled], "true") {
		return s
	}
	fromEnv := e[envEndpoint] != "" || e.of(traces, "ENDPOINT") != "" || e.of(metrics, "ENDPOINT") != ""
	for _, each := range []struct {
		signal
		to *destination
	}{{traces, &s.traces}, {metrics, &s.metrics}} {
		if exporter := e["OTEL_"+each.env+"_EXPORTER"]; exporter != "" && exporter != "otlp" {
			if exporter != "none" {
				s.warnings = append(s.warnings, fmt.Sprintf("OTEL_%s_EXPORTER is otlp or none, not %q: no %s are sent", each.env, exporter, each.word))
			}
			continue
		}
		switch endpoint := e.of(each.signal, "ENDPOINT"); {
		case endpoint != "":
			if protocol := e.of(each.signal, "PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
				s.warnings = append(s.warnings, fmt.Sprintf("%sPROTOCOL is %q, but only http/protobuf is spoken, usually on port 4318: no %s are sent", envOTLP, protocol, each.word))
				continue
			}
			*each.to = destination{on: true, shown: place(endpoint)}
		case !fromEnv && declared != nil && declared.Endpoint != "":
			*each.to = destination{on: true, shown: place(declared.Endpoint), url: strings.TrimSuffix(declared.Endpoint, "/") + each.path, headers: declared.Headers}
		}
	}
	return s
}

// of is the variable of a signal, or that of all signals.
func (e environment) of(s signal, name string) string {
	if value := e[envOTLP+s.env+"_"+name]; value != "" {
		return value
	}
	return e[envOTLP+name]
}

// secrets are the values in the environment that nobody may be shown.
func (e environment) secrets() (secrets []string) {
	for name, value := range e {
		switch {
		case strings.HasPrefix(name, envOTLP) && strings.HasSuffix(name, "HEADERS"):
			for _, pair := range strings.Split(value, ",") {
				_, text, _ := strings.Cut(pair, "=")
				decoded, err := url.PathUnescape(strings.TrimSpace(text))
				if err != nil {
					decoded = text
				}
				secrets = append(secrets, strings.TrimSpace(text), decoded)
				if _, token, ok := strings.Cut(decoded, " "); ok { // as in Bearer TOKEN
					secrets = append(secrets, token)
				}
			}
		case strings.HasPrefix(name, envOTLP) && strings.HasSuffix(name, "ENDPOINT"):
			if address, err := url.Parse(value); err == nil && address.User != nil {
				password, _ := address.User.Password()
				secrets = append(secrets, address.User.String(), password)
			}
		}
	}
	return secrets
}

// Secrets are the values in a process's environment that would show how it proves to
// a collector who it is.
func Secrets(environ []string) []string { return newEnvironment(environ).secrets() }

// place is an address without what may be secret in it.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "the collector"
	}
	return u.Scheme + "://" + u.Host
}
