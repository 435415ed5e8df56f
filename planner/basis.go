package planner

import "github.com/seed-4311623e/assets/assets"

// Basis is what a plan was made from: enough to tell, before a saved plan is
// applied, whether anything has moved.
type Basis struct {
	Project assets.Digest                 `json:"project"` // declared config and SQL
	Serial  string                        `json:"serial"`  // State.Serial
	Found   assets.Digest                 `json:"found"`   // the warehouse's catalog
	Sources map[assets.Name]assets.Digest `json:"sources"` // observed versions
}
