package warehouse

import (
	"errors"
	"os"
	"path/filepath"
)

// ReplaceFile writes a file so that readers, also after a crash, see the old
// content or the new one. The file's directory must exist.
func ReplaceFile(path string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already if all went well
	_, err = temp.Write(content)
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
