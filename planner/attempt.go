package planner

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Attempt is one try at a build that failed.
type Attempt struct {
	Number int               `json:"number"` // from 1 on, in each run
	Began  time.Time         `json:"began"`
	Ended  time.Time         `json:"ended"`
	Class  assets.ErrorClass `json:"class"`
	Err    string            `json:"err"`
}
