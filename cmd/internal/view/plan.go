package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// empty says whether there is nothing to do and nothing in the way.
func empty(s planner.Summary) bool {
	return s.Create+s.Rebuild+s.Drop+s.Revalidate+s.Wait+s.Blocked == 0
}

// PlanLine is the last line of a plan. With targets, only they are said to be unchanged.
func PlanLine(plan planner.Plan, options planner.Options) string {
	s := plan.Summary()
	text := fmt.Sprintf("Plan: %d to create, %d to rebuild, %d to revalidate, %d to drop, %d blocked", s.Create, s.Rebuild, s.Revalidate, s.Drop, s.Blocked)
	if s.Wait > 0 {
		text += fmt.Sprintf(", %d waiting", s.Wait)
	}
	if untargeted := untargeted(plan, options); untargeted > 0 {
		return text + fmt.Sprintf("; %d unchanged (%d more not targeted).", s.Unchanged-untargeted, untargeted)
	}
	return text + fmt.Sprintf("; %d unchanged.", s.Unchanged)
}

// untargeted counts the assets that have no action and are no targets.
func untargeted(plan planner.Plan, options planner.Options) (n int) {
	if len(options.Targets) == 0 {
		return 0
	}
	for _, step := range plan.Steps {
		if step.Action == planner.None && !slices.Contains(options.Targets, step.Asset) {
			n++
		}
	}
	return n
}

// actions are all actions in the order of a legend, with their meanings.
var actions = []struct {
	action  planner.Action
	meaning string
}{
	{planner.Create, "build what is not there"},
	{planner.Rebuild, "build anew, publish if the checks pass"},
	{planner.Revalidate, "build nothing: record that it is up to date, run checks that changed"},
	{planner.Drop, "remove from the warehouse"},
	{planner.Wait, "not due yet"},
	{planner.Blocked, "cannot be built now"},
}

// PlanText writes a plan for people: every step that does something, why, and a summary.
func PlanText(w io.Writer, plan planner.Plan, options planner.Options, style Style) {
	summary := plan.Summary()
	if len(options.Targets) > 0 {
		fmt.Fprintf(w, "Restricted to %s and %s.\n\n", names(options.Targets, "and"), related(options))
	}
	if empty(summary) {
		fmt.Fprintln(w, NothingLine(plan, options, style))
		outside(w, plan)
		return
	}
	legend(w, plan, style)
	switch {
	case plan.Work():
		fmt.Fprintf(w, "assets will perform the following actions:\n\n")
	case summary.Blocked > 0:
		fmt.Fprintf(w, "Nothing can be done now:\n\n")
	default:
		fmt.Fprintf(w, "Nothing is due now:\n\n")
	}
	width := 0
	for _, step := range plan.Steps {
		if step.Action != planner.None {
			width = max(width, min(48, uniseg.StringWidth(stepName(step))))
		}
	}
	for _, step := range plan.Steps {
		if step.Action == planner.None {
			continue
		}
		fmt.Fprintf(w, "  %s %s  %s\n", style.symbol(step.Action), style.Bold(pad(stepName(step), width)), Why(step, plan.At))
	}
	brokenContracts(w, plan, style)
	fmt.Fprintf(w, "\n%s\n", style.Bold(PlanLine(plan, options)))
	nextLine(w, plan)
	outside(w, plan)
}

// nextLine says what of all that waits is built first, and when, and how to have it built now.
func nextLine(w io.Writer, plan planner.Plan) {
	var next *planner.Step
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if s.Action == planner.Wait && s.StartBy.After(plan.At) && (next == nil || s.StartBy.Before(next.StartBy)) {
			next = s
		}
	}
	if next != nil {
		fmt.Fprintf(w, "Next: %s at %s (%s). `assets apply -all` builds what waits now.\n", next.Asset, minute(next.StartBy), Ago(next.StartBy, plan.At))
	}
}

// related says what -target takes along.
func related(options planner.Options) string {
	one := len(options.Targets) == 1
	switch {
	case options.Destroy && one:
		return "what is made from it"
	case options.Destroy:
		return "what is made from them"
	case one:
		return "what it needs"
	}
	return "what they need"
}

