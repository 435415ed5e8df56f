package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/lineage/export"
)

// lineageFlags say which part of the graph is shown.
type lineageFlags struct {
	format               string
	upstream, downstream string // steps, "all", or empty
	tags                 []string
}

var lineageFormats = map[string]func(io.Writer, export.Graph) error{
	"json": export.JSON, "dot": export.DOT, "mermaid": export.Mermaid,
}

func (a *app) lineageCommand() *cobra.Command {
	var flags lineageFlags
	c := &cobra.Command{
		Use:   "lineage [SELECTOR...]",
		Short: "Show what is made from what",
		Example: `  assets lineage -format mermaid
  assets lineage -upstream mart.daily_sales
  assets lineage -downstream=1 -format dot raw.orders | dot -Tsvg > orders.svg`,
		RunE: func(c *cobra.Command, selectors []string) error {
			if a.json {
				flags.format = "json"
			}
			write, known := lineageFormats[flags.format]
			if !known {
				return formatError(flags.format, []string{"json", "dot", "mermaid"})
			}
			s, diags := a.open()
			if s != nil {
				defer s.Close()
			}
			if !diags.HasErrors() {
				diags = append(diags, s.Compile(c.Context())...)
			}
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			a.show(diags, s)
			names, diags := flags.names(s, selectors)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			return write(a.out, export.Of(s.Project, s.Graph, names))
		},
	}
	c.Flags().StringVar(&flags.format, "format", "json", "`FORMAT` is json, dot or mermaid")
	c.Flags().StringVar(&flags.upstream, "upstream", "", "with all that it is made from, or what is at most `N` steps up")
	c.Flags().StringVar(&flags.downstream, "downstream", "", "with all that is made from it, or what is at most `N` steps down")
	c.Flags().Lookup("upstream").NoOptDefVal = "all"
	c.Flags().Lookup("downstream").NoOptDefVal = "all"
	c.Flags().StringArrayVar(&flags.tags, "tag", nil, "only what has the `TAG`; may be repeated")
	return c
}

// names are the nodes to show; nil: all.
func (f lineageFlags) names(s *session.Session, selectors []string) ([]assets.Name, hcl.Diagnostics) {
	for _, tag := range f.tags {
		selectors = append(selectors, "tag:"+tag)
	}
	if len(selectors) == 0 {
		return nil, nil
	}
	chosen, diags := s.Select(selectors)
	if diags.HasErrors() {
		return nil, diags
	}
	names := chosen
	for _, direction := range []struct {
		flag, steps string
		next        func(assets.Name) []assets.Name
	}{
		{"-upstream", f.upstream, func(n assets.Name) []assets.Name { return s.Graph.Nodes[n].Inputs }},
		{"-downstream", f.downstream, func(n assets.Name) []assets.Name { return s.Graph.Nodes[n].Readers }},
	} {
		if direction.steps == "" {
			continue
		}
		steps := len(s.Graph.Nodes)
		if direction.steps != "all" {
			n, err := strconv.Atoi(strings.TrimSpace(direction.steps))
			if err != nil || n < 0 {
				return nil, failure("Invalid flag", fmt.Errorf("%s takes a number of steps, as in %s=2, not %q", direction.flag, direction.flag, direction.steps))
			}
			steps = n
		}
		names = append(names, within(chosen, steps, direction.next)...)
	}
	return names, nil
}

// within lists what is reached from names in at most the given number of steps.
func within(names []assets.Name, steps int, next func(assets.Name) []assets.Name) []assets.Name {
	seen := map[assets.Name]bool{}
	for _, n := range names {
		seen[n] = true
	}
	var reached []assets.Name
	for edge := names; steps > 0 && len(edge) > 0; steps-- {
		var further []assets.Name
		for _, from := range edge {
			for _, to := range next(from) {
				if !seen[to] {
					seen[to] = true
					further = append(further, to)
				}
			}
		}
		reached = append(reached, further...)
		edge = further
	}
	return reached
}
