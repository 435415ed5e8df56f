package planner

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"
)

// scenario is a project, what happened to it, and a moment: the questions of the
// reference model of design §4, in the JSON of ../shared/freshness.
type scenario struct {
	Now      time.Time      `json:"now"`
	Timezone string         `json:"timezone,omitempty"`
	Default  *givenPolicy   `json:"default_freshness,omitempty"`
	Sources  []givenPromise `json:"sources"`
	Assets   []givenAsset   `json:"assets"`
	State    struct {
		Sources          map[string]givenSource  `json:"sources"`
		Materializations []givenBuild            `json:"materializations"` // oldest first
		Failures         map[string]givenFailure `json:"failures,omitempty"`
		Drift            map[string]string       `json:"drift,omitempty"` // "dropped" or "altered"
	} `json:"state"`
}

// givenPromise is a source as it is declared.
type givenPromise struct {
	Name   string      `json:"name"`
	MaxAge givenPeriod `json:"max_age,omitempty"`
}

// givenAsset is an asset.
type givenAsset struct {
	Name        string         `json:"name"`
	Inputs      []string       `json:"inputs"`
	Fingerprint string         `json:"fingerprint,omitempty"`
	Estimate    givenPeriod    `json:"estimate_seconds,omitempty"`
	Freshness   []givenPolicy  `json:"freshness,omitempty"`
	Schedule    *givenSchedule `json:"schedule,omitempty"`
	// UnaffectedBy are inputs of whose definition it uses nothing that changed.
	UnaffectedBy []string `json:"unaffected_by,omitempty"`
}

// givenSchedule ticks since it was first planned.
type givenSchedule struct {
	Cron     string    `json:"cron"`
	Timezone string    `json:"timezone,omitempty"`
	Since    time.Time `json:"since"`
}

// givenPolicy is a freshness block.
type givenPolicy struct {
	MaxLag   givenPeriod `json:"max_lag"`
	At       string      `json:"at,omitempty"`
	Timezone string      `json:"timezone,omitempty"`
	Sources  []string    `json:"sources,omitempty"`
}

// givenSource is what was seen of a source.
type givenSource struct {
	Versions  []givenVersion `json:"versions"` // oldest first
	Delivered time.Time      `json:"delivered_at,omitzero"`
	Err       string         `json:"error,omitempty"`
}

type givenVersion struct {
	ID string    `json:"id"`
	At time.Time `json:"arrived_at"`
}

// givenBuild is a materialization. Consumed has the tick that it reflects under "schedule".
type givenBuild struct {
	Asset       string            `json:"asset"`
	Version     string            `json:"version"`
	Finished    time.Time         `json:"finished_at"`
	Fingerprint string            `json:"fingerprint,omitempty"`
	Consumed    map[string]string `json:"consumed"`
}

// givenFailure is the last attempt to build an asset, if it failed.
type givenFailure struct {
	Inputs      map[string]string `json:"inputs"`
	Fingerprint string            `json:"fingerprint,omitempty"`
	Retry       time.Time         `json:"retry_at,omitzero"`
}

// answer is what is compared: of the reference, and of a plan.
type answer struct {
	Assets   map[string]standing `json:"assets"`
	Sources  map[string]string   `json:"sources"`
	NextWake time.Time           `json:"next_wake"`
}

type standing struct {
	State       string    `json:"state"`
	Action      string    `json:"action"`
	BehindSince time.Time `json:"behind_since,omitzero"`
	Due         time.Time `json:"due,omitzero"`
	StartBy     time.Time `json:"start_by,omitzero"`
}

// givenPeriod is a number of seconds in JSON, or "1h30m" with the units d, h, m, s.
type givenPeriod time.Duration

func (p *givenPeriod) UnmarshalJSON(text []byte) error {
	var seconds int64
	if json.Unmarshal(text, &seconds) == nil {
		*p = givenPeriod(seconds) * givenPeriod(time.Second)
		return nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	units := map[byte]time.Duration{'d': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute, 's': time.Second}
	number := time.Duration(0)
	for i := range len(s) {
		switch unit, ok := units[s[i]]; {
		case ok:
			*p, number = *p+givenPeriod(number*unit), 0
		case '0' <= s[i] && s[i] <= '9':
			number = number*10 + time.Duration(s[i]-'0')
		default:
			return fmt.Errorf("not a duration: %s", s)
		}
	}
	return nil
}

func (p givenPeriod) MarshalJSON() ([]byte, error) {
	return json.Marshal(int64(time.Duration(p).Seconds()))
}

// givenCase is a scenario with the reference model's answer.
type givenCase struct {
	ID       string   `json:"id"`
	Why      string   `json:"why"`
	Scenario scenario `json:"scenario"`
	Expect   answer   `json:"expect"`
}

// givenCases reads the file that FRESHNESS_CASES names, or the one beside the repository.
func givenCases(t *testing.T) []givenCase {
	path, named := os.LookupEnv("FRESHNESS_CASES")
	if !named {
		path = "../../shared/freshness/cases.json"
	}
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) && !named {
		t.Skipf("the reference model's cases are not there: FRESHNESS_CASES names their file, by default %s", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []givenCase `json:"cases"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s holds no cases", path)
	}
	return file.Cases
}