// NothingLine says that a plan has nothing to do, as far as could be seen.
func NothingLine(plan planner.Plan, options planner.Options, style Style) string {
	summary := plan.Summary()
	text := nothing(summary, options)
	var unseen []assets.Name
	for _, name := range assets.SortedNames(plan.Sources) {
		if plan.Sources[name] == planner.SourceUnobserved {
			unseen = append(unseen, name)
		}
	}
	if len(unseen) == 0 || summary.Unchanged == 0 || len(options.Targets) > 0 || options.Destroy {
		return style.Bold(style.Green(text))
	}
	return style.Bold(style.Yellow(fmt.Sprintf("%s, with what was last seen of %s.", strings.TrimSuffix(text, "."), names(unseen, "and"))))
}

// outside says what -target leaves undone.
func outside(w io.Writer, plan planner.Plan) {
	switch n := len(plan.Outside); {
	case n > 3:
		fmt.Fprintf(w, "\nLeft out by -target: %s and %d more need work too.\n", names(plan.Outside[:3], ","), n-3)
	case n > 1:
		fmt.Fprintf(w, "\nLeft out by -target: %s need work too.\n", names(plan.Outside, "and"))
	case n == 1:
		fmt.Fprintf(w, "\nLeft out by -target: %s needs work too.\n", plan.Outside[0])
	}
}

func nothing(s planner.Summary, options planner.Options) string {
	switch {
	case len(options.Targets) > 0 && !options.Destroy:
		return "Nothing to do: what -target names is up to date."
	case options.Destroy:
		return "Nothing to do: nothing is published."
	case s.Unchanged == 0:
		return "Nothing to do: the project declares no assets."
	case s.Unchanged == 1:
		return "Nothing to do: the only asset is up to date."
	}
	return fmt.Sprintf("Nothing to do: all %s are up to date.", Count(s.Unchanged, "asset"))
}

func legend(w io.Writer, plan planner.Plan, style Style) {
	fmt.Fprintln(w, "Actions are indicated with these symbols:")
	for _, entry := range actions {
		if slices.ContainsFunc(plan.Steps, func(s planner.Step) bool { return s.Action == entry.action }) {
			fmt.Fprintf(w, "  %s %s  %s\n", style.symbol(entry.action), pad(entry.action.String(), len("revalidate")), style.Dim(entry.meaning))
		}
	}
	fmt.Fprintln(w)
}

func stepName(step planner.Step) string {
	if step.IsAlways() {
		return step.Asset.String()
	}
	return fmt.Sprintf("%s [%s]", step.Asset, step.Start.UTC().Format("2006-01-02 15:04"))
}

// Why joins the reasons of a step to one line. What a conditional step waits
// for is said once, as a condition; that what is blocked was never built is no cause.
// Of what waits it says for how long from now, unless that is zero.
func Why(step planner.Step, now time.Time) string {
	var parts []string
	if condition := condition(step); condition != "" {
		parts = append(parts, condition)
	}
	for _, reason := range step.Reasons {
		conditional := step.Action == planner.Rebuild && reason.Input != nil && slices.Contains(step.ConditionalOn, *reason.Input)
		if reason.Message != "" && !conditional && (step.Action != planner.Blocked || reason.Code != planner.Missing) {
			parts = append(parts, reason.Message)
		}
	}
	text := strings.Join(parts, "; ")
	if step.Action == planner.Wait && len(step.Reasons) > 0 && step.Reasons[0].Code == planner.NotDue {
		parts[0] = waitText(step, step.Reasons[0], now)
		text = strings.Join(parts, "; ")
		if step.StartBy.After(now) {
			text = strings.Replace(text, "; ", ": ", 1)
		}
	}
	if step.Action == planner.Blocked {
		text = "blocked: " + text
	}
	return text
}

// condition says on which inputs a rebuild depends: "if staging.orders changes". Of
// what is not rebuilt the reasons say why.
func condition(step planner.Step) string {
	switch n := len(step.ConditionalOn); {
	case n == 0 || step.Action != planner.Rebuild:
		return ""
	case n > 3:
		return fmt.Sprintf("if any of %s or %d other inputs changes", names(step.ConditionalOn[:2], ","), n-2)
	}
	return "if " + names(step.ConditionalOn, "or") + " changes"
}

func names(of []assets.Name, conjunction string) string {
	texts := make([]string, len(of))
	for i, n := range of {
		texts[i] = n.String()
	}
	if conjunction == "," {
		return strings.Join(texts, ", ")
	}
	return list(texts, conjunction)
}
