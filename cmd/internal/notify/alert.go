package notify

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Alert is something that holds at a moment, and that somebody may have to do something
// about. Its JSON is what webhooks and commands get.
type Alert struct {
	// ID is the same for as long as it goes on, and for what it grows into: a breach that
	// was predicted, and the breach. One ID holds once at a time.
	ID       string            `json:"id"`
	Event    assets.AlertEvent `json:"event"`
	Severity assets.Severity   `json:"severity"`
	Status   Status            `json:"status"`
	// Name is what it is about; zero: the project as a whole.
	Name  assets.Name `json:"name,omitzero"`
	Kind  string      `json:"kind,omitempty"` // "asset" or "source"
	Owner string      `json:"owner,omitempty"`
	Tags  []string    `json:"tags,omitempty"`
	Check string      `json:"check,omitempty"`
	Run   string      `json:"run,omitempty"` // that it was found in

	Summary string    `json:"summary"` // what happened, in one line
	Cause   string    `json:"cause,omitempty"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until,omitzero"` // when it ended
	Due     time.Time `json:"due,omitzero"`   // of a policy
	// Effect is what it means for who reads the data, Affected what is made from it: the
	// first of them, and how many there are. They are added when it is told.
	Effect        string        `json:"effect,omitempty"`
	Affected      []assets.Name `json:"affected,omitempty"`
	AffectedCount int           `json:"affected_count,omitempty"`
	// Next are command lines that tell more, or mend it.
	Next []string `json:"next,omitempty"`

	// Past says that it was over before it could be told.
	Past bool `json:"past,omitempty"`

	// factor is how many times as long as usual a build takes, used how many percent of
	// the disk are: whether that is worth an alert is for who is told to say.
	factor float64
	used   int
}

// Status says whether an alert goes on.
type Status string

const (
	Firing   Status = "firing"
	Resolved Status = "resolved"
)

// severities are those of events; what a person did on purpose is told more quietly.
var severities = map[assets.AlertEvent]assets.Severity{
	assets.AssetFailed: assets.Error, assets.CheckFailed: assets.Error, assets.CheckWarned: assets.Warn,
	assets.Breach: assets.Error, assets.BreachPredicted: assets.Warn, assets.SourceLate: assets.Error, assets.SourceUnobserved: assets.Warn,
	assets.LongRunning: assets.Warn, assets.RunFailed: assets.Error, assets.ProjectInvalid: assets.Error, assets.DaemonDown: assets.Warn, assets.DiskFull: assets.Error,
}

// compareAlerts puts what goes on before what has ended.
func compareAlerts(a, b Alert) int {
	return cmp.Or(
		cmp.Compare(a.Status, b.Status),
		cmp.Compare(slices.Index(assets.AlertEvents, a.Event), slices.Index(assets.AlertEvents, b.Event)),
		a.Name.Compare(b.Name), cmp.Compare(a.ID, b.ID))
}

// Message is what one target is told at once.
type Message struct {
	FormatVersion string    `json:"format_version"`
	ID            string    `json:"id"` // a ULID
	At            time.Time `json:"at"`
	Project       string    `json:"project"`
	Notify        string    `json:"notify"` // the name of the block
	// Status is firing if any of the alerts is.
	Status Status `json:"status"`
	// Summary is all of it in one line.
	Summary string  `json:"summary"`
	Alerts  []Alert `json:"alerts"`
	// Others is how many more go on that would go into the same message, had they not
	// been told before.
	Others int `json:"others,omitempty"`
	// Test says that nothing has happened: somebody tries whether messages arrive.
	Test bool `json:"test,omitempty"`

	// Thread is the same for all messages of a group.
	Thread string `json:"thread,omitempty"`
}

const formatVersion = "1.0"
