package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

func (a *app) applyCommand() *cobra.Command {
	var flags planFlags
	var approved bool
	c := &cobra.Command{
		Use:   "apply [PLANFILE]",
		Short: "Build, check and publish what has to be",
		Long: `Make a plan, ask for approval, build what it says, check it, and publish what
passed in one go. With PLANFILE, carry out that saved plan without asking; it is
refused if anything it was based on has moved.

Exits 1 if anything failed, after publishing what may be published.`,
		Args: takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.checkParallelism(c); err != nil {
				return err
			}
			defer a.telemeter()()
			if len(args) == 1 {
				return a.applySaved(c.Context(), args[0], flags)
			}
			return a.planAndApply(c.Context(), flags, approved)
		},
	}
	flags.register(c)
	c.Flags().BoolVar(&flags.destroy, "destroy", false, "remove everything that is published")
	a.applyFlags(c, &approved)
	return c
}

func (a *app) destroyCommand() *cobra.Command {
	flags := planFlags{destroy: true}
	var approved bool
	c := &cobra.Command{
		Use:   "destroy",
		Short: "Remove what is published from the warehouse",
		Long: `Remove everything that is published from the warehouse, or with -target an asset
and all that is made from it. The files of sources are never touched.`,
		Args: takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.checkParallelism(c); err != nil {
				return err
			}
			defer a.telemeter()()
			return a.planAndApply(c.Context(), flags, approved)
		},
	}
	c.Flags().StringArrayVar(&flags.targets, "target", nil, "only `SELECTOR` and what is made from it; may be repeated")
	a.applyFlags(c, &approved)
	return c
}

func (a *app) applyFlags(c *cobra.Command, approved *bool) {
	c.Flags().BoolVar(approved, "auto-approve", false, "do not ask for approval")
	c.Flags().IntVar(&a.parallelism, "parallelism", 0, "build `N` assets at once (default: as many as there are cores)")
}

func (a *app) checkParallelism(c *cobra.Command) error {
	if c.Flags().Changed("parallelism") && a.parallelism < 1 {
		return fmt.Errorf("-parallelism is how many assets are built at once, at least 1, not %d. Leave it out for as many as there are cores", a.parallelism)
	}
	return nil
}

// errOvertaken says that another run was published after the plan was made.
var errOvertaken = errors.New("another run was published since the plan was made")

// planAndApply makes a plan, has it approved and carries it out. What nobody
// looked at is planned again if another run came first; each time that happens
// the other one has come further.
func (a *app) planAndApply(ctx context.Context, flags planFlags, approved bool) error {
	for {
		err := a.planAndApplyOnce(ctx, flags, approved)
		if !errors.Is(err, errOvertaken) {
			return err
		}
		a.log.Warn().Msg(errOvertaken.Error() + ": planning again")
	}
}

func (a *app) planAndApplyOnce(ctx context.Context, flags planFlags, approved bool) error {
	p, diags := a.plan(ctx, flags)
	defer p.close()
	p.again = approved
	if diags.HasErrors() {
		return a.refuseApply(diags, p)
	}
	if !a.json {
		a.show(diags, p.Session)
		view.PlanText(a.out, p.plan, p.options, a.outStyle)
		if p.plan.Work() || p.plan.Summary().Blocked > 0 {
			fmt.Fprintln(a.out)
		}
	}
	if !approved && p.plan.Changes() {
		if err := a.approve(ctx, flags); err != nil {
			return a.refuseApply(failure("Not approved", err), p)
		}
	}
	return a.carryOut(ctx, p, diags)
}

// applySaved carries out a saved plan, if it still holds.
func (a *app) applySaved(ctx context.Context, path string, flags planFlags) error {
	p := &planned{}
	defer func() { p.close() }()
	if len(flags.targets)+len(flags.replace) > 0 || flags.destroy {
		return a.refuseApply(failure("Invalid flags", errors.New("a saved plan says itself what is done: give -target, -replace and -destroy to `assets plan`")), p)
	}
	saved, err := readPlan(path)
	if _, missing := os.Stat(path); errors.Is(missing, fs.ErrNotExist) && looksLikeSelector(path) {
		err = fmt.Errorf("%w. To build only %s and what it needs, run: %s", err, path, a.command("apply", "-target", path))
	}
	if err == nil {
		err = a.takeVariables(saved)
	}
	if err != nil {
		return a.refuseApply(failure("Cannot apply the saved plan", err), p)
	}
	var diags hcl.Diagnostics
	if p.Session, diags = a.open(); diags.HasErrors() {
		return a.refuseApply(diags, p)
	}
	p.options = saved.Options
	in, now, more := p.PlanAgain(ctx, saved.Options)
	diags = append(diags, more...)
	if !diags.HasErrors() {
		diags = append(diags, session.Moved(saved.Plan, now)...)
	}
	if diags.HasErrors() {
		return a.refuseApply(diags, p)
	}
	p.in, p.plan = in, saved.Plan
	if a.json {
		diags = append(diags, view.ContractWarnings(p.Project, p.plan)...)
	} else {
		a.show(diags, p.Session)
		if !p.plan.Work() && p.plan.Summary().Blocked == 0 {
			fmt.Fprintln(a.out, view.NothingLine(p.plan, p.options, a.outStyle))
		}
	}
	return a.carryOut(ctx, p, diags)
}

// refuseApply tells why nothing was done; as JSON, in lines like those of a run.
func (a *app) refuseApply(diags hcl.Diagnostics, p *planned) error {
	if !a.json {
		return a.fail(diags, p.Session)
	}
	a.diagnosticLines(diags, p)
	if err := view.JSONLine(a.out, view.NewEventJSON(materialize.Event{
		Type: materialize.RunFinished, At: a.now(), Result: &materialize.Result{Status: "failed"}})); err != nil {
		return err
	}
	return exit(1)
}

