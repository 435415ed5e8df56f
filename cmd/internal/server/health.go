package server

import (
	"io"
	"net/http"
	"time"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// healthy answers as long as the process is alive.
func healthy(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// ready says whether the daemon does what it is there for. Everybody may ask, so the
// answer tells nothing of the project.
func (a *api) ready(w http.ResponseWriter, _ *http.Request) {
	if why := notReady(a.daemon.Snapshot(), a.Now(), a.began, a.Patience); why != "" {
		w.Header().Set("Retry-After", "5")
		plain(w, http.StatusServiceUnavailable, why)
		return
	}
	plain(w, http.StatusOK, "ok")
}

// notReady says why a daemon is not ready; empty: it is. A warehouse that another
// program holds for a moment is nothing to wake somebody for. The daemon is stuck if the
// moment for another plan is long past and no run explains that.
func notReady(s Snapshot, now, began time.Time, patience time.Duration) string {
	if !s.Ready {
		return "no plan was made yet, " + view.Seconds(max(0, now.Sub(began).Seconds())) + " after the start"
	}
	if s.Stopping {
		return "stopping: no run begins any more"
	}
	if failing := now.Sub(s.FaultSince); s.Fault != "" && failing > patience {
		return "nothing could be built for " + view.Seconds(failing.Seconds()) + ": the log and /api/v1/status say why"
	}
	wake := s.Plan.NextWake
	if wake.IsZero() || len(s.Running) > 0 || now.Sub(wake) <= patience {
		return ""
	}
	return "stuck: a plan was due at " + view.Moment(wake) + ", " + view.Seconds(now.Sub(wake).Seconds()) + " ago"
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n") // an error is the client's, who has gone
}
