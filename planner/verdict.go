package planner

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Verdict is what the checks of a source found in one version of it.
type Verdict struct {
	Source  assets.Name     `json:"source"`
	Version assets.Digest   `json:"version"`
	Columns []assets.Column `json:"columns"`
	// Rows is how many there are; nil: no check had to read them.
	Rows *int64 `json:"rows,omitempty"`
	// Audit is the digest of the checks that Checks are the results of.
	Audit assets.Digest `json:"audit"`
	// Looked holds the versions of the other sources that the checks looked at.
	Looked map[assets.Name]assets.Digest `json:"looked,omitempty"`
	Checks []CheckResult                 `json:"checks"`
	// Before is the version that this one was compared with; nil: there was none.
	Before *Accepted `json:"before,omitempty"`
	Run    string    `json:"run"`
	At     time.Time `json:"at"`
}

// Accepted is a version of a source that was let in: what the next one is compared with.
type Accepted struct {
	Version assets.Digest   `json:"version"`
	Columns []assets.Column `json:"columns"`
	Rows    *int64          `json:"rows,omitempty"`
}

// Accepted reports whether the version may be read: no check of severity error
// failed, and each could be run.
func (v Verdict) Accepted() bool {
	return !slices.ContainsFunc(v.Checks, func(c CheckResult) bool { return c.Status == CheckFailed })
}

// Failures names the checks that failed: "check unique(id)", "checks a and b".
func (v Verdict) Failures() string {
	var failed []string
	for _, c := range v.Checks {
		if c.Status == CheckFailed {
			failed = append(failed, c.Check)
		}
	}
	if len(failed) < 2 {
		return "check " + strings.Join(failed, "")
	}
	last := len(failed) - 1
	return "checks " + strings.Join(failed[:last], ", ") + " and " + failed[last]
}

// Baseline is what a version is compared with when it is judged after v by the
// checks of digest audit: the latest version that was let in. The same question
// asked again gets the same answer.
func (v Verdict) Baseline(version, audit assets.Digest) *Accepted {
	switch {
	case v.Source == assets.Name{}:
		return nil
	case !v.Accepted(), v.Version == version && v.Audit == audit:
		return v.Before
	}
	return &Accepted{Version: v.Version, Columns: v.Columns, Rows: v.Rows}
}

// Holds reports whether v answers for a version of its source: judged by checks of
// digest audit, with the versions of other sources that there are now.
func (v Verdict) Holds(version, audit assets.Digest, now func(assets.Name) assets.Digest) bool {
	if v.Version != version || v.Audit != audit {
		return false
	}
	for source, looked := range v.Looked {
		if now(source) != looked {
			return false
		}
	}
	return true
}

// Verdict returns what is known of the version of a source that there is now;
// false: it has not been judged, or not by the checks as they are now. A source
// without checks has no verdict.
func (in Input) Verdict(name assets.Name) (Verdict, bool) {
	source := in.Project.Sources[name]
	if source == nil || len(source.Checks) == 0 {
		return Verdict{}, false
	}
	verdict := in.State.Verdicts[name]
	now := func(n assets.Name) assets.Digest { return in.Observed[n].ID }
	return verdict, verdict.Holds(now(name), ChecksDigest(source.Checks), now)
}
