package notify

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// mostMessages and oldest bound what is kept of a target that does not take it: who
	// comes back after a week wants to know how things are.
	mostMessages = 1000
	oldestKept   = 7 * 24 * time.Hour
	// mostOfTarget is how many bytes that may be.
	mostOfTarget = 16 << 20
)

// outbox keeps the messages to one target until they have arrived: in memory to be sent,
// and in a file, so that a process that is killed loses none.
type outbox struct {
	mu    sync.Mutex
	file  undelivered
	lines [][]byte // in order; the first is on its way
	err   error    // the latest that the file could not be written for
}

// openOutbox takes up what was left over.
func openOutbox(path string) *outbox {
	b := &outbox{file: undelivered{path: path, most: mostOfTarget}}
	b.lines = b.file.take()
	return b
}

// waiting is what has not arrived, in order.
func (b *outbox) waiting() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines)
}

// unkept is why what is waiting is in memory only; nil: it is in the file, too.
func (b *outbox) unkept() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines) == 0 {
		return nil
	}
	return b.err
}

// add keeps lines, in one write of the file. If there are too many then, the oldest are
// given up, but none of those that came at once: nobody was to blame for them yet.
func (b *outbox) add(lines ...[]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, lines...)
	if extra := len(b.lines) - max(mostMessages, len(lines)); extra > 0 {
		b.lines = slices.Clone(b.lines[extra:])
	}
	_, b.err = b.file.keep(slices.Clone(b.lines))
}

// holds reports whether a line has not been given up.
func (b *outbox) holds(line []byte, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.index(line) >= 0 && now.Sub(sentAt(line)) <= oldestKept
}

// done forgets a line that has arrived, or never will.
func (b *outbox) done(line []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.index(line); i >= 0 {
		b.lines = slices.Delete(b.lines, i, i+1)
	}
	_, b.err = b.file.keep(slices.Clone(b.lines))
}

func (b *outbox) index(line []byte) int {
	return slices.IndexFunc(b.lines, func(l []byte) bool { return string(l) == string(line) })
}

// sentAt is when a message was written; zero: it is none.
func sentAt(line []byte) time.Time {
	var m Message
	if json.Unmarshal(line, &m) != nil {
		return time.Time{}
	}
	return m.At
}

// errOld says that a message was given up: it tells of what is long past.
var errOld = refused("it could not be delivered for so long that it was given up")

// isRefused reports whether a message will never be delivered.
func isRefused(err error) bool { return errors.As(err, new(refused)) }
