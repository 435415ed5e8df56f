package warehouse

import (
	"errors"
	"os"
	"path/filepath"
)

// ReplaceFile writes a file so that readers, also after a crash, see the old
// content or the new one. The file's directory must exist.
func ReplaceFile(path string, content []byte) error {
	return replaceFile(path, content, func(*os.File) error { return nil })
}

// ReplaceFileDurably is ReplaceFile for what nobody could say again: once it returns
// without an error, the new content is on the disk.
func ReplaceFileDurably(path string, content []byte) error {
	if err := replaceFile(path, content, (*os.File).Sync); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// replaceFile calls finish with the new file when it is written, before it is in place.
func replaceFile(path string, content []byte, finish func(*os.File) error) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already if all went well
	_, err = temp.Write(content)
	if err == nil {
		err = finish(temp)
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
