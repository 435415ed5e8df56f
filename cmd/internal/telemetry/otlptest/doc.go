// Package otlptest is a collector for tests: it takes OTLP over HTTP, decodes it by
// the protocol's own definitions, and shows traces as trees.
package otlptest
