package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// alertsFile is what a process leaves for the next one: what each target was told. Who
// loses it is told once more of what goes on.
type alertsFile struct {
	FormatVersion string `json:"format_version"`
	// Up is since when a daemon keeps the project; zero: it was stopped, and has said so.
	Up      time.Time             `json:"up,omitzero"`
	Targets map[string]savedState `json:"targets"`
}

type savedState struct {
	Standing standing `json:"standing"`
	Health   Health   `json:"health"`
}

func alertsPath(dir string) string { return filepath.Join(dir, "alerts", "told.json") }

// readAlerts reads what the process before left; what cannot be read is nothing.
func readAlerts(dir string) alertsFile {
	var f alertsFile
	text, err := os.ReadFile(alertsPath(dir))
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil || f.FormatVersion != formatVersion {
		f = alertsFile{}
	}
	if f.Targets == nil {
		f.Targets = map[string]savedState{}
	}
	for name, t := range f.Targets {
		for id, e := range t.Standing {
			if e == nil {
				delete(t.Standing, id)
			}
		}
		if t.Standing == nil {
			t.Standing = standing{}
			f.Targets[name] = t
		}
	}
	return f
}

// write keeps the file, unless it is as it was written before. It returns what was.
func (f alertsFile) write(dir string, before []byte) ([]byte, error) {
	f.FormatVersion = formatVersion
	text, err := json.Marshal(f)
	if err != nil {
		return before, err
	}
	if bytes.Equal(text, before) {
		return before, nil
	}
	if err := warehouse.ReplaceFile(alertsPath(dir), text); err != nil {
		return before, fmt.Errorf("what was told of alerts is not kept: %w", err)
	}
	return text, nil
}
