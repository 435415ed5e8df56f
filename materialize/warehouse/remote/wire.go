package remote

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// Alive is how often the holder says that it still works on an answer.
	alive = time.Second
	// silence is after how long without a word the other side is given up.
	silence = 10 * time.Second
	// idle is after how long without a request the holder gives up a reader.
	idle = time.Minute
	// largest is the size in bytes of the largest request. Statements that name every
	// table of a large warehouse are long.
	largest = 64 << 20
	// A batch of rows ends at so many, or at so many bytes of text.
	batchRows, batchBytes = 1000, 1 << 20
)

// operation is what a request asks for.
type operation uint8

const (
	query operation = iota + 1 // run a statement, and send the first rows
	next                       // send more rows of it
	end                        // forget the rest
)

type request struct {
	Operation operation
	SQL       string
	Args      []any
}

// reply answers a request; those that only say Alive come before the answer.
type reply struct {
	Alive   bool
	Err     string
	Columns []string
	Rows    [][]any
	More    bool // there may be more rows
}

func init() {
	// What rows hold besides gob's own types.
	gob.Register(time.Time{})
	gob.Register(&big.Int{})
}

var errTooLarge = errors.New("the message is too large")

// wire sends and receives messages on a connection, at most largest bytes of a request at once.
type wire struct {
	conn net.Conn
	in   *limited
	dec  *gob.Decoder

	mu  sync.Mutex // of what is sent
	enc *gob.Encoder
}

func newWire(conn net.Conn, in *bufio.Reader) *wire {
	l := &limited{r: in}
	return &wire{conn: conn, in: l, dec: gob.NewDecoder(l), enc: gob.NewEncoder(conn)}
}

// receive reads a message. limit is its largest size in bytes; 0: any.
func (w *wire) receive(message any, limit int64) error {
	w.in.left, w.in.bounded = limit, limit > 0
	return w.dec.Decode(message)
}

// send writes a message, whoever else does.
func (w *wire) send(message any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.conn.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return err
	}
	return w.enc.Encode(message)
}

// limited is a reader that ends with an error after left bytes. That it reads single bytes
// keeps gob from reading ahead.
type limited struct {
	r       *bufio.Reader
	left    int64
	bounded bool
}

func (l *limited) Read(p []byte) (int, error) {
	if l.bounded {
		if l.left <= 0 {
			return 0, errTooLarge
		}
		p = p[:min(int64(len(p)), l.left)]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}

func (l *limited) ReadByte() (byte, error) {
	if l.bounded && l.left <= 0 {
		return 0, errTooLarge
	}
	b, err := l.r.ReadByte()
	l.left--
	return b, err
}

// sendable is a value of a row as it can be sent. What is read this way is text, numbers,
// times and truth; other types are cast to one of these by the statement.
func sendable(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, []byte, time.Time, *big.Int, float32, float64,
		int, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return v, nil
	}
	return nil, fmt.Errorf("a value of type %T cannot be sent: cast it to VARCHAR", v)
}

// size is about how many bytes a value takes.
func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	}
	return 8
}

// isClosed reports whether an error only says that the other side, or this one, has closed.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
