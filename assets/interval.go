package assets

import "time"

// Interval is one partition of time, Start included, End excluded, in UTC.
// The zero Interval means always: the one interval of an asset without partitions.
type Interval struct {
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
}

// IsAlways reports whether i is the interval of an asset without partitions.
func (i Interval) IsAlways() bool { return i.Start.IsZero() && i.End.IsZero() }
