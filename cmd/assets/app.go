package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seed-4311623e/assets/cmd/internal/daemon"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/telemetry"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// app is one run of the command: its flags, its streams, and what they can show.
type app struct {
	stdin    *os.File
	out, err *session.RedactingWriter
	stdout   io.Writer // what out writes to: for bytes that are no text
	// outStyle and errStyle suit what stdout and stderr are connected to.
	outStyle, errStyle view.Style
	outTerm, errTerm   *os.File // nil: not a terminal
	environ            []string
	redactor           *session.Redactor

	subcommand                 string
	chdir, logLevel, logFormat string
	noColor, json              bool
	lockTimeout                time.Duration
	vars, varFiles             []string
	parallelism                int

	log zerolog.Logger
	// telemetry sends traces and metrics of what this command does; nil: nothing of it is of interest.
	telemetry *telemetry.Telemetry
	meter     *meter

	// now and clock tell the time: of this computer, but for tests.
	now   func() time.Time
	clock daemon.Clock
}

// exit is an error that was told already: what is left is the code.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func newApp(stdin, stdout, stderr *os.File, environ []string) *app {
	redactor := &session.Redactor{}
	redactor.Add(telemetry.Secrets(environ))
	return &app{
		stdin: stdin, out: redactor.Writer(stdout), err: redactor.Writer(stderr), stdout: stdout,
		outTerm: terminal(stdout), errTerm: terminal(stderr),
		environ: environ, redactor: redactor, log: zerolog.Nop(), now: time.Now, clock: daemon.NewClock(),
	}
}

func terminal(f *os.File) *os.File {
	if term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// run carries out one command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) (code int) {
	defer func() {
		// The runtime would write what it was about to stderr as it is.
		if r := recover(); r != nil {
			fmt.Fprintf(a.err, "This is a mistake of the program, not yours. Please report it with what follows.\n\n%v\n\n%s", r, debug.Stack())
			_ = errors.Join(a.out.Flush(), a.err.Flush()) // there is nobody else to tell
			code = 2
		}
	}()
	root := a.rootCommand()
	root.SetArgs(doubleDashes(args))
	root.SetIn(a.stdin)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	var told exit
	switch {
	case err == nil:
	case errors.As(err, &told):
		code = int(told)
	default:
		code = 1
		if err := a.refuse(failure("Invalid command line", err), nil); !errors.As(err, &told) {
			fmt.Fprintln(a.err, err) // not even that can be said
		}
	}
	// The last bytes may have waited for the rest of a secret.
	if err := errors.Join(a.out.Flush(), a.err.Flush()); err != nil && code == 0 {
		code = 1
	}
	return code
}

// prepare takes the global flags into account, once they are parsed.
func (a *app) prepare(c *cobra.Command, _ []string) error {
	a.subcommand = strings.TrimPrefix(c.CommandPath(), "assets ")
	colour := !a.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	a.outStyle = view.NewStyle(colour && a.outTerm != nil)
	a.errStyle = view.NewStyle(colour && a.errTerm != nil)
	level, err := zerolog.ParseLevel(a.logLevel)
	if err != nil {
		return fmt.Errorf("-log-level is trace, debug, info, warn or error, not %q", a.logLevel)
	}
	var w io.Writer = a.err
	switch a.logFormat {
	case "text":
		format := time.TimeOnly + "Z"
		if c.Name() == "daemon" { // what it writes is read days later
			format = time.RFC3339
		}
		w = zerolog.ConsoleWriter{Out: a.err, NoColor: !a.errStyle.Colour(), TimeFormat: format}
	case "json":
	default:
		return fmt.Errorf("-log-format is text or json, not %q", a.logFormat)
	}
	zerolog.TimestampFunc = func() time.Time { return a.now().UTC() }
	a.log = zerolog.New(w).Level(level).With().Timestamp().Logger()
	if a.chdir != "" {
		if err := os.Chdir(a.chdir); err != nil {
			return fmt.Errorf("-chdir: %w", plainly(err))
		}
	}
	return nil
}

// open reads the project in the current directory.
func (a *app) open() (*session.Session, hcl.Diagnostics) {
	o, err := a.sessionOptions()
	if err != nil {
		return nil, failure("Invalid flag", err)
	}
	return session.Open(o)
}

