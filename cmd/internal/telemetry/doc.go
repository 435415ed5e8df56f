// Package telemetry sends traces and metrics of runs to an OpenTelemetry
// collector, by OTLP over HTTP. It is the only room that imports OpenTelemetry.
//
// settings.go decides from the project and the environment whether anything is
// sent, and where; without that nothing here is started. [Telemetry.Begin] begins
// the trace of a run, which is told of the run's events and phases and makes spans
// of them (run.go). Spans wait in a queue that drops what has no room, metrics are
// gathered once a minute: nobody ever waits for the collector, and
// [Telemetry.Close] waits for it two seconds at most (pipeline.go). What did not
// arrive is counted and logged (delivery.go).
package telemetry
