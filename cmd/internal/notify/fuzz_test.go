package notify

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzUndelivered: whatever lies in the file of events that wait, what is taken of it are
// events, each one line; they are all there again if none could be delivered, and none is
// if all were. What another process added meanwhile stays.
func FuzzUndelivered(f *testing.F) {
	for _, seed := range []string{"", "\n", "{}\n{}\n", "{\"a\":1}", "{\"a\":1}\n{\"ha", "\x00\n{}\r\n", "1\nnull\n[]\n", "{} {}\n"} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Add([]byte("{}\n"), []byte("{\"a\":1}\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, before, meanwhile []byte) {
		path := filepath.Join(dir, "undelivered.ndjson")
		if err := os.WriteFile(path, before, 0o666); err != nil {
			t.Fatal(err)
		}
		u := &undelivered{path: path, most: 64 << 20}
		taken := u.take()
		for _, line := range taken {
			if !json.Valid(line) || bytes.IndexByte(line, '\n') != len(line)-1 {
				t.Fatalf("%q is no event of one line", line)
			}
		}
		if lost, err := u.keep(taken); err != nil || lost > 0 {
			t.Fatal(lost, err)
		}
		again := &undelivered{path: path, most: 64 << 20}
		if got := again.take(); !bytes.Equal(bytes.Join(got, nil), bytes.Join(taken, nil)) {
			t.Fatalf("%q is kept, not %q", got, taken)
		}
		// All are delivered; another process appends.
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(meanwhile); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		var others [][]byte
		for line := range eventsIn(meanwhile) {
			if !again.read[string(line)] {
				others = append(others, line)
			}
		}
		for range 2 {
			if _, err := again.keep(nil); err != nil {
				t.Fatal(err)
			}
			if left := (&undelivered{path: path}).take(); !bytes.Equal(bytes.Join(left, nil), bytes.Join(others, nil)) {
				t.Fatalf("%q is left of what another process added, not %q", left, others)
			}
		}
	})
}