// sessionOptions are those of the project in the current directory.
func (a *app) sessionOptions() (session.Options, error) {
	vars, err := assignments(a.vars)
	return session.Options{
		Dir: ".", Vars: vars, VarFiles: a.varFiles, Environ: a.environ, LockTimeout: a.lockTimeout,
		Parallelism: a.parallelism, Command: a.subcommand, Log: a.log, Redactor: a.redactor, Now: a.now, Telemetry: a.telemetry,
	}, err
}

// compile opens the project and binds all of its SQL. The session, unless it is
// nil, is to be closed, also with errors.
func (a *app) compile(ctx context.Context) (*session.Session, hcl.Diagnostics) {
	s, diags := a.open()
	if !diags.HasErrors() {
		diags = append(diags, s.Compile(ctx)...)
	}
	return s, diags
}

// show writes diagnostics for people to stderr.
func (a *app) show(diags hcl.Diagnostics, s *session.Session) { a.showTexts(diags, files(s)) }

// showTexts is show for diagnostics about files with these texts, by name.
func (a *app) showTexts(diags hcl.Diagnostics, texts map[string][]byte) {
	if a.logFormat == "json" {
		view.DiagnosticLines(a.err, view.DiagnosticsJSON(a.clean(diags), texts), a.now())
		return
	}
	view.Diagnostics(a.err, a.clean(diags), texts, a.errStyle, columns(a.errTerm))
}

// columns is the width of a terminal; 0: none, or not known.
func columns(terminal *os.File) int {
	if terminal == nil {
		return 0
	}
	width, _, err := term.GetSize(int(terminal.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// fail shows diagnostics if they hold an error, and returns the exit code for it.
func (a *app) fail(diags hcl.Diagnostics, s *session.Session) error {
	a.show(diags, s)
	if diags.HasErrors() {
		return exit(1)
	}
	return nil
}

// clean hides secrets before text is wrapped: a line's end would hide them from the writer.
func (a *app) clean(diags hcl.Diagnostics) hcl.Diagnostics {
	out := make(hcl.Diagnostics, len(diags))
	for i, d := range diags {
		clean := *d
		clean.Summary, clean.Detail = a.redactor.String(d.Summary), a.redactor.String(d.Detail)
		out[i] = &clean
	}
	return out
}

// document writes a JSON document to stdout; its diagnostics tell the exit code.
func (a *app) document(doc any, diags hcl.Diagnostics) error {
	if err := view.JSON(a.out, doc); err != nil {
		return err
	}
	if diags.HasErrors() {
		return exit(1)
	}
	return nil
}

// diagnosticsJSON are diagnostics for a document.
func (a *app) diagnosticsJSON(diags hcl.Diagnostics, s *session.Session) []view.DiagnosticJSON {
	return view.DiagnosticsJSON(a.clean(diags), files(s))
}

func files(s *session.Session) map[string][]byte {
	if s == nil || s.Project == nil {
		return nil
	}
	return s.Project.Files
}

// plainly is an error of the file system as people say it: the path, and what is wrong with it.
func plainly(err error) error {
	var at *fs.PathError
	switch {
	case !errors.As(err, &at):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s", at.Path)
	}
	return fmt.Errorf("%s: %w", at.Path, at.Err)
}

// command is a command line to suggest, in the directory this one was run in.
func (a *app) command(words ...string) string {
	line := "assets"
	if a.chdir != "" {
		line += " " + quoted("-chdir="+a.chdir)
	}
	for _, word := range words {
		line += " " + quoted(word)
	}
	return line
}

// quoted is an argument as a shell takes it.
func quoted(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\n\"'`$&|;<>()*?[]{}#~!\\") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func failure(summary string, err error) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: view.Sentence(err.Error())}}
}

// refusal is the document of a command that cannot answer.
type refusal struct {
	FormatVersion string                `json:"format_version"`
	Diagnostics   []view.DiagnosticJSON `json:"diagnostics"`
}

// refuse tells why a command cannot answer, and returns the exit code for it.
func (a *app) refuse(diags hcl.Diagnostics, s *session.Session) error {
	if a.json {
		return a.document(refusal{view.FormatVersion, a.diagnosticsJSON(diags, s)}, diags)
	}
	return a.fail(diags, s)
}
