package session

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Signature tells whether the files of the project in dir may have been edited
// since another Signature was taken: it is made of what the file system says of
// every file that may be part of it, and of others besides. Nothing is read.
func Signature(dir string, others []string) string {
	paths := slices.Clone(others)
	// What cannot be listed has no part in the project either.
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case path != dir && entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "modules"):
			return fs.SkipDir
		case !entry.IsDir() && IsProjectFile(path):
			paths = append(paths, path)
		}
		return nil
	})
	slices.Sort(paths)
	sum := sha256.New()
	for _, path := range slices.Compact(paths) {
		if info, err := os.Stat(path); err == nil {
			inode, changed := warehouse.FileID(info)
			fmt.Fprintf(sum, "%s\x00%d %d %d %d\n", path, info.Size(), info.ModTime().UnixNano(), inode, changed)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// IsProjectFile reports whether a file of this name may be part of a project that
// does not read it yet.
func IsProjectFile(path string) bool {
	ending := filepath.Ext(path)
	return (ending == ".hcl" || ending == ".sql") && !strings.HasPrefix(filepath.Base(path), ".")
}
