package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/process"
)

// A cli is the command line of spor. Each command sets the exit code. An error that a command
// returns means that its arguments are wrong.
type cli struct {
	stdio

	code int
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "spor COMMAND",
		Short:         "Show the telemetry of a program as NAIS would receive it",
		Long:          "spor shows the telemetry of a program as NAIS would receive it.",
		Example:       "  spor run -- go run .",
		Version:       versionText(debug.ReadBuildInfo()),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
		DisableFlagsInUseLine:      true,
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetUsageTemplate(usage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w (%s --help lists the flags)", err, cmd.CommandPath())
	})
	root.SetHelpCommand(help())
	root.AddCommand(&cobra.Command{
		Use: process.AwaitInterrupts, Hidden: true,
		Run: func(*cobra.Command, []string) { process.ReportInterrupts(c.in, c.out) },
	})
	root.AddCommand(c.run(), c.listen(), c.check(), c.diff(), c.view(), c.traces(), c.logs(), c.metrics(), c.panels(), c.mcp(), c.doctor(), c.version())
	return root
}

func help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			described, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), args)
			}
			described.InitDefaultHelpFlag()
			return described.Help()
		},
	}
}

// The function unknownCommand returns an error that suggests commands with a similar name, and the
// way to run a program.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	similar := ""
	if names := root.SuggestionsFor(args[0]); len(names) > 0 {
		similar = "did you mean spor " + strings.Join(names, " or spor ") + "? "
	}
	return fmt.Errorf("unknown command %q (%sspor --help lists the commands; to run a program: spor run -- %s)", args[0], similar, args[0])
}

// The constants are the keys of the annotations of a command. Each is a part of the command's help.
const (
	environmentPart = "environment"
	exitCodesPart   = "exit codes"
)

// usage is the template for the help of a command, after its description.
const usage = `Usage:
  {{.UseLine}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 80 | trimTrailingWhitespaces}}{{end}}{{with index .Annotations "` + environmentPart + `"}}

Environment:
{{.}}{{end}}{{with index .Annotations "` + exitCodesPart + `"}}

Exit codes:
{{.}}{{end}}{{if .HasAvailableSubCommands}}

{{.CommandPath}} COMMAND --help describes a command.{{end}}
`
