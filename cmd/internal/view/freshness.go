package view

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// PolicyJSON is a freshness block that holds for an asset.
type PolicyJSON struct {
	FreshnessJSON
	// Of is the asset that declares it: the asset itself, or one made from it. Missing
	// if it is the project's default, or if none is declared and nothing may lag.
	Of      *assets.Name `json:"of,omitempty"`
	Default bool         `json:"default,omitempty"` // of the project
}

// newPolicies are the policies of an asset, the tightest first.
func newPolicies(project *assets.Project, policies []planner.Policy) []PolicyJSON {
	list := make([]PolicyJSON, 0, len(policies))
	for _, p := range policies {
		list = append(list, newPolicy(project, p))
	}
	slices.SortStableFunc(list, func(a, b PolicyJSON) int { return cmp.Compare(a.MaxLagSeconds, b.MaxLagSeconds) })
	return list
}

func newPolicy(project *assets.Project, p planner.Policy) PolicyJSON {
	j := PolicyJSON{FreshnessJSON: FreshnessJSON{MaxLagSeconds: p.MaxLag.Seconds(), At: p.At, Sources: p.Sources}}
	if p.At != "" {
		j.Timezone = cmp.Or(p.Timezone, project.Timezone, "UTC")
	}
	if p.Of != (assets.Name{}) {
		j.Of = &p.Of
	}
	j.Default = j.Of == nil && len(project.Freshness) > 0
	return j
}

// declares reports whether a project says how fresh or when anything is to be built.
func declares(p *assets.Project) bool {
	if len(p.Freshness) > 0 {
		return true
	}
	for _, a := range p.Assets {
		if len(a.Freshness) > 0 || !a.Schedule.IsZero() {
			return true
		}
	}
	return false
}

// policy is the tightest policy of an asset in the few words of a table: "1h",
// "6h at 0 8 * * *", "6h of mart.report", "none".
func (a AssetStatusJSON) policy() string {
	if len(a.Policy) == 0 {
		return ""
	}
	p := a.Policy[0]
	inherited := p.Of != nil && *p.Of != a.Asset
	if inherited && p.MaxLagSeconds > 0 {
		p.At = "" // whose it is says more
	}
	text := p.short()
	switch {
	case p.Of == nil && !p.Default:
		return "none"
	case p.Default:
		text += " by default"
	case inherited:
		text += " of " + p.Of.String()
	}
	if more := len(a.Policy) - 1; more > 0 {
		text += fmt.Sprintf(", %d more", more)
	}
	return text
}

// short is a policy without whose it is. Nothing may lag at a tick: that is its schedule.
func (p PolicyJSON) short() string {
	lag := lagText(p.MaxLagSeconds)
	switch {
	case p.At == "":
		return lag
	case p.MaxLagSeconds == 0:
		return p.At
	}
	return lag + " at " + p.At
}

// words are a policy as its block has it: "max_lag 6h at 0 8 * * * Europe/Paris".
func (p PolicyJSON) words() string {
	text := "max_lag " + lagText(p.MaxLagSeconds)
	if p.At != "" {
		text += " at " + p.At + " " + p.Timezone
	}
	if len(p.Sources) > 0 {
		text += " for " + names(p.Sources, "and")
	}
	return text
}

// dueText is when a policy is kept at the latest: "in 42m", "overdue 3h".
func dueText(due *time.Time, now time.Time) string {
	switch {
	case due == nil:
		return ""
	case due.After(now):
		return Ago(*due, now)
	}
	return "overdue " + elapsed(now.Sub(*due))
}

// nextBuild is when an asset is built, in the few words of a table. retry is when a
// failed attempt may be made again.
func nextBuild(step planner.Step, retry, now time.Time) string {
	switch step.Action {
	case planner.Create, planner.Rebuild:
		return "now"
	case planner.Wait:
		switch {
		case step.State == planner.StateFailed && retry.IsZero(): // its time comes, but nothing is tried then
			return "blocked"
		case step.State == planner.StateFailed && retry.After(now) && retry.After(step.StartBy):
			return "again " + Ago(retry, now)
		case step.StartBy.IsZero():
			return "waits for a policy"
		case step.StartBy.After(now):
			return Ago(step.StartBy, now)
		}
		return "in the next run"
	case planner.Blocked:
		if step.State == planner.StateFailed && retry.After(now) {
			return "again " + Ago(retry, now)
		}
		return "blocked"
	}
	return ""
}

// waitText says until when an asset waits, by the reason that its step begins with.
// A zero now leaves out how long that is.
func waitText(step planner.Step, reason planner.Reason, now time.Time) string {
	if step.StartBy.IsZero() || !step.StartBy.After(now) {
		return reason.Message // no policy, or one too many for this run
	}
	until := func(t time.Time) string {
		if now.IsZero() {
			return minute(t)
		}
		return fmt.Sprintf("%s (%s)", minute(t), Ago(t, now))
	}
	if early := step.Due.Sub(step.StartBy); early < time.Minute {
		return "not due until " + until(cmp.Or(step.Due, step.StartBy))
	}
	return fmt.Sprintf("not due until %s, starts %s", until(step.Due), until(step.StartBy))
}

// minute writes a time in UTC to the minute, or to the second if it lies within one.
func minute(t time.Time) string {
	if t = t.UTC(); t.Second() != 0 {
		return Moment(t)
	}
	return t.Format("2006-01-02 15:04 UTC")
}
