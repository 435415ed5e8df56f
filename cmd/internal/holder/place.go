package holder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// longest is the length in bytes of a socket's path that every system takes.
const longest = 100

// places are where the socket for a warehouse may be, the best first. The runtime
// directory is not the same in a terminal and in a service: a reader looks in all.
func places(warehouse string) []string {
	if resolved, err := filepath.EvalSymlinks(warehouse); err == nil {
		warehouse = resolved
	}
	sum := sha256.Sum256([]byte(warehouse))
	name := hex.EncodeToString(sum[:8]) + ".sock"
	own := fmt.Sprintf("assets-%d", os.Getuid())
	// Last where it is in a terminal, for readers that are not told, such as cron's. It goes
	// with the user's last session: who holds a file without one listens elsewhere.
	sessions := fmt.Sprintf("/run/user/%d/assets", os.Getuid())
	var found []string
	for _, dir := range []string{runtimeDir(), filepath.Join(os.TempDir(), own), filepath.Join("/tmp", own), sessions} {
		path := filepath.Join(dir, name)
		if dir != "" && len(path) <= longest && !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	return found
}

// runtimeDir is where the system wants sockets of this user to be; empty: it does not say.
func runtimeDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "assets")
	}
	return ""
}

// makePrivate makes sure that a directory is there that no other user can enter.
func makePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return isPrivate(dir)
}

// isPrivate refuses a directory in which another user could have put something.
func isPrivate(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory. Remove it", dir)
	case !ownedByUser(info):
		return fmt.Errorf("%s belongs to another user. Set XDG_RUNTIME_DIR to a directory of your own", dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("other users can enter %s (its mode is %04o). Give it to yourself alone: chmod 700 %[1]s", dir, info.Mode().Perm())
	}
	return nil
}
