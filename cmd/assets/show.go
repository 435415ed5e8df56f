package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/planner"
)

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show [PLANFILE | SELECTOR...]",
		Short: "Show what is published, an asset in detail, or a saved plan",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
					return a.showSaved(args[0])
				}
			}
			p, diags := a.plan(c.Context(), planFlags{})
			defer p.close()
			if diags.HasErrors() {
				return a.refuse(diags, p.Session)
			}
			selected := published(p.in)
			if len(args) > 0 {
				names, more := p.Select(args)
				if more.HasErrors() {
					return a.refuse(append(diags, more...), p.Session)
				}
				selected = names
			}
			doc := view.NewShow(p.in, p.plan, selected)
			switch {
			case a.json:
				return a.document(doc, nil)
			case len(args) == 0:
				view.ShowList(a.out, doc, p.in.Now, a.outStyle)
			default:
				view.ShowText(a.out, doc, p.in.Now, a.outStyle)
			}
			return nil
		},
	}
}

// published lists what is published, inputs before their readers, and last what left the project.
func published(in planner.Input) []assets.Name {
	var names []assets.Name
	for _, name := range in.Graph.Order {
		if _, recorded := in.State.Last[planner.Key{Asset: name}]; recorded {
			names = append(names, name)
		}
	}
	return append(names, removed(in)...)
}

// removed lists what is published and no longer in the project.
func removed(in planner.Input) []assets.Name {
	gone := map[assets.Name]bool{}
	for key := range in.State.Last {
		if in.Project.Assets[key.Asset] == nil {
			gone[key.Asset] = true
		}
	}
	return assets.SortedNames(gone)
}

func (a *app) showSaved(path string) error {
	saved, err := readPlan(path)
	if err != nil {
		return a.refuse(failure("Cannot show the plan", err), nil)
	}
	if a.json {
		return a.document(view.NewPlanJSON(a.projectName(), saved.Plan, a.diagnosticsJSON(view.ContractWarnings(nil, saved.Plan), nil)), nil)
	}
	fmt.Fprintf(a.out, "Plan made %s.\n\n", view.Moment(saved.Plan.At))
	view.PlanText(a.out, saved.Plan, saved.Options, a.outStyle)
	return nil
}

// projectName is the name of the project here; empty if there is none.
func (a *app) projectName() string {
	s, _ := a.open()
	if s == nil {
		return ""
	}
	return s.Project.Name
}
