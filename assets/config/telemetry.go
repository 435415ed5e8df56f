package config

import (
	"fmt"
	"net/url"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

// readTelemetry reads the telemetry block of a project: where traces and metrics go.
func (l *loader) readTelemetry(s *scope, b *hclsyntax.Block) {
	l.noLabels(b)
	l.fits(b.Body, telemetrySchema, "the telemetry block")
	blocks := blocksOf(b.Body, "otlp")
	if len(blocks) == 0 && len(b.Body.Blocks)+len(b.Body.Attributes) == 0 {
		l.report(problem(b.DefRange(), "Empty telemetry block", `Say where traces and metrics go: telemetry { otlp { endpoint = "http://localhost:4318" } }, each block on lines of its own.`))
	}
	for i, ob := range blocks {
		if i > 0 {
			l.report(problem(ob.DefRange(), "Duplicate otlp block", "A project has one. A collector can send on to several places."))
			continue
		}
		l.project.OTLP = l.readOTLP(s, ob)
	}
}

// otlpProtocol is the encoding of OTLP that is spoken.
const otlpProtocol = "http/protobuf"

func (l *loader) readOTLP(s *scope, b *hclsyntax.Block) *assets.OTLP {
	const what = "the otlp block"
	l.noLabels(b)
	l.fits(b.Body, otlpSchema, what)
	a := l.args(s, b.Body, what)
	o := &assets.OTLP{Endpoint: a.collector("endpoint"), Headers: a.headers("headers"), Decl: b.DefRange()}
	if !a.has("endpoint") {
		l.report(problem(b.DefRange(), `The otlp block has no "endpoint"`, `Give the address of the collector: endpoint = "http://localhost:4318".`))
	}
	if protocol := a.filled("protocol"); protocol != "" && protocol != otlpProtocol {
		a.wrong("protocol", fmt.Sprintf("The protocol %q is not spoken", protocol),
			fmt.Sprintf("Traces and metrics are sent as %q, which every collector takes, usually on port 4318. Leave the argument out.", otlpProtocol))
	}
	return o
}

// collector reads the address of a collector. What is wrong with one that is no
// address is not quoted: it may be a secret.
func (a *args) collector(name string) string {
	text, secret, ok := a.secretText(name)
	if !ok {
		return ""
	}
	address, err := url.Parse(text)
	switch {
	case err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "":
		a.wrong(name, fmt.Sprintf("%q must be a URL", name), `Write the address of the collector with http:// or https://, such as "http://localhost:4318": traces are posted to /v1/traces below it, metrics to /v1/metrics.`)
	case address.User != nil || address.RawQuery != "" || address.Fragment != "":
		a.wrong(name, fmt.Sprintf("%q may have no user, password, ? or #", name), `Send what proves who you are as a header: headers = { Authorization = "Bearer ${env("TOKEN")}" }.`)
	default:
		if secret {
			a.s.l.keepTokens(address)
		}
		return text
	}
	return ""
}
