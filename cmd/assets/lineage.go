package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/lineage/export"
)

// lineageFlags say which part of the graph is shown, and how.
type lineageFlags struct {
	format               string
	columns              bool
	upstream, downstream string // steps, "all", or empty
	tags                 []string
}

// lineageFormat is a way to write lineage.
type lineageFormat struct {
	name  string
	write func(io.Writer, export.Graph) error
	// columns: with columns, asked for or not. binary: nothing for a terminal.
	columns, binary bool
}

var lineageFormats = []lineageFormat{
	{name: "json", write: export.JSON},
	{name: "dot", write: export.DOT},
	{name: "mermaid", write: export.Mermaid},
	{name: "svg", write: export.SVG},
	{name: "png", write: export.PNG, binary: true},
	{name: "html", write: export.HTML, columns: true},
	{name: "openlineage"}, // not of the graph alone: see openLineage
}

func lineageFormatNames() []string {
	names := make([]string, len(lineageFormats))
	for i, f := range lineageFormats {
		names[i] = f.name
	}
	return names
}

func (a *app) lineageCommand() *cobra.Command {
	var flags lineageFlags
	names := lineageFormatNames()
	c := &cobra.Command{
		Use:   "lineage [SELECTOR...]",
		Short: "Show what is made from what",
		Example: `  assets lineage -format html > lineage.html
  assets lineage -format mermaid
  assets lineage -columns -upstream mart.daily_sales
  assets lineage -downstream=1 -format svg raw.orders > orders.svg`,
		RunE: func(c *cobra.Command, selectors []string) error {
			if a.json && flags.format != "json" {
				return a.refuse(failure("Invalid flag", fmt.Errorf("-json and -format %s are two formats. Take one of them out", flags.format)), nil)
			}
			return a.lineage(c.Context(), flags, selectors)
		},
	}
	c.Flags().StringVar(&flags.format, "format", "json", "`FORMAT` is "+oneOf(names))
	c.Flags().BoolVar(&flags.columns, "columns", false, "with columns, and where each comes from; html always has them")
	c.Flags().StringVar(&flags.upstream, "upstream", "", "with all that it is made from, or what is at most `N` steps up")
	c.Flags().StringVar(&flags.downstream, "downstream", "", "with all that is made from it, or what is at most `N` steps down")
	c.Flags().Lookup("upstream").NoOptDefVal = "all"
	c.Flags().Lookup("downstream").NoOptDefVal = "all"
	c.Flags().StringArrayVar(&flags.tags, "tag", nil, "only what has the `TAG`; may be repeated")
	return c
}

func (a *app) lineage(ctx context.Context, flags lineageFlags, selectors []string) error {
	i := slices.IndexFunc(lineageFormats, func(f lineageFormat) bool { return f.name == flags.format })
	if i < 0 {
		return formatError(flags.format, lineageFormatNames())
	}
	format := lineageFormats[i]
	if format.binary && a.outTerm != nil {
		return fmt.Errorf("a terminal cannot show %s: write it to a file, with > lineage.%s at the end of the command", strings.ToUpper(format.name), format.name)
	}
	upstream, err := steps("-upstream", flags.upstream)
	if err != nil {
		return err
	}
	downstream, err := steps("-downstream", flags.downstream)
	if err != nil {
		return err
	}
	s, diags := a.compile(ctx)
	if s != nil {
		defer s.Close()
	}
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	a.show(diags, s)
	for _, tag := range flags.tags {
		selectors = append(selectors, "tag:"+tag)
	}
	names, diags := nodes(s, selectors, upstream, downstream)
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	if format.write == nil {
		return a.openLineage(s, names)
	}
	graph := export.Of(s.Project, s.Graph, names, flags.columns || format.columns)
	// Its texts are cleaned before they are escaped or drawn. What comes of that is not
	// searched once more: three bytes of a secret stand in any picture by chance.
	if err := format.write(a.stdout, graph.Cleaned(a.redactor.String)); err != nil {
		return a.refuse(failure("Cannot write lineage as "+format.name, err), s)
	}
	return nil
}

// steps reads how far a flag goes: 0 without it, and further than any graph without a number.
func steps(flag, text string) (int, error) {
	switch text {
	case "":
		return 0, nil
	case "all":
		return math.MaxInt, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s takes a number of steps, as in %s=2, not %q", flag, flag, text)
	}
	return n, nil
}

// nodes are those to show: what selectors name, and what is at most so many steps
// from it; nil: all.
func nodes(s *session.Session, selectors []string, upstream, downstream int) ([]assets.Name, hcl.Diagnostics) {
	if len(selectors) == 0 {
		return nil, nil
	}
	chosen, diags := s.Select(selectors)
	if diags.HasErrors() {
		return nil, diags
	}
	return slices.Concat(chosen,
		within(chosen, upstream, func(n assets.Name) []assets.Name { return s.Graph.Nodes[n].Inputs }),
		within(chosen, downstream, func(n assets.Name) []assets.Name { return s.Graph.Nodes[n].Readers })), nil
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
