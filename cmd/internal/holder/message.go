package holder

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

// version is that of the protocol: processes of different releases may meet, and then
// leave each other alone.
const version = 1

// What may be asked of a holder.
const (
	tell   = "tell"   // who are you?
	read   = "read"   // answer queries on this connection from now on
	cancel = "cancel" // end a run
	follow = "follow" // tell what happens from now on
)

// request is the first line on a connection.
type request struct {
	Version int    `json:"version"`
	Want    string `json:"want"`
	Run     string `json:"run,omitempty"` // to cancel
	By      string `json:"by,omitempty"`  // who wants it
}

// reply is a line of an answer.
type reply struct {
	Version int   `json:"version"`
	Info    *Info `json:"info,omitempty"`
	// Err says why there is no answer.
	Err string `json:"error,omitempty"`
	// Ended says how the run that was to be cancelled ended.
	Ended string `json:"ended,omitempty"`
	// Event is a line of `apply -json`.
	Event json.RawMessage `json:"event,omitempty"`
}

// Info is what a holder says of itself.
type Info struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"` // of the command line, as "apply"
	Since   time.Time `json:"since"`   // that it has held the file
	Runs    []RunInfo `json:"runs,omitempty"`
	// Leaving says that it is about to give the file up, and answers nothing else any more.
	Leaving bool `json:"leaving,omitempty"`
}

// RunInfo is a run that goes on.
type RunInfo struct {
	ID    string    `json:"run"`
	Began time.Time `json:"began"`
	Done  int       `json:"done"`
	Total int       `json:"total"`
}

func (i Info) String() string { return fmt.Sprintf("`assets %s` (process %d)", i.Command, i.PID) }

// longestLine is the size in bytes of the longest request: it holds a few words.
const longestLine = 4096

var errNoRequest = errors.New("this is no request")

// readRequest reads the first line of a connection.
func readRequest(in *bufio.Reader) (r request, err error) {
	var line []byte
	for {
		b, err := in.ReadByte()
		if err != nil {
			return r, err
		}
		if b == '\n' {
			break
		}
		if line = append(line, b); len(line) > longestLine {
			return r, errNoRequest
		}
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, errNoRequest
	}
	if r.Version != version {
		return r, fmt.Errorf("this process speaks version %d of the protocol, not %d: it is of another release of assets", version, r.Version)
	}
	return r, nil
}

// patience is how long either side waits for a word of the other.
const patience = 5 * time.Second

// write sends a line, unless nobody takes it.
func write(conn net.Conn, message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = conn.Write(append(line, '\n'))
	return err
}
