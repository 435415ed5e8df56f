package assets

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// OpenLineage says where the events of each run go. At least one of File and URL
// is set. It decides nothing about what is built.
type OpenLineage struct {
	File string // absolute path; events are appended, one JSON document a line
	// URL takes one event in each POST. It and the values of Headers may hold
	// secrets: they are never shown.
	URL     string
	Headers map[string]string
	// Timeout is how long one request may take.
	Timeout time.Duration
	// Namespace is the namespace of jobs, and names the warehouse among datasets.
	Namespace string
	Decl      hcl.Range
}
