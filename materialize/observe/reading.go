package observe

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/seed-4311623e/assets/assets"
)

// reading begins the names of files that say which copies somebody reads. Who does holds a
// lock on it: the system gives that up with the process, however it ends.
const reading = ".reading-"

// Hold keeps the copies that looks are to be read from until release is called,
// whatever this process or another one fetches meanwhile: a build may read them for
// hours. What cannot be held is removed as ever, once two later versions were taken.
func Hold(looks map[assets.Name]Look) (release func()) {
	var releases []func()
	for _, look := range looks {
		if look.copies != "" && len(look.Files) > 0 {
			if release, err := hold(look); err == nil {
				releases = append(releases, release)
			}
		}
	}
	return func() {
		for _, release := range releases {
			release()
		}
	}
}

func hold(look Look) (release func(), err error) {
	var names []string
	for _, f := range look.Files {
		names = append(names, filepath.Base(f.Path))
	}
	text, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(look.copies, partial)
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	_, err = f.Write(text)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	// Locked before it has its name: one that is not locked is taken for a dead process's.
	lock := flock.New(f.Name())
	if err := lock.Lock(); err != nil {
		return nil, err
	}
	path := filepath.Join(look.copies, reading+strings.TrimPrefix(filepath.Base(f.Name()), strings.TrimSuffix(partial, "*")))
	if err := os.Rename(f.Name(), path); err != nil {
		_ = lock.Unlock()
		return nil, err
	}
	return func() {
		os.Remove(path)
		_ = lock.Unlock() // the file is gone, whoever has it open
	}, nil
}

// held names the copies in a directory that somebody reads, by the file at path. One
// that nobody has a lock on any more is removed.
func held(path string) []string {
	lock := flock.New(path)
	if free, err := lock.TryLock(); err == nil && free {
		os.Remove(path)
		_ = lock.Unlock()
		return nil
	}
	var names []string
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &names) // written whole before it had this name
	}
	return names
}
