package session

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const testedOrders = `
test "orders" {
  asset = "staging.orders"
  given "raw.orders" { file = "fixture.csv" }
  expect { rows = [{ id = 1 }] }
}
`

// A test in which nothing is wrong is looked at again when something that decides
// about it has changed, and only then.
func TestRightTestsAreRemembered(t *testing.T) {
	dir := directory(t)
	write(t, dir, "tests.hcl", testedOrders)
	write(t, dir, "fixture.csv", "id\n1\n")
	kept := filepath.Join(dir, ".assets", "tests")
	long := time.Now().Add(-time.Hour)
	check := func() (mistakes int, looked bool) {
		s := open(t, dir)
		mustNot(t, s.Compile(ctx))
		diags := s.CheckTests(ctx)
		info, err := os.Stat(kept)
		if err != nil {
			t.Fatal(err)
		}
		looked = !info.ModTime().Equal(long.Truncate(time.Second))
		if err := os.Chtimes(kept, long.Truncate(time.Second), long.Truncate(time.Second)); err != nil {
			t.Fatal(err)
		}
		return len(diags), looked
	}
	for i, step := range []struct {
		edit     func()
		mistakes int
		looked   bool
	}{
		{func() {}, 0, true},
		{func() {}, 0, false},
		{func() { write(t, dir, "fixture.csv", "idd\n1\n") }, 1, true},
		{func() {}, 1, true}, // a mistake is told every time
		{func() { write(t, dir, "fixture.csv", "id\n2\n") }, 0, true},
		{func() { write(t, dir, "orders.csv", "id,amount\nx,1\n") }, 0, true}, // id is a VARCHAR now
	} {
		step.edit()
		mistakes, looked := check()
		if mistakes != step.mistakes || looked != step.looked {
			t.Errorf("step %d: %d mistakes, looked at: %t", i, mistakes, looked)
		}
	}
}

func TestInterruptedTests(t *testing.T) {
	dir := directory(t)
	write(t, dir, "tests.hcl", testedOrders)
	write(t, dir, "fixture.csv", "id\n1\n")
	s := open(t, dir)
	mustNot(t, s.Compile(ctx))
	tests, diags := s.Tests(nil, nil)
	mustNot(t, diags)
	over, cancel := context.WithCancel(ctx)
	cancel()
	if outcomes, diags := s.RunTests(over, tests); !diags.HasErrors() || outcomes != nil {
		t.Errorf("%v %v", outcomes, diags)
	}
}
