package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// eventDir is where pushed events wait until the warehouse has recorded them. It is
// not a cache: what is lost of it was never delivered.
func (s *Session) eventDir() string { return s.cache("events") }

// Push delivers an event of a source, with the given version; a new one if that is
// empty. It returns the version. The warehouse is not needed: another process may
// hold it. at is when the event came in.
func (s *Session) Push(name, version string, at time.Time) (assets.Name, string, hcl.Diagnostics) {
	n, err := assets.ParseName(name)
	if err != nil {
		return n, "", fault("Invalid name", err)
	}
	switch source := s.Project.Sources[n]; {
	case source == nil:
		return n, "", s.noSource(n)
	case !source.Event:
		return n, "", hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: fmt.Sprintf("Source %s has no events", n), Subject: source.Decl.Ptr(),
			Detail: "Its versions are found by looking at it. The versions of a source with a block `event {}`, and nothing else, are pushed.",
		}}
	}
	if s.Redactor.String(version) != version {
		return n, "", fault("The event was not pushed", errors.New("its version holds a secret, and versions are recorded and shown"))
	}
	if version == "" {
		version = observe.NewVersion(at)
	}
	if err := observe.Push(s.eventDir(), n, version, at); err != nil {
		return n, version, fault("The event was not pushed", err)
	}
	return n, version, nil
}

// stray tells of a file among the events that is none: whoever put it there may think
// that something came of it.
func (s *Session) stray(f observe.Stray) {
	e := s.Log.Warn().Str("file", f.Path).Str("why", f.Why)
	if f.Aside == "" {
		e.Msg("this is not an event, and cannot be moved away. To push one: assets event NAME")
		return
	}
	e.Str("moved_to", f.Aside).Msg("this is not an event: it was put aside. To push one: assets event NAME")
}

// noSource says that no source has a name, and which may have been meant.
func (s *Session) noSource(n assets.Name) hcl.Diagnostics {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("No source %q", n), Detail: "Nothing of this name is declared."}
	if s.Project.Assets[n] != nil {
		d.Detail = "It is an asset: it is built, and moves when its inputs do."
	}
	var pushed, all []string
	for _, name := range assets.SortedNames(s.Project.Sources) {
		if all = append(all, name.String()); s.Project.Sources[name].Event {
			pushed = append(pushed, name.String())
		}
	}
	if near := lineage.Nearest(n.String(), all); len(near) > 0 {
		d.Detail += fmt.Sprintf(" Did you mean %q?", near[0])
	} else if len(pushed) > 0 {
		d.Detail += " Events are pushed to " + strings.Join(pushed, ", ") + "."
	} else {
		d.Detail += fmt.Sprintf(" To push events, declare it:\n\nsource %q {\n  event {}\n}", n)
	}
	return hcl.Diagnostics{d}
}

// forgetEvents removes the events that the warehouse has recorded. Those that stay,
// because of whatever error, are known to be recorded when they are seen again.
func (s *Session) forgetEvents() {
	for name, look := range s.Looks {
		if err := observe.Forget(s.eventDir(), look); err != nil {
			s.Log.Warn().Stringer("source", name).Err(err).Msg("an event that was recorded is not removed")
		}
	}
}

// attached lets a connection's database be read.
func (s *Session) attached(ctx context.Context, a warehouse.Attachment, do func(*warehouse.Conn) error) error {
	db, err := s.openMemory()
	if err != nil {
		return err
	}
	return db.Attached(ctx, a, do)
}
