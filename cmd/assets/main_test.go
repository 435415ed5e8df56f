package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage/export/openlineagetest"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"assets":     func() { os.Exit(run(atClock)) },
		"hold":       hold,
		"foreign":    foreign,
		"collect":    collect,
		"collector":  collector,
		"fileserver": serveFiles,
	})
}

// TestScripts runs testdata/script: one script for each behaviour that a user can see.
func TestScripts(t *testing.T) {
	t.Run("specification", func(t *testing.T) { specification = openlineagetest.New(t) })
	testscript.RunT(listener{t}, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":    await,
			"until":    until,
			"replace":  replace,
			"absent":   absent,
			"readme":   readme,
			"events":   events,
			"spans":    spans,
			"points":   points,
			"readinto": readInto,
			"parent":   parentOf,
			"derived":  derived,
			"clock":    clock,
			"age":      age,
			"night":    night,
			"keep":     keepUntil,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			plantCanaries(e)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}

// hold is a program that holds a DuckDB file for writing until it is killed.
func hold() {
	db, err := warehouse.Open(context.Background(), warehouse.Options{Path: os.Args[1]})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer db.Close()
	if err := os.WriteFile(os.Args[2], nil, 0o666); err != nil {
		os.Exit(1)
	}
	time.Sleep(time.Minute)
}

// foreign is another program that changes a warehouse: `foreign FILE STATEMENT`. In the
// statement {NAME} is the physical table that is published under a name.
func foreign() {
	db, err := warehouse.Open(context.Background(), warehouse.Options{Path: os.Args[1]})
	if err == nil {
		statement := regexp.MustCompile(`\{[a-z_.]+\}`).ReplaceAllStringFunc(os.Args[2], func(name string) string {
			m, _, _ := db.Current(context.Background(), assets.MustName(strings.Trim(name, "{}"))) // what is missing fails as SQL
			return warehouse.TableRef(m.Table)
		})
		err = db.Exec(context.Background(), "USE "+warehouse.Catalog+"; "+statement)
		if closing := db.Close(); err == nil {
			err = closing
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// await waits until a file is there, and holds a text: `await FILE [TEXT]`.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: await FILE [TEXT]")
	}
	held := ""
	if len(args) == 2 {
		held = args[1]
	}
	for range 500 {
		if text, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && strings.Contains(string(text), held) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear", args[0])
}

// until runs a command again and again until TEXT stands in what it writes:
// `until TEXT COMMAND...`.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until TEXT COMMAND...")
	}
	for range 200 {
		_ = ts.Exec(args[1], args[2:]...) // whether it fails is what the text tells
		if strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), args[0]) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%v never wrote %q", args[1:], args[0])
}

// replace edits a file: `replace FILE OLD NEW`, where OLD must stand in it once.
// In NEW, \n is a line break.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	path := ts.MkAbs(args[0])
	text := ts.ReadFile(args[0])
	if strings.Count(text, args[1]) != 1 {
		ts.Fatalf("%q stands %d times in %s", args[1], strings.Count(text, args[1]), args[0])
	}
	ts.Check(os.WriteFile(path, []byte(strings.Replace(text, args[1], strings.ReplaceAll(args[2], `\n`, "\n"), 1)), 0o666))
}

// absent fails if TEXT stands in any file: `absent TEXT`.
func absent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: absent TEXT")
	}
	ts.Check(filepath.WalkDir(ts.MkAbs("."), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && bytes.Contains(text, []byte(args[0])) {
			err = fmt.Errorf("%s holds %q", path, args[0])
		}
		return err
	}))
}

// readme fails unless FILE holds the block of README.md that holds TEXT, the
// command it begins with left out: `readme FILE TEXT`.
func readme(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: readme FILE TEXT")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	ts.Check(err)
	for i, block := range regexp.MustCompile("```[a-z]*\n").Split(string(text), -1) {
		if i%2 == 1 && strings.Contains(block, args[1]) {
			if command, output, ok := strings.Cut(block, "\n"); ok && strings.HasPrefix(command, "$ ") {
				block = output
			}
			if !strings.Contains(ts.ReadFile(args[0]), block) {
				ts.Fatalf("README.md shows something else:\n%s", block)
			}
			return
		}
	}
	ts.Fatalf("no block of README.md holds %q", args[1])
}

// clock sets a variable to a moment from now, as the clocks of a zone show it and in
// one of Go's layouts: `clock NAME OFFSET ZONE LAYOUT`.
func clock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: clock NAME OFFSET ZONE LAYOUT")
	}
	offset, err := time.ParseDuration(args[1])
	ts.Check(err)
	zone, err := time.LoadLocation(args[2])
	ts.Check(err)
	ts.Setenv(args[0], time.Now().Add(offset).In(zone).Format(args[3]))
}

// age makes a file one that was written so long ago: `age FILE DURATION`.
func age(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: age FILE DURATION")
	}
	ago, err := time.ParseDuration(args[1])
	ts.Check(err)
	written := time.Now().Add(-ago)
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), written, written))
}

func TestDoubleDashes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plan -out=p", "plan --out=p"},
		{"-chdir=x plan -detailed-exitcode", "--chdir=x plan --detailed-exitcode"},
		{"plan --out p -h", "plan --out p -h"},
		{"runs -n -5", "runs -n -5"},
		{"query -- -x", "query -- -x"},
		{"query -", "query -"},
		{"apply -var x=-y", "apply --var x=-y"},
	} {
		if got := strings.Join(doubleDashes(strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%s → %s, want %s", c.in, got, c.want)
		}
	}
	// A query is no flag, whatever it begins with.
	if got := doubleDashes([]string{"query", "-x + 1 from t"}); got[1] != "-x + 1 from t" {
		t.Errorf("a query became %q", got[1])
	}
}

// Every subcommand says what it is for, and its flags are documented.
func TestCommandsAreDocumented(t *testing.T) {
	root := newApp(os.Stdin, os.Stdout, os.Stderr, nil).rootCommand()
	for _, c := range root.Commands() {
		if c.Short == "" {
			t.Errorf("%s has no description", c.Name())
		}
		lines := bufio.NewScanner(strings.NewReader(c.LocalFlags().FlagUsages()))
		for lines.Scan() {
			if len(strings.Fields(lines.Text())) < 3 {
				t.Errorf("%s: a flag without a description: %s", c.Name(), lines.Text())
			}
		}
	}
}
