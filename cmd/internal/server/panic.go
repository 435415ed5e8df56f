package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// survive answers a request that next panics over, a mistake of ours, with an error, and
// counts it: its client should not wonder why the connection broke. What was answered
// in part breaks off, as the rest of it will not come.
func (a *api) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &answer{ResponseWriter: w}
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if value == http.ErrAbortHandler { // that is how a handler breaks off on purpose
				panic(value)
			}
			a.counters.panics.Inc()
			a.Log.Error().Str("method", r.Method).Str("path", a.Redact(r.URL.Path)).Str("panic", a.Redact(fmt.Sprint(value))).
				Str("stack", a.Redact(string(debug.Stack()))).Msg("a request met a mistake of this program: please report it")
			if answer.begun {
				panic(http.ErrAbortHandler)
			}
			a.fail(w, refusal(http.StatusInternalServerError, "This request cannot be answered", "It met a mistake of this program, which goes on. The daemon's log has what to report."))
		}()
		next.ServeHTTP(answer, r)
	})
}

// answer remembers whether anything of it was sent.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(code int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(code)
}

func (a *answer) Write(text []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(text)
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
