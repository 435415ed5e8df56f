package daemon

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// KeptBy is the daemon that keeps the project in dir; nil: none does.
func KeptBy(dir string) (*Holder, error) {
	path := filepath.Join(dir, ".assets", "daemon.lock")
	if _, err := os.Stat(path); err != nil {
		return nil, nil
	}
	// Shared: two that ask do not take each other for a daemon.
	file := flock.New(path)
	free, err := file.TryRLock()
	if err != nil {
		return nil, err
	}
	if free {
		return nil, file.Unlock()
	}
	holder := &Holder{}
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, holder) // it may be about to be written
	}
	return holder, nil
}
