package server

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestLogOfConnections(t *testing.T) {
	var log strings.Builder
	to := quiet(zerolog.New(&log), options().Redact)
	to.Println("http: superfluous call")
	to.Println("http: panic serving 127.0.0.1: hunter2hunter2")
	want := `{"level":"debug","message":"http: superfluous call"}
{"level":"error","message":"http: panic serving 127.0.0.1: (sensitive)"}
`
	if log.String() != want {
		t.Error(log.String())
	}
}
