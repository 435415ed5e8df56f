package server

import (
	"log"
	"strings"

	"github.com/rs/zerolog"
)

// quiet is where net/http says what went wrong with a connection: of interest only to
// who looks for it, a panic aside.
func quiet(to zerolog.Logger, redact func(string) string) *log.Logger {
	return log.New(logWriter{to, redact}, "", 0)
}

type logWriter struct {
	to     zerolog.Logger
	redact func(string) string
}

func (w logWriter) Write(text []byte) (int, error) {
	message := w.redact(strings.TrimSpace(string(text)))
	event := w.to.Debug()
	if strings.Contains(message, "panic") {
		event = w.to.Error()
	}
	event.Msg(message)
	return len(text), nil
}
