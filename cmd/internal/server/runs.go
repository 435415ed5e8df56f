package server

import (
	"net/http"
	"regexp"
	"strconv"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// How many runs are told of: unless asked otherwise, and at most.
const (
	defaultRuns = 20
	mostRuns    = 1000
)

func (a *api) runs(r *http.Request) (any, error) {
	limit := defaultRuns
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostRuns {
			return nil, refusal(http.StatusBadRequest, "Wrong limit", "limit is a number from 1 to %d, not %s.", mostRuns, shown(text))
		}
		limit = n
	}
	runs, err := a.daemon.Runs(r.Context(), limit)
	if err != nil {
		return nil, problemOf("Cannot read the runs", err)
	}
	return view.NewRuns(runs), nil
}

func (a *api) breaches(r *http.Request) (any, error) {
	doc, err := a.Breaches(r.Context(), r.URL.Query())
	if err != nil {
		return nil, problemOf("Cannot tell of breaches", err)
	}
	return doc, nil
}

// runID is what a run may be called: an id or a part of it, or "latest".
var runID = regexp.MustCompile(`^[0-9A-Za-z]{1,26}$`)

func (a *api) run(r *http.Request) (any, error) {
	id := r.PathValue("id")
	if !runID.MatchString(id) {
		return nil, refusal(http.StatusNotFound, "No such run", "%s is not the id of a run. See /api/v1/runs.", shown(id))
	}
	run, records, err := a.daemon.Records(r.Context(), id)
	if err != nil {
		return nil, problemOf("Cannot show the run", err)
	}
	return view.NewRun(run, records), nil
}
