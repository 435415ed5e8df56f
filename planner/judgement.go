package planner

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Occasion is why checks were run.
type Occasion string

const (
	OnBuild      Occasion = "build"      // on a version that was just made
	OnRevalidate Occasion = "revalidate" // on the published version: its checks changed, or what they look at
	OnWithheld   Occasion = "withheld"   // on the published version beside inputs that were then withheld
	OnDelivery   Occasion = "delivery"   // on a version of a source, before it was read
	OnDemand     Occasion = "check"      // by `assets check`
)

// Judgement is the outcome of a check, as the history keeps it.
type Judgement struct {
	Run      string // of `assets check`: an id that no run has
	Of       assets.Name
	Version  assets.Digest // that was judged; empty: it could not be read
	Occasion Occasion
	At       time.Time
	CheckResult
}
