package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/examples"
)

// skeleton is the project that init writes.
//
//go:embed skeleton
var skeleton embed.FS

func (a *app) initCommand() *cobra.Command {
	var example string
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a small project that runs, or copy an example",
		Args:  takes(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			files, err := initProject(dir, example)
			if err != nil {
				return a.refuse(failure("Cannot make a project", plainly(err)), nil)
			}
			if a.json {
				return a.document(initJSON{view.FormatVersion, dir, files}, nil)
			}
			where, at := "this directory", *a
			if dir != "." {
				where, at.chdir = quoted(dir), filepath.Join(a.chdir, dir)
				if filepath.IsAbs(dir) {
					at.chdir = dir
				}
			}
			fmt.Fprintf(a.out, "Wrote a project of %s to %s\n\nSee what it would build, then build it:\n\n  %s\n  %s\n",
				view.Count(len(files), "file"), where, at.command("plan"), at.command("apply"))
			return nil
		},
	}
	c.Flags().StringVar(&example, "example", "", "copy the example `NAME`: "+strings.Join(examples.Names(), ", "))
	return c
}

// initJSON is the document of `init -json`.
type initJSON struct {
	FormatVersion string   `json:"format_version"`
	Dir           string   `json:"dir"`
	Files         []string `json:"files"` // that were written, by their paths in dir
}

// initProject fills dir with a project and returns the files it wrote. It
// replaces none; a .gitignore that is there gets the lines it lacks.
func initProject(dir, example string) ([]string, error) {
	var from fs.FS = skeleton
	root := "skeleton"
	if example != "" {
		if !slices.Contains(examples.Names(), example) {
			return nil, fmt.Errorf("there is no example %q: there are %s", example, strings.Join(examples.Names(), ", "))
		}
		from, root = examples.FS, example
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("there is a file %s, so there can be no directory of that name", dir)
	}
	if there, err := filepath.Glob(filepath.Join(dir, "*.hcl")); err == nil && len(there) > 0 {
		return nil, fmt.Errorf("there is a project in %s already (%s). Name another directory", dir, filepath.Base(there[0]))
	}
	texts := map[string][]byte{} // by path in dir
	err := fs.WalkDir(from, root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(from, p)
		target := strings.TrimPrefix(p, root+"/")
		if target == "project.hcl" && example == "" {
			text = []byte(strings.Replace(string(text), "PROJECT", projectName(dir), 1))
		}
		texts[target] = text
		return err
	})
	if err != nil {
		return nil, err
	}
	delete(texts, "gitignore") // a file called .gitignore would not be embedded as one
	files := slices.Sorted(maps.Keys(texts))
	for _, target := range files {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(target))); err == nil {
			return nil, fmt.Errorf("%s is there already, and nothing is replaced. Name another directory", path.Join(dir, target))
		}
	}
	for _, target := range files {
		if err := write(filepath.Join(dir, filepath.FromSlash(target)), texts[target]); err != nil {
			return nil, err
		}
	}
	changed, err := ignore(filepath.Join(dir, ".gitignore"))
	if changed {
		files = append(files, ".gitignore")
	}
	return files, err
}

//go:embed skeleton/gitignore
var ignored string

// ignore adds to a .gitignore what git should not keep of a project, where it lacks that.
func ignore(path string) (changed bool, err error) {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	text := string(before)
	have := strings.Fields(text)
	for _, line := range strings.Fields(ignored) {
		if slices.Contains(have, line) {
			continue
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		text += line + "\n"
	}
	if text == string(before) {
		return false, nil
	}
	return true, os.WriteFile(path, []byte(text), 0o666)
}

// projectName names a project after its directory.
func projectName(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "my_project"
	}
	name := strings.Map(func(r rune) rune {
		if r == '"' || r == '\\' || r == '$' || r == '%' || r < ' ' {
			return '_'
		}
		return r
	}, filepath.Base(abs))
	if name == "" || name == "/" || name == "." {
		return "my_project"
	}
	return name
}

// write makes a new file.
func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
