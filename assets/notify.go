package assets

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Notify says whom to tell of what goes wrong, and of what. Exactly one of the
// targets is set. It decides nothing about what is built.
type Notify struct {
	Name string

	Slack     *Slack
	Email     *Email
	PagerDuty *PagerDuty
	Webhook   *Webhook
	Command   *Command

	// What is told: whatever all of these let through; empty: they let everything through.
	Events   []AlertEvent
	Severity Severity // at least that
	Owners   []string
	Tags     []string
	Assets   []string // selectors of assets, and names of sources

	// GroupBy are the traits that alerts of one message share.
	GroupBy []GroupBy
	// GroupWait is how long a message waits for others to go with it, RepeatInterval
	// after what time it is told again of what still goes on.
	GroupWait, RepeatInterval time.Duration
	// Resolve says that the end is told, too.
	Resolve bool
	// LongRunning is how many times as long as usual a build takes that is long-running.
	LongRunning float64
	// DiskFull is how many percent of the disk are used when it is nearly full.
	DiskFull int

	Decl hcl.Range
}

// Slack is an incoming webhook of Slack, or of what understands the same.
type Slack struct {
	WebhookURL string // a secret
}

// Email is mail by way of a server that takes it.
type Email struct {
	Host               string
	Port               int
	Implicit           bool // TLS from the first byte on: smtps
	RequireTLS         bool
	Username, Password string // empty: the server is not logged in to
	From               string
	To                 []string
}

// PagerDuty is an integration of a service that takes Events API v2.
type PagerDuty struct {
	RoutingKey string // a secret
	URL        string // of the whole endpoint
}

// Webhook takes each message as JSON.
type Webhook struct {
	URL string // may hold a secret
	// Secret signs what is sent; empty: nothing does.
	Secret  string
	Headers map[string]string
}

// Command is a program that gets each message as JSON on its standard input.
type Command struct {
	Argv    []string
	Dir     string // absolute
	Timeout time.Duration
}

// AlertEvent is what an alert is about.
type AlertEvent string

const (
	AssetFailed      AlertEvent = "asset_failed" // after all attempts
	CheckFailed      AlertEvent = "check_failed"
	CheckWarned      AlertEvent = "check_warned"
	Breach           AlertEvent = "breach"           // of an asset's freshness policy
	BreachPredicted  AlertEvent = "breach_predicted" // it can no longer be kept
	SourceLate       AlertEvent = "source_late"      // its supplier's promise is broken
	SourceUnobserved AlertEvent = "source_unobserved"
	LongRunning      AlertEvent = "long_running"
	RunFailed        AlertEvent = "run_failed"      // nothing can be built, whatever it is
	ProjectInvalid   AlertEvent = "project_invalid" // an edit has mistakes: the last good version is kept
	DaemonDown       AlertEvent = "daemon_down"
	DiskFull         AlertEvent = "disk_full" // nearly
)

// AlertEvents are all there are, in the order in which they are told.
var AlertEvents = []AlertEvent{AssetFailed, CheckFailed, CheckWarned, Breach, BreachPredicted, SourceLate, SourceUnobserved, LongRunning, RunFailed, ProjectInvalid, DaemonDown, DiskFull}

// GroupBy is a trait by which alerts are put into one message.
type GroupBy string

const (
	ByEvent GroupBy = "event"
	ByAsset GroupBy = "asset"
	ByOwner GroupBy = "owner"
	ByRun   GroupBy = "run" // what no run has caused is grouped by event
)
