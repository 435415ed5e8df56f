package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

func TestASourceThatFailsItsChecksBlocksWhatReadsIt(t *testing.T) {
	w := newWorld("staging.a < raw.a", "staging.b < raw.b", "mart.c < staging.a")
	w.judge("raw.a", CheckFailed)
	if got := dump(Make(w.Input)); got != "" {
		t.Errorf("what is up to date needs nothing of its source:\n%s", got)
	}
	w.arrive("raw.a")
	w.arrive("raw.b")
	want := "~ staging.a: input_changed: source raw.a has a new version\n" +
		"~ staging.b: input_changed: source raw.b has a new version\n" +
		"~ mart.c: input_changed: staging.a is rebuilt (if [staging.a] changes)\n"
	if diff := cmp.Diff(want, dump(Make(w.Input))); diff != "" {
		t.Errorf("the verdict is on another version:\n%s", diff)
	}
	w.judge("raw.a", CheckFailed)
	want = "! staging.a: upstream_failed: source raw.a fails its check row_count; input_changed: source raw.a has a new version\n" +
		"~ staging.b: input_changed: source raw.b has a new version\n" +
		"! mart.c: upstream_failed: staging.a cannot be built\n"
	if diff := cmp.Diff(want, dump(Make(w.Input))); diff != "" {
		t.Error(diff)
	}
}

func TestFailuresOfAVerdictAreNamed(t *testing.T) {
	fails := func(ids ...string) (v Verdict) {
		v.Checks = append(v.Checks, CheckResult{Check: "fine", Status: CheckPassed}, CheckResult{Check: "so so", Status: CheckWarned})
		for _, id := range ids {
			v.Checks = append(v.Checks, CheckResult{Check: id, Status: CheckFailed})
		}
		return v
	}
	for want, v := range map[string]Verdict{"check a": fails("a"), "checks a and b": fails("a", "b"), "checks a, b and c": fails("a", "b", "c")} {
		if got := v.Failures(); got != want || v.Accepted() {
			t.Errorf("%q, accepted %t; want %q", got, v.Accepted(), want)
		}
	}
	if !fails().Accepted() {
		t.Error("a warning keeps a version out")
	}
}

// A version is compared with the last one that was let in, and the same question
// gets the same answer.
func TestBaseline(t *testing.T) {
	before := &Accepted{Version: "file:1"}
	let := Verdict{Source: assets.MustName("raw.a"), Version: "file:2", Audit: "checks1:a", Before: before}
	kept := let
	kept.Checks = []CheckResult{{Check: "schema", Status: CheckFailed}}
	for _, test := range []struct {
		name           string
		last           Verdict
		version, audit assets.Digest
		want           assets.Digest
	}{
		{"never judged", Verdict{}, "file:1", "checks1:a", ""},
		{"a new version", let, "file:3", "checks1:a", "file:2"},
		{"a new version after one that was kept out", kept, "file:3", "checks1:a", "file:1"},
		{"the same again", let, "file:2", "checks1:a", "file:1"},
		{"by other checks: what is in is in", let, "file:2", "checks1:b", "file:2"},
		{"by other checks: what was kept out is not", kept, "file:2", "checks1:b", "file:1"},
	} {
		got := assets.Digest("")
		if b := test.last.Baseline(test.version, test.audit); b != nil {
			got = b.Version
		}
		if got != test.want {
			t.Errorf("%s: compared with %q, want %q", test.name, got, test.want)
		}
	}
}
