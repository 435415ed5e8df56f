package assets

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Request is a GET over HTTP.
type Request struct {
	// URL and the values of Headers may hold secrets: they are never shown.
	URL     string
	Headers map[string]string
	// Shown is the address as it can be shown: without its query, and without its
	// path if the address is sensitive.
	Shown string
	// Sensitive says that URL holds a secret.
	Sensitive bool
	// Timeout is how long it may take, the whole answer included.
	Timeout time.Duration
}

// Taking says when what is found of a source is taken as its new version. With the
// zero Taking that is at once.
type Taking struct {
	// ByStat identifies files by path, size and times instead of by their content.
	ByStat bool
	// Marker is a path relative to the directory of a file, in which {} stands for
	// the file's name: the file is taken once its marker is there. Empty: at once.
	Marker string
	// Settle is for how long a file must not have changed.
	Settle time.Duration
	// When must hold, all of them.
	When []Condition
}

// Condition is a when block. Of SQL, File and Request at most one is given; without
// one it is a window of each day.
type Condition struct {
	// SQL holds if the first value it yields is true. It reads files, paths relative
	// to the project.
	SQL SQL
	// File is a path or glob, relative to Dir. It holds if a file matches.
	File, Dir string
	// Request holds if its answer has the status Status; 0: any of success.
	Request *Request
	Status  int
	// From and To are times since midnight. A window whose end is not after its
	// beginning ends on the next day.
	From, To time.Duration
	Timezone string // IANA name; empty: the project's
	Decl     hcl.Range
}
