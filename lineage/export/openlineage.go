package export

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// The version of OpenLineage that events are written in.
const (
	specURL  = "https://openlineage.io/spec/"
	coreURL  = specURL + "2-0-2/OpenLineage.json#/$defs/"
	producer = "https://github.com/seed-4311623e/assets"
)

// OpenLineage makes the events of a project. Times and ids are its callers'.
type OpenLineage struct {
	Project *assets.Project
	Graph   *lineage.Graph
	// Namespace is the namespace of jobs, and names the warehouse among datasets.
	Namespace string
	// Redact takes secrets out of whatever people wrote; nil: there are none.
	Redact func(string) string
}

// RunState is what became of a run.
type RunState string

const (
	RunStart    RunState = "START"
	RunComplete RunState = "COMPLETE"
	RunFail     RunState = "FAIL"
	RunAbort    RunState = "ABORT" // interrupted: it neither came to its end nor failed
)

// Event is what all events have.
type Event struct {
	EventTime time.Time `json:"eventTime"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
}

// RunEvent says that something happened to a run of a job.
type RunEvent struct {
	EventType RunState `json:"eventType"`
	Event
	Run     Run             `json:"run"`
	Job     Job             `json:"job"`
	Inputs  []InputDataset  `json:"inputs,omitempty"`
	Outputs []OutputDataset `json:"outputs,omitempty"`
}

// JobEvent says what a job reads and makes, without a run of it.
type JobEvent struct {
	Event
	Job     Job             `json:"job"`
	Inputs  []InputDataset  `json:"inputs,omitempty"`
	Outputs []OutputDataset `json:"outputs,omitempty"`
}

// DatasetEvent describes a dataset that no job of the project makes.
type DatasetEvent struct {
	Event
	Dataset Dataset `json:"dataset"`
}

// Run is one run of a job.
type Run struct {
	ID     string    `json:"runId"` // a UUID
	Facets RunFacets `json:"facets,omitzero"`
}

// Job is what runs.
type Job struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Facets    JobFacets `json:"facets,omitzero"`
}

// Dataset is what jobs read and make.
type Dataset struct {
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"`
	Facets    DatasetFacets `json:"facets,omitzero"`
}

// InputDataset is a dataset as a job reads it.
type InputDataset struct {
	Dataset
	InputFacets InputFacets `json:"inputFacets,omitzero"`
}

// OutputDataset is a dataset as a job makes it.
type OutputDataset struct {
	Dataset
	OutputFacets OutputFacets `json:"outputFacets,omitzero"`
}

// RunEvent is an event of a run. It has no inputs and outputs yet.
func (o OpenLineage) RunEvent(state RunState, at time.Time, run Run, job Job) RunEvent {
	return RunEvent{EventType: state, Event: event("RunEvent", at), Run: run, Job: job}
}

func event(kind string, at time.Time) Event {
	return Event{EventTime: at.UTC(), Producer: producer, SchemaURL: coreURL + kind}
}

// Line writes an event as one line of JSON, with its end.
func Line(event any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // SQL is full of < and >
	err := enc.Encode(event)
	return b.Bytes(), err
}

func (o OpenLineage) redact(text string) string {
	if o.Redact == nil {
		return text
	}
	return o.Redact(text)
}
