package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

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
			if err := initProject(dir, example); err != nil {
				return a.fail(failure("Cannot make a project", err), nil)
			}
			at := ""
			if dir != "." {
				at = " -chdir=" + dir
			}
			fmt.Fprintf(a.out, "Wrote a project to %s. See what it would build, then build it:\n\n  assets%s plan\n  assets%s apply\n", dir, at, at)
			return nil
		},
	}
	c.Flags().StringVar(&example, "example", "", "copy the example `NAME`: "+strings.Join(examples.Names(), ", "))
	return c
}

// initProject fills dir with a project. It replaces no file.
func initProject(dir, example string) error {
	var from fs.FS = skeleton
	root := "skeleton"
	if example != "" {
		if !slices.Contains(examples.Names(), example) {
			return fmt.Errorf("there is no example %q: there are %s", example, strings.Join(examples.Names(), ", "))
		}
		from, root = examples.FS, example
	}
	if there, err := filepath.Glob(filepath.Join(dir, "*.hcl")); err == nil && len(there) > 0 {
		return fmt.Errorf("there is a project in %s already (%s). Name another directory", dir, filepath.Base(there[0]))
	}
	texts := map[string][]byte{} // by path in dir
	err := fs.WalkDir(from, root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(from, p)
		target := strings.TrimPrefix(p, root+"/")
		if example == "" {
			text, target = adapt(dir, target, text)
		}
		texts[target] = text
		return err
	})
	if err != nil {
		return err
	}
	for target := range texts {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(target))); err == nil && target != ".gitignore" {
			return fmt.Errorf("%s is there already, and nothing is replaced. Name another directory", path.Join(dir, target))
		}
	}
	for target, text := range texts {
		if err := write(filepath.Join(dir, filepath.FromSlash(target)), text); err != nil {
			return err
		}
	}
	return nil
}

// adapt names the project after its directory. A file called .gitignore would
// not be embedded as one.
func adapt(dir, target string, text []byte) (renamed []byte, path string) {
	switch target {
	case "gitignore":
		return text, ".gitignore"
	case "project.hcl":
		return []byte(strings.Replace(string(text), "PROJECT", projectName(dir), 1)), target
	}
	return text, target
}

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

// write makes a new file; one that is there stays.
func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
