package observe

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// A build may read what was fetched for hours. It is kept although later versions arrive, and is
// removed when the build has ended, or the process that it was in.
func TestWhatIsReadIsKept(t *testing.T) {
	w := newWeb(t)
	s := w.source("/a.csv")
	deliver := func(n int) Look {
		w.says(text(fmt.Sprintf("a,b\n%d,0\n", n)))
		look := w.good(s)
		w.know(look)
		w.good(s) // what another process may have just taken is kept for one look more
		return look
	}
	first := deliver(0)
	release := Hold(map[assets.Name]Look{s.Name: first})
	for n := range 5 {
		deliver(n + 1)
	}
	if got := w.table(first.SQL); got != "0 0" {
		t.Errorf("what is being read holds %q", got)
	}
	release()
	deliver(6)
	if got := w.fetchedFiles(); len(got) != 2 {
		t.Errorf("after it was read there are %v", got)
	}
}

func TestWhatADeadProcessReadIsNotKept(t *testing.T) {
	w := newWeb(t)
	s := w.source("/a.csv")
	w.says(text("a,b\n0,0\n"))
	first := w.good(s)
	w.know(first)
	// As kill -9 leaves it: nobody holds a lock on it.
	left := filepath.Join(w.FetchDir, "raw.orders", reading+"1")
	if err := os.WriteFile(left, fmt.Appendf(nil, "[%q]", filepath.Base(first.Files[0].Path)), 0o666); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		w.says(text(fmt.Sprintf("a,b\n%d,0\n", n+1)))
		w.know(w.good(s))
		w.good(s)
	}
	if got := w.fetchedFiles(); len(got) != 2 || slices.ContainsFunc(got, func(name string) bool { return strings.HasPrefix(name, reading) }) {
		t.Errorf("there are %v", got)
	}
}

// What was not fetched is not ours to keep.
func TestOnlyCopiesAreHeld(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a,b\n1,2\n")
	look := y.look(y.source("*.csv"))
	defer Hold(map[assets.Name]Look{look.Source: look})()
	if found, _ := filepath.Glob(filepath.Join(y.dir, reading+"*")); len(look.Files) != 1 || found != nil {
		t.Error(look.Files, found)
	}
}
