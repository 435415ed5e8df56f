package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner/planfile"
)

// savePlan writes a plan file. A crash leaves the old file or the new one.
func (a *app) savePlan(path string, p *planned) (err error) {
	file := planfile.File{Version: version, Plan: p.plan, Options: p.options, VarFiles: a.varFiles,
		Vars: map[string]string{}, Sensitive: map[string]assets.Digest{}}
	vars, err := assignments(a.vars)
	if err != nil {
		return err
	}
	for name, value := range vars {
		if p.Project.SensitiveVariables[name] || a.redactor.String(value) != value {
			file.Sensitive[name] = planfile.VarDigest(name, value)
			continue
		}
		file.Vars[name] = value
	}
	var content bytes.Buffer
	if err := planfile.Write(&content, file); err != nil {
		return err
	}
	err = warehouse.ReplaceFile(path, content.Bytes())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no directory %s", filepath.Dir(path))
	}
	return err
}

// readPlan reads a saved plan; its errors name the file.
func readPlan(path string) (planfile.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return planfile.File{}, fmt.Errorf("there is no plan file %s", path)
	}
	if err != nil {
		return planfile.File{}, plainly(err)
	}
	defer f.Close()
	file, err := planfile.Read(f)
	if err != nil {
		return file, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// looksLikeSelector says whether an argument names assets rather than a file.
func looksLikeSelector(arg string) bool {
	if strings.HasSuffix(arg, ".plan") {
		return false
	}
	_, err := assets.ParseName(strings.Trim(arg, "+"))
	return err == nil || strings.HasPrefix(arg, "tag:") || strings.HasPrefix(arg, "owner:") || strings.HasSuffix(arg, ".*")
}

// takeVariables loads the project as it was loaded when the plan was made.
func (a *app) takeVariables(saved planfile.File) error {
	if len(a.varFiles) > 0 {
		return errors.New("a saved plan names its -var-file itself: leave it out")
	}
	given, err := assignments(a.vars)
	if err != nil {
		return err
	}
	vars, err := saved.Supply(given)
	if err != nil {
		return err
	}
	a.vars, a.varFiles = nil, saved.VarFiles
	for name, value := range vars {
		a.vars = append(a.vars, name+"="+value)
	}
	return nil
}
