package planner

import (
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

func nullCheck(quarantine bool, share float64) assets.Check {
	return assets.Check{Kind: assets.NotNull, Columns: []string{"k"}, Severity: assets.Error, Quarantine: quarantine, MaxShare: share}
}

// What puts rows aside is part of the definition; what does not is looked at anew.
func TestChecksThatPutRowsAsideAreAReasonToBuild(t *testing.T) {
	for _, test := range []struct {
		was, is []assets.Check
		action  Action
		reason  string
	}{
		{nil, []assets.Check{nullCheck(true, 1)}, Rebuild, "its checks now put rows aside"},
		{[]assets.Check{nullCheck(true, 1)}, nil, Rebuild, "its checks no longer put rows aside"},
		{[]assets.Check{nullCheck(true, 1)}, []assets.Check{nullCheck(false, 0)}, Rebuild, "its checks no longer put rows aside"},
		{[]assets.Check{nullCheck(true, 1)}, []assets.Check{nullCheck(true, 0.5)}, Rebuild, "the checks that put rows aside changed"},
		{[]assets.Check{nullCheck(true, 1)}, []assets.Check{nullCheck(true, 1), {Kind: assets.RowCount}}, Revalidate, "its checks changed"},
		{[]assets.Check{nullCheck(true, 1)}, []assets.Check{nullCheck(true, 1)}, None, ""},
	} {
		w := newWorld("staging.x < raw.a")
		w.asset("staging.x").Checks = test.was
		w.publish(assets.MustName("staging.x"))
		w.asset("staging.x").Checks = test.is
		step := Make(w.Input).Steps[0]
		if step.Action != test.action || test.reason != "" && (len(step.Reasons) != 1 || step.Reasons[0].Code != ChecksChanged || step.Reasons[0].Message != test.reason) {
			t.Errorf("%v → %v: %s, %v", test.was, test.is, step.Action, step.Reasons)
		}
	}
}

// A record made before anything could be put aside is as good as ever.
func TestWithoutSuchChecksNothingSpeaksOfAQuarantine(t *testing.T) {
	if d := QuarantineDigest(&assets.Asset{Checks: []assets.Check{nullCheck(false, 0)}}); d != "" {
		t.Errorf("digest %q", d)
	}
}

func TestANameOfTheQuarantineThatIsTakenBlocks(t *testing.T) {
	name := QuarantineName(assets.MustName("staging.x"))
	ours := &Quarantine{Table: "staging.x@1!quarantine", View: "ours"}
	for _, test := range []struct {
		found     Found
		published *Quarantine
		action    Action
	}{
		{Found{Kind: "table"}, nil, Blocked},
		{Found{Kind: "view"}, nil, Blocked},
		{Found{Kind: "table"}, ours, Blocked},
		{Found{Kind: "view", View: "somebody's"}, ours, Rebuild},
	} {
		w := newWorld("staging.x < raw.a")
		w.last("staging.x", func(m *Materialization) { m.Quarantine = test.published })
		w.asset("staging.x").Checks = []assets.Check{nullCheck(true, 1)}
		w.State.Found[name] = test.found
		step := Make(w.Input).Steps[0]
		if step.Action != test.action {
			t.Errorf("%+v, published %v: %s", test.found, test.published, step.Action)
		}
		if step.Action == Blocked && (step.Reasons[0].Code != Unmanaged || !strings.Contains(step.Reasons[0].Message, `quarantine."staging.x"`)) {
			t.Errorf("reasons %v", step.Reasons)
		}
	}
}
