package server

import (
	"net/http"
	"slices"
	"strings"
)

// endpoint answers one kind of request. What it returns is written by [api.answer].
type endpoint func(*http.Request) (any, error)

// api answers the requests of one daemon.
type api struct {
	*Server
	daemon Daemon
}

// Handler answers requests for d. Health is open to everybody, all else is guarded.
func (s *Server) Handler(d Daemon) http.Handler {
	a := &api{s, d}
	guarded := http.NewServeMux()
	get := []string{http.MethodGet, http.MethodHead}
	handle := func(path string, methods []string, e endpoint, parameters ...string) {
		guarded.Handle(path, a.endpoint(methods, parameters, e))
	}
	guarded.Handle("/metrics", a.methods(get, s.metrics(d)))
	handle("/api/v1/status", get, a.status)
	handle("/api/v1/plan", get, a.plan)
	handle("/api/v1/runs", get, a.runs, "limit")
	handle("/api/v1/runs/{id}", get, a.run)
	handle("/api/v1/assets/{name}", get, a.asset)
	handle("/api/v1/events/{source}", []string{http.MethodPost}, a.event, "version")
	if s.Breaches != nil {
		handle("/api/v1/breaches", get, a.breaches, "name+", "since", "open")
	}
	guarded.Handle("/", a.answering(func(r *http.Request) (any, error) {
		return nil, refusal(http.StatusNotFound, "There is nothing here", "%s is no path of this server. See /api/v1/status, /api/v1/plan, /api/v1/runs, /api/v1/breaches and /metrics.", shown(r.URL.Path))
	}))

	mux := http.NewServeMux()
	mux.Handle("/healthz", a.methods(get, http.HandlerFunc(healthy)))
	mux.Handle("/readyz", a.methods(get, http.HandlerFunc(a.ready)))
	mux.Handle("/", a.guard(guarded))
	return headers(a.survive(mux))
}

// headers says of all answers that they are of the moment, and what they say they are.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// endpoint is e for requests with these methods and query parameters. One whose name
// ends with + may be given more than once.
func (a *api) endpoint(methods, parameters []string, e endpoint) http.Handler {
	return a.methods(methods, a.answering(func(r *http.Request) (any, error) {
		if err := onlyParameters(r, parameters); err != nil {
			return nil, err
		}
		return e(r)
	}))
}

// methods refuses all other methods.
func (a *api) methods(allowed []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(allowed, r.Method) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			a.fail(w, refusal(http.StatusMethodNotAllowed, "Wrong method", "%s takes %s.", shown(r.URL.Path), allowed[0]))
			return
		}
		next.ServeHTTP(w, r)
	})
}