// carryOut applies an approved plan and tells how it came out.
func (a *app) carryOut(ctx context.Context, p *planned, planDiags hcl.Diagnostics) error {
	var result materialize.Result
	var diags, untold hcl.Diagnostics
	last := materialize.Event{Type: materialize.RunFinished, At: a.now(), Result: &result} // told after the diagnostics
	alerts := p.Alerts()
	if p.plan.Work() {
		alerts.Begin(p.Scene())
		progress := a.progress(p.Project)
		told := p.Notify(p.plan)
		p.Emit = func(e materialize.Event) {
			told.Event(e)
			a.meter.Observe(e)
			alerts.Event(e)
			if e.Type == materialize.RunFinished {
				last = e
				return
			}
			progress.Event(e)
		}
		quiet := context.AfterFunc(ctx, func() {
			a.log.Warn().Msg("interrupted: ending in good order. Interrupt again to stop at once, which loses nothing that is published")
		})
		result, diags = p.Apply(ctx, p.plan)
		quiet()
		progress.Close()
		untold = append(told.Close(ctx, diags), p.Alert(ctx, alerts, diags)...)
		if p.again && p.Overtaken {
			return errOvertaken
		}
		if diags.HasErrors() {
			return a.refuseApply(append(diags, untold...), p)
		}
	} else {
		p.Tidy(ctx)
		untold = p.Alert(ctx, alerts, nil)
		result = materialize.Result{Status: "succeeded"}
	}
	a.measure(p)
	diags = append(append(diags, view.RunDiagnostics(p.Project, p.plan, result)...), untold...)
	totals := view.NewTotals(p.plan, result)
	if a.json {
		a.diagnosticLines(append(planDiags, diags...), p)
		if err := view.JSONLine(a.out, view.FinishedJSON(last, totals)); err != nil {
			return err
		}
	} else {
		a.show(diags, p.Session)
		if p.plan.Work() || totals.Blocked > 0 {
			if len(diags) == 0 { // diagnostics end with a blank line themselves
				fmt.Fprintln(a.out)
			}
			fmt.Fprintln(a.out, view.ResultLine(totals, result.Took, verb(p.options), a.outStyle))
		}
	}
	if diags.HasErrors() {
		return exit(1)
	}
	return nil
}

func verb(o planner.Options) string {
	if o.Destroy {
		return "Destroy"
	}
	return "Apply"
}

// progress is how a run is shown while it goes on.
func (a *app) progress(p *assets.Project) view.Progress {
	isView := func(name assets.Name) bool { return p.Assets[name] != nil && p.Assets[name].Kind == assets.View }
	switch {
	case a.json:
		return view.NewJSONLines(a.out)
	case a.logFormat == "json": // then all of stderr is
		return view.NewJSONLines(a.err)
	case a.errTerm != nil:
		return view.NewLive(a.err, a.errStyle, isView, func() int { return cmp.Or(columns(a.errTerm), 80) })
	}
	return view.NewLines(a.err, a.errStyle, isView)
}

// diagnosticLines writes diagnostics among the lines of `apply -json`.
func (a *app) diagnosticLines(diags hcl.Diagnostics, p *planned) {
	view.DiagnosticLines(a.out, a.diagnosticsJSON(diags, p.Session), a.now())
}

// approve asks for approval of a plan.
func (a *app) approve(ctx context.Context, flags planFlags) error {
	question, note := "Do you want to perform these actions?", "assets will perform the actions described above."
	if flags.destroy {
		question, note = "Do you really want to destroy this?", "Data that was built is lost; the files of sources are not touched."
	}
	return a.ask(ctx, question, note, func(why string) error { return a.unasked(why, flags) })
}

// ask takes the answer to a question from a terminal or a pipe: nil means yes.
// unasked makes the error of why nobody can be asked.
func (a *app) ask(ctx context.Context, question, note string, unasked func(why string) error) error {
	if a.json {
		return unasked("with -json nobody is asked for approval")
	}
	fmt.Fprintf(a.out, "%s\n  %s\n  Only 'yes' will be accepted to approve.\n\n  %s ", a.outStyle.Bold(question), note, a.outStyle.Bold("Enter a value:"))
	answers := make(chan string, 1)
	go func() { // a read cannot be interrupted, waiting for it can
		answer, _ := bufio.NewReader(a.stdin).ReadString('\n')
		answers <- answer
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.out)
		return errors.New("interrupted. Nothing was done")
	case answer := <-answers:
		fmt.Fprintln(a.out)
		switch {
		case strings.TrimSpace(answer) == "yes":
			return nil
		case answer == "" && !term.IsTerminal(int(a.stdin.Fd())):
			return unasked("there is no terminal to ask for approval, and standard input is empty")
		}
	}
	return errors.New("the answer was not 'yes'. Nothing was done")
}

// unasked refuses to act without approval, and says how to give it.
func (a *app) unasked(why string, flags planFlags) error {
	words := []string{"plan"}
	if flags.destroy {
		words = append(words, "-destroy")
	}
	for _, target := range flags.targets {
		words = append(words, "-target", target)
	}
	for _, replace := range flags.replace {
		words = append(words, "-replace", replace)
	}
	return fmt.Errorf("%s. Look at the plan, then give -auto-approve, or save it with `%s` and run `%s`", why,
		a.command(append(words, "-out", "FILE")...), a.command("apply", "FILE"))
}
