package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed-4311623e/assets/lineage"
)

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "assets",
		Short: "Keep a warehouse of data as its project declares it",
		Long: `assets keeps a warehouse of data as its project declares it: it works out what
to build from the project's *.hcl files, builds and checks it in DuckDB, and
publishes it in one go.

Begin with "assets init", then "assets plan" and "assets apply".`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: a.prepare,
		Version:           versionText(),
		Args:              takesCommand,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("{{.Version}}")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return flagError(c, err)
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.chdir, "chdir", "", "switch to `DIR` before doing anything")
	flags.BoolVar(&a.noColor, "no-color", false, "no colours (so does the environment's NO_COLOR)")
	flags.BoolVar(&a.json, "json", false, "write the result as JSON")
	flags.StringVar(&a.logLevel, "log-level", "warn", "what to log: `LEVEL` is trace, debug, info, warn or error")
	flags.StringVar(&a.logFormat, "log-format", "text", "how to log: `FORMAT` is text or json")
	flags.DurationVar(&a.lockTimeout, "lock-timeout", 0, "wait for `TIME`, as in 30s, while another process holds the warehouse (default: do not wait)")
	flags.StringArrayVar(&a.vars, "var", nil, "give a variable of the project its value: `NAME=VALUE`; may be repeated")
	flags.StringArrayVar(&a.varFiles, "var-file", nil, "set variables from `FILE`; may be repeated")
	cobra.EnableCommandSorting = false // the order of use says more than the alphabet
	cobra.AddTemplateFunc("oneDash", func(text string) string {
		text = strings.ReplaceAll(text, ` N[="all"]`, `[=N]      `) // a value that may be left out
		return flagName.ReplaceAllString(text, "-$1")
	})
	root.SetUsageTemplate(strings.NewReplacer(
		"FlagUsages | trim", "FlagUsages | oneDash | trim", "[command] --help", "COMMAND -help",
	).Replace(root.UsageTemplate()))
	root.AddCommand(
		a.initCommand(), a.validateCommand(), a.fmtCommand(), a.planCommand(), a.applyCommand(), a.destroyCommand(),
		a.daemonCommand(), a.retryCommand(), a.checkCommand(), a.showCommand(), a.statusCommand(), a.whyCommand(), a.impactCommand(), a.diffCommand(), a.lineageCommand(), a.testCommand(), a.queryCommand(), a.calendarCommand(), a.eventCommand(), a.quarantineCommand(), a.runsCommand(), a.logsCommand(), a.cancelCommand(), a.breachesCommand(), a.notifyCommand(),
		a.gcCommand(), a.doctorCommand(), a.backupCommand(), a.restoreCommand(), a.versionCommand(),
	)
	return root
}

// flagName finds flags in the parser's description of them, to show them as we write them.
var flagName = regexp.MustCompile(`--([a-z])`)

// flagError says what is wrong with a flag, as people write flags and values.
func flagError(c *cobra.Command, err error) error {
	help := fmt.Sprintf("Run `%s -help` for the flags there are", c.CommandPath())
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := lineage.Nearest(name, names); len(near) > 0 {
			help = "Did you mean -" + near[0] + "?"
		}
		return fmt.Errorf("unknown flag: -%s. %s", name, help)
	case errors.As(err, &invalid):
		kinds := map[string]string{"int": "a whole number", "duration": "a duration, as in 30s", "bool": "true or false"}
		return fmt.Errorf("-%s takes %s, not %q", cmp.Or(invalid.GetFlag().Shorthand, invalid.GetFlag().Name), kinds[invalid.GetFlag().Value.Type()], invalid.GetValue())
	}
	return fmt.Errorf("%s. %s", strings.Replace(err.Error(), "--", "-", 1), help)
}

// takes allows between least and most arguments; most < 0 is any number.
func takes(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("an argument is missing: write `%s`", c.UseLine())
		case most >= 0 && len(args) > most:
			return fmt.Errorf("what is %q for? Write `%s`, with quotes around an argument that holds spaces", args[most], c.UseLine())
		}
		return nil
	}
}

// takesCommand refuses what is not the name of a command below c.
func takesCommand(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(c, args[0])
	}
	return nil
}

func unknownCommand(c *cobra.Command, name string) error {
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return fmt.Errorf("there is no command %q. Did you mean %q?", name, near[0])
	}
	return fmt.Errorf("there is no command %q. Run `assets -help` for those there are", name)
}

// assignments reads the values of -var.
func assignments(list []string) (map[string]string, error) {
	values := map[string]string{}
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			// It is not quoted: it may be a value without its name.
			return nil, errors.New("-var takes NAME=VALUE, as in -var since=2024-01-01: one of them has no name or no =")
		}
		values[strings.TrimSpace(name)] = value
	}
	return values, nil
}
