package planfile

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

const (
	magic = "assets-plan"
	major = 1
	// FormatVersion is the version of the files that Write makes.
	FormatVersion = "1.0"
)

// File is what a plan file holds: a plan, and what is needed to load the same
// project again and see whether the plan still holds.
type File struct {
	FormatVersion string          `json:"format_version"` // set by Write
	Version       string          `json:"version"`        // of the program that wrote it
	Plan          planner.Plan    `json:"plan"`
	Options       planner.Options `json:"options"`
	// Vars are the -var flags that are not sensitive; VarFiles the -var-file
	// flags in order.
	Vars     map[string]string `json:"vars,omitempty"`
	VarFiles []string          `json:"var_files,omitempty"`
	// Sensitive holds the VarDigest of each sensitive -var flag, by name: the
	// value itself has to be given again.
	Sensitive map[string]assets.Digest `json:"sensitive,omitempty"`
}

// VarDigest is what a plan file keeps of a sensitive variable.
func VarDigest(name, value string) assets.Digest {
	return assets.NewDigest("var1", name, value)
}

// Write writes f to w.
func Write(w io.Writer, f File) error {
	f.FormatVersion = FormatVersion
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write the plan file: %w", err)
	}
	body = append(body, '\n')
	if _, err := fmt.Fprintf(w, "%s %d %s\n%s", magic, major, checksum(body), body); err != nil {
		return fmt.Errorf("write the plan file: %w", err)
	}
	return nil
}

// again is the way out of every plan file that cannot be read.
const again = "make a new one with: assets plan -out FILE"

var (
	// ErrForeign says that a file is no plan file.
	ErrForeign = errors.New("this is not a plan file; " + again)
	// ErrDamaged says that a plan file is not as it was written.
	ErrDamaged = errors.New("the plan file is damaged; " + again)
)

// NewerError says that a plan file was written by a newer program.
type NewerError struct{ Format int }

func (e *NewerError) Error() string {
	return fmt.Sprintf("the plan file was written by a newer version of assets (format %d, this one reads %d); "+
		"apply it with that version, or %s", e.Format, major, again)
}

// Read reads what Write wrote. Its errors are ErrForeign, ErrDamaged (both to
// be found with errors.Is), *NewerError, or one of r.
func Read(r io.Reader) (File, error) {
	in := bufio.NewReader(r)
	head, err := in.Peek(len(magic) + 1)
	if err != nil && err != io.EOF {
		return File{}, fmt.Errorf("read the plan file: %w", err)
	}
	if string(head) != magic+" " {
		return File{}, ErrForeign
	}
	header, err := in.ReadString('\n')
	if err == io.EOF {
		return File{}, fmt.Errorf("%w (it ends in its first line)", ErrDamaged)
	}
	if err != nil {
		return File{}, fmt.Errorf("read the plan file: %w", err)
	}
	fields := strings.Fields(header)[1:]
	if len(fields) == 0 {
		return File{}, fmt.Errorf("%w (its first line is incomplete)", ErrDamaged)
	}
	format, err := strconv.Atoi(fields[0])
	switch {
	case err != nil || format < 1:
		return File{}, fmt.Errorf("%w (its first line names no format)", ErrDamaged)
	case format > major:
		return File{}, &NewerError{Format: format}
	case len(fields) != 2:
		return File{}, fmt.Errorf("%w (its first line has no checksum)", ErrDamaged)
	}
	body, err := io.ReadAll(in)
	if err != nil {
		return File{}, fmt.Errorf("read the plan file: %w", err)
	}
	if checksum(body) != fields[1] {
		return File{}, fmt.Errorf("%w (its checksum does not match)", ErrDamaged)
	}
	return decode(body)
}

func decode(body []byte) (File, error) {
	var f File
	if err := json.Unmarshal(body, &f); err != nil {
		return File{}, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	for _, s := range f.Plan.Steps {
		if s.Asset == (assets.Name{}) {
			return File{}, fmt.Errorf("%w (a step names no asset)", ErrDamaged)
		}
		if s.Action == 0 {
			return File{}, fmt.Errorf("%w (a step names no action)", ErrDamaged)
		}
	}
	return f, nil
}

func checksum(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(sum[:])
}
