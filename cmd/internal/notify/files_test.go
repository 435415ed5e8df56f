package notify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/oklog/ulid/v2"
)

func TestAppend(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "lineage.ndjson")
	add := func(path string, lines ...string) error {
		a := &appender{path: path}
		for _, line := range lines {
			if err := a.append(context.Background(), []byte(line+"\n")); err != nil {
				return err
			}
		}
		return a.close()
	}
	if err := add(path, "1", "2"); err != nil {
		t.Fatal(err)
	}
	if err := add(path, "3"); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "1\n2\n3\n")

	// A full disk left half a line: the next one stands on its own.
	if err := os.WriteFile(path, []byte("1\n{\"ha"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := add(path, "2", "3"); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "1\n{\"ha\n2\n3\n")

	if err := add(dir, "1"); err == nil || err.Error() != "it is not a file" {
		t.Errorf("a directory: %v", err)
	}
	if err := add(filepath.Join(path, "b"), "1"); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("below a file: %v", err)
	}
}

// Lines of several processes do not mix, however long they are.
func TestAppendTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.ndjson")
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			a := &appender{path: path}
			defer a.close()
			for range 50 {
				if err := a.append(context.Background(), []byte(strings.Repeat(fmt.Sprint(w), 20_000)+"\n")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 400 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if line != strings.Repeat(line[:1], 20_000) {
			t.Fatalf("a line of %d bytes is mixed", len(line))
		}
	}
}

func TestUndelivered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "undelivered.ndjson")
	first := &undelivered{path: path, most: mostKept}
	if left := first.take(); left != nil {
		t.Errorf("taken from nothing: %q", left)
	}
	keep(t, first, 0) // nothing to keep makes no file
	if _, err := os.Stat(path); err == nil {
		t.Error("a file of nothing")
	}
	keep(t, first, 0, "1", "2", "3")
	expect(t, path, "1\n2\n3\n")

	second := &undelivered{path: path, most: mostKept}
	if got := text(second.take()); got != "1 2 3" {
		t.Errorf("taken: %s", got)
	}
	expect(t, path, "1\n2\n3\n")                              // until it is known what became of them
	keep(t, &undelivered{path: path, most: mostKept}, 0, "9") // another process
	keep(t, second, 0, "3", "4")
	expect(t, path, "3\n4\n9\n")

	third := &undelivered{path: path, most: mostKept}
	third.take()
	keep(t, third, 0)
	if _, err := os.Stat(path); err == nil {
		t.Error("the file stays, with nothing in it")
	}

	if err := os.WriteFile(path, []byte("\nnonsense\n5\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := text((&undelivered{path: path, most: mostKept}).take()); got != "5" {
		t.Errorf("taken of a damaged file: %q", got)
	}

	// The newest that fit.
	big := `"` + strings.Repeat("x", mostKept/4) + `"`
	keep(t, &undelivered{path: path, most: mostKept, read: map[string]bool{"5\n": true}}, 3, "1", "2", big, big, big, big, "3")
	if info, err := os.Stat(path); err != nil || info.Size() > mostKept {
		t.Errorf("%v, %v", info.Size(), err)
	}
}

func keep(t *testing.T, u *undelivered, wantLost int, lines ...string) {
	t.Helper()
	var bytes [][]byte
	for _, line := range lines {
		bytes = append(bytes, []byte(line+"\n"))
	}
	if lost, err := u.keep(bytes); err != nil || lost != wantLost {
		t.Errorf("%d lost, %v", lost, err)
	}
}

func expect(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %q, want %q (%v)", filepath.Base(path), got, want, err)
	}
}

func TestUUID(t *testing.T) {
	const run = "01KB4VPKJ4Q9A5V8K3XG0ZC7DN"
	id := ulid.MustParse(run)
	got := uuid(run)
	if got != uuid(run) || got[14] != '7' || !strings.ContainsAny(got[19:20], "89ab") {
		t.Errorf("%s is no UUID of version 7", got)
	}
	if want := fmt.Sprintf("%x", id[:6]); strings.ReplaceAll(got[:13], "-", "") != want {
		t.Errorf("%s does not begin with the run's moment, %s", got, want)
	}
	part, other := partUUID(run, "asset mart.sales"), partUUID(run, "checks mart.sales")
	if part == other || part == got || part[:13] != got[:13] || part[14] != '7' || part != partUUID(run, "asset mart.sales") {
		t.Errorf("run %s, parts %s and %s", got, part, other)
	}
	if uuid("no ulid") == uuid("another") {
		t.Error("ids that are no ULIDs are all the same")
	}
}
