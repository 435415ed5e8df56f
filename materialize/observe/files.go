package observe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// File is one file as it was when its content was hashed.
type File struct {
	Path    string    // absolute
	Size    int64     // bytes
	ModTime time.Time // what the file system says
	Inode   uint64    // 0 where there is none
	Changed int64     // when the inode last changed, in ns since 1970: nobody can set it back; 0 where there is none
	Hash    string    // SHA-256 of the content, hex
	Hashed  time.Time // just before the content was read

	marked time.Time // when its marker was written, if it needs one
	byStat bool      // Hash is not of the content

	dialect    *Dialect // of a CSV file, if it was found out
	dialectKey string   // what besides the content decided it
}

// racy is how long after a file's mtime the file may be written again without its
// mtime moving: file systems keep times in steps of up to two seconds.
const racy = 2 * time.Second

// trusted reports whether f's hash still is that of the file with this info.
func (f File) trusted(info fs.FileInfo) bool {
	return f.same(info) && f.Hashed.Sub(f.ModTime) >= racy
}

func (f File) same(info fs.FileInfo) bool {
	inode, changed := warehouse.FileID(info)
	return f.Hash != "" && f.Size == info.Size() && f.ModTime.Equal(info.ModTime()) &&
		f.Inode == inode && f.Changed == changed
}

// glob returns the files that a reader's pattern matches, absolute and sorted.
// Like a shell it leaves out hidden files unless the pattern names the dot: what
// is being uploaded or edited often has such a name, or one that says so.
func glob(r assets.Reader) ([]string, error) {
	paths, err := matches(r.Dir, r.Glob)
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("%s matches no file. The path is relative to the directory of %s", r.Glob, declaredIn(r))
	}
	return paths, err
}

// matches is glob, but it is no error that nothing matches.
func matches(relativeTo, pattern string) ([]string, error) {
	written := pattern
	base, pattern := doublestar.SplitPattern(filepath.ToSlash(pattern))
	dir := filepath.FromSlash(base)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(relativeTo, dir)
	}
	paths, err := doublestar.Glob(os.DirFS(dir), pattern,
		doublestar.WithFilesOnly(), doublestar.WithNoHidden(), doublestar.WithFailOnIOErrors())
	if errors.Is(err, doublestar.ErrBadPattern) {
		return nil, fmt.Errorf("%s is not a pattern for files: a bracket or brace is left open", written)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(err)
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return isUnfinished(path, written) })
	for i, path := range paths {
		paths[i] = filepath.Join(dir, filepath.FromSlash(path))
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

func declaredIn(r assets.Reader) string {
	if r.GlobRange.Filename == "" {
		return "the file that declares it"
	}
	return r.GlobRange.Filename
}

// hash identifies a file by its content, or as it was known if it has not moved.
// A file that is written meanwhile is tried again, a few times.
func hash(ctx context.Context, path string, known File) (File, error) {
	before, err := stat(path)
	if err != nil {
		return File{}, err
	}
	if known.trusted(before) {
		return known, nil
	}
	for range 3 {
		f := File{Path: path, Size: before.Size(), ModTime: before.ModTime(), Hashed: time.Now()}
		f.Inode, f.Changed = warehouse.FileID(before)
		if f.Hash, err = contentHash(ctx, path, f.Size); err != nil {
			return File{}, unreadable(err)
		}
		after, err := stat(path)
		if err != nil {
			return File{}, err
		}
		if f.same(after) {
			if f.Hash == known.Hash {
				f.dialect, f.dialectKey = known.dialect, known.dialectKey
			}
			return f, nil
		}
		before = after
	}
	return File{}, fmt.Errorf("%s changes while it is read: wait until it is written", path)
}

// identify is hash for a file that is known by its content, or by what the file
// system says of it.
func identify(ctx context.Context, path string, byStat bool, known File) (File, error) {
	if !byStat {
		return hash(ctx, path, known)
	}
	info, err := stat(path)
	if err != nil {
		return File{}, err
	}
	f := File{Path: path, Size: info.Size(), ModTime: info.ModTime(), Hashed: time.Now(), byStat: true}
	f.Inode, f.Changed = warehouse.FileID(info)
	// Not the inode: where it says something, the time of its last change says it, too,
	// and network mounts give a file another one each time.
	f.Hash = string(assets.NewDigest("stat", path, strconv.FormatInt(f.Size, 10), strconv.FormatInt(f.ModTime.UnixNano(), 10), strconv.FormatInt(f.Changed, 10)))
	if f.Hash == known.Hash {
		f.dialect, f.dialectKey = known.dialect, known.dialectKey
	}
	return f, nil
}

// stat refuses what has no content to read: a named pipe would block for ever,
// and a file of no bytes is rather a delivery under way than a table.
func stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, unreadable(err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() == 0:
		return nil, fmt.Errorf("%s is empty (0 bytes): wait until it is delivered, or remove it", path)
	}
	return info, nil
}

func unreadable(err error) error {
	var at *fs.PathError
	if !errors.As(err, &at) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has vanished", at.Path)
	}
	return fmt.Errorf("%s cannot be read: %w", at.Path, at.Err)
}

// contentHash hashes the first size bytes: a file that grows as fast as it is read
// would have no end.
func contentHash(ctx context.Context, path string, size int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h, content := sha256.New(), io.LimitReader(f, size)
	for buf := make([]byte, min(size, 1<<20)); ; {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := content.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// Changed returns the path of a file of look whose content is no longer what was
// looked at, or "" if all are. Files that have not moved are not read. A new file
// that the source's pattern would match now is no change: look's SQL does not read it.
func Changed(ctx context.Context, look Look) (string, error) {
	for _, f := range look.Files {
		now, err := identify(ctx, f.Path, f.byStat, f)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err != nil || now.Hash != f.Hash {
			return f.Path, nil
		}
	}
	return "", nil
}
