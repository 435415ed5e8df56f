package daemon

import (
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// rests keeps the loop from building the same again and again, whatever plans say: an
// attempt after which another plan says to do just that once more is made again after a
// pause only, a longer one each time. An attempt with anything new in it is not the same.
//
// It is for what records do not tell: an asset that failed is planned again when its
// record says so, by its retry policy, and has no rest here. What is left are failures
// that lie outside of the asset, as of a disk that is full, and plans that repeat
// themselves. After a restart these are tried once more at once.
type rests map[assets.Name]rest

type rest struct {
	attempt assets.Digest
	until   time.Time
	pauses  *backoff.ExponentialBackOff
}

// longestRest bounds the pause between equal attempts.
const longestRest = 5 * time.Minute

// made notes that an attempt was made at now.
func (r rests) made(name assets.Name, attempt assets.Digest, now time.Time) {
	e := r[name]
	if e.attempt != attempt || e.pauses == nil {
		e = rest{attempt: attempt, pauses: pauses(longestRest)}
	}
	e.until = now.Add(e.pauses.NextBackOff())
	r[name] = e
}

// put has an attempt rest for as long as any may.
func (r rests) put(name assets.Name, attempt assets.Digest, now time.Time) {
	r[name] = rest{attempt: attempt, until: now.Add(longestRest), pauses: pauses(longestRest)}
}

// resting reports whether an attempt is not to be made yet at now, and until when.
// If the clock was set back, the pause begins anew, never a longer one.
func (r rests) resting(name assets.Name, attempt assets.Digest, now time.Time) (time.Time, bool) {
	e, ok := r[name]
	if !ok || e.attempt != attempt {
		return time.Time{}, false
	}
	if latest := now.Add(longestRest); e.until.After(latest) {
		e.until = latest
		r[name] = e
	}
	return e.until, now.Before(e.until)
}

// pauses are between attempts: from a second on, each about twice as long, up to longest.
func pauses(longest time.Duration) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: time.Second, RandomizationFactor: 0.1, Multiplier: 2, MaxInterval: longest * 9 / 10}
}

// attemptOf identifies an attempt at an asset by everything that decides how it comes
// out: its definition and checks, the latest tick of its schedule, and the versions that it
// read, or else that it would read now.
func attemptOf(in planner.Input, name assets.Name, tick time.Time, reads map[assets.Name]planner.Read) assets.Digest {
	node := in.Graph.Nodes[name]
	parts := []string{string(node.Bound.Syntax), string(planner.SettingsDigest(in.Project.Assets[name])), string(planner.AuditDigest(in.Project.Assets[name]))}
	if !tick.IsZero() {
		parts = append(parts, tick.UTC().Format(time.RFC3339))
	}
	version := func(input assets.Name) assets.Digest {
		if read, ok := reads[input]; ok {
			return read.Version
		}
		if in.Project.Sources[input] != nil {
			return in.Observed[input].ID
		}
		return in.State.Last[planner.Key{Asset: input}].Made.ID
	}
	for _, input := range slices.Concat(node.Inputs, node.CheckInputs) {
		parts = append(parts, input.String(), string(version(input)))
	}
	return assets.NewDigest("attempt1", parts...)
}
