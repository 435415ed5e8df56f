package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFreshnessCases(t *testing.T) {
	for _, c := range givenCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			if diff := cmp.Diff(c.Expect, c.Scenario.answerOf(Make(c.Scenario.input()))); diff != "" {
				t.Errorf("%s (-reference +plan):\n%s", c.Why, diff)
			}
		})
	}
}

// answerOf is what a plan for the scenario says of what the reference answers.
func (sc scenario) answerOf(p Plan) answer {
	a := answer{Assets: map[string]standing{}, Sources: map[string]string{}, NextWake: p.NextWake}
	for name, state := range p.Sources {
		a.Sources[name.String()] = string(state)
	}
	for _, s := range p.Steps {
		a.Assets[s.Asset.String()] = standing{
			State: string(s.State), Action: s.Action.String(), BehindSince: s.BehindSince, Due: s.Due, StartBy: s.StartBy,
		}
	}
	return a
}
