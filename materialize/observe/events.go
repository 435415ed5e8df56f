package observe

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// eventColumns are those of every source whose versions are pushed.
var eventColumns = []assets.Column{{Name: "version", Type: "VARCHAR"}, {Name: "arrived", Type: "TIMESTAMP WITH TIME ZONE"}}

// eventScheme names ids from which the event can be told: nothing else remembers
// it once its file is removed.
const eventScheme = "e1"

// digest is the id of the version that an event brings. When it was pushed is part
// of what is read of it, so the same version pushed again later is another one. It
// begins with a checksum: the rest of two ids may differ far back only.
func (e Event) digest() assets.Digest {
	_, sum, _ := strings.Cut(string(assets.NewDigest(eventScheme, string(e.ID[:]), e.Version)), ":")
	return assets.Digest(eventScheme + ":" + sum[:8] + hex.EncodeToString(e.ID[:]) + hex.EncodeToString([]byte(e.Version)))
}

// eventOf reads an event's id and version back from a digest.
func eventOf(d assets.Digest) (e Event, ok bool) {
	_, text, _ := strings.Cut(string(d), ":")
	raw, err := hex.DecodeString(text)
	if d.Scheme() != eventScheme || err != nil || len(raw) < 4+len(ulid.ULID{}) {
		return Event{}, false
	}
	copy(e.ID[:], raw[4:])
	e.Version = string(raw[4+len(e.ID):])
	return e, true
}

// lookEvents looks at sources whose versions are pushed.
func (o *Observer) lookEvents(sources []*assets.Source) []Look {
	if len(sources) == 0 {
		return nil
	}
	looks := make([]Look, len(sources))
	events, err := readEvents(o.EventDir, o.OnStray)
	for i, s := range sources {
		if looks[i] = o.lookEvent(s.Name, events[s.Name]); err != nil {
			looks[i] = o.unseen(s.Name, err)
			looks[i].Columns = eventColumns
		}
	}
	return looks
}

// lookEvent makes a Look of what is recorded of a source, and of the events that
// wait to be. Events that were recorded by a run that was killed before it removed
// them come before the last one again: in a log the last entry with an id counts, so
// that makes no difference, whereas one that another process was about to write then
// would be lost if they were left out.
func (o *Observer) lookEvent(source assets.Name, events []Event) Look {
	look := Look{Observation: planner.Observation{Source: source, Version: o.Recorded[source].Version, At: o.Now}, Events: events}
	if look.ID == "" && len(events) == 0 {
		look.Version = o.Known[source].Version // of a warehouse that is gone, or was not looked at
	}
	current, _ := eventOf(look.ID)
	fresh := false // look.Version is of an event, not of the record
	for _, e := range events {
		arrived := e.At
		if arrived.After(o.Now) {
			arrived = o.Now
		}
		arrived = latest(arrived, look.Arrived).UTC().Truncate(time.Microsecond) // as the warehouse keeps it
		switch {
		case e.ID == current.ID: // recorded, and not removed after that
		case look.ID != "" && e.Version == current.Version:
			look.Delivered = arrived
		default:
			if fresh {
				look.Before = append(look.Before, planner.Arrival{ID: look.ID, Arrived: look.Arrived})
			}
			look.ID, look.Arrived, look.Delivered = e.digest(), arrived, time.Time{}
			current, fresh = e, true
		}
	}
	look.Columns = eventColumns
	if look.ID == "" {
		look.Err = "no event was pushed yet. Push one: assets event " + source.String()
		return look
	}
	look.SQL = fmt.Sprintf("SELECT %s AS version, %s::TIMESTAMPTZ AS arrived", warehouse.Literal(current.Version), warehouse.Literal(look.Arrived.Format("2006-01-02 15:04:05.999999+00")))
	return look
}
