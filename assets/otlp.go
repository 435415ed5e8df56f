package assets

import "github.com/hashicorp/hcl/v2"

// OTLP says where traces and metrics of runs go. It decides nothing about what is built.
type OTLP struct {
	// Endpoint is the address of a collector: traces are posted to /v1/traces below it,
	// metrics to /v1/metrics. It and the values of Headers may hold secrets: they are
	// never shown.
	Endpoint string
	Headers  map[string]string
	Decl     hcl.Range
}
