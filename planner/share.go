package planner

import (
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Share is how much of a month all policies of an asset, or the promise of a source's
// supplier, were kept.
type Share struct {
	Name assets.Name
	// Month is its first moment in the project's time zone.
	Month time.Time
	// Counted is for how long of it there was something to keep, and Broken for how
	// long of that it was not kept.
	Counted, Broken time.Duration
	Breaches        int // that went on in it
}

// Fresh is the share of time in which everything was kept, from 0 to 1.
func (s Share) Fresh() float64 { return 1 - s.Broken.Seconds()/s.Counted.Seconds() }

// Shares are those of each name in since, from then until now, by name and newest
// month first. Months are those of a zone.
func Shares(breaches []Breach, since map[assets.Name]time.Time, now time.Time, zone *time.Location) []Share {
	of := map[assets.Name][]Breach{}
	for _, b := range breaches {
		if b.Ended.IsZero() {
			b.Ended = now
		}
		of[b.Name] = append(of[b.Name], b)
	}
	var shares []Share
	for _, name := range assets.SortedNames(since) {
		slices.SortFunc(of[name], compareBreaches)
		local := now.In(zone)
		for month := time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, zone); ; month = month.AddDate(0, -1, 0) {
			from, to := later(month, since[name]), earlier(month.AddDate(0, 1, 0), now)
			if !from.Before(to) {
				break
			}
			s := Share{Name: name, Month: month, Counted: to.Sub(from)}
			for _, b := range of[name] {
				if b.Due.Before(to) && b.Ended.After(from) {
					s.Breaches++
				}
			}
			s.Broken = broken(of[name], from, to)
			shares = append(shares, s)
		}
	}
	return shares
}

// broken is how long of the time between two moments any breach went on. They are
// sorted by when they began.
func broken(breaches []Breach, from, to time.Time) (sum time.Duration) {
	for _, b := range breaches {
		start, end := later(b.Due, from), earlier(b.Ended, to)
		if start.Before(end) {
			sum += end.Sub(start)
			from = end
		}
	}
	return sum
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
