package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (c *cli) run() *cobra.Command {
	var o runOptions
	var procfile string
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENTS]",
		Short: "Run a program and draw its traces",
		Long: `Run COMMAND with the environment that NAIS would give it, receive the telemetry
that it sends, and draw every finished trace on stderr. On a terminal, spor
prints log lines in JSON in a form that is easy to read. In a pipe, and otherwise,
it does not change the output of COMMAND. It forwards signals to COMMAND and to
the other processes of its process group. It exits with the exit code of COMMAND.`,
		Example: `  spor run -- go run .
  spor run --record spor.jsonl -- ./service`,
		Annotations: map[string]string{
			environmentPart: `  COMMAND gets the OTEL_ and NAIS_ variables of a NAIS workload. A variable that
  is already set keeps its value, unless it belongs to the platform. These belong
  to the platform: OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_ENDPOINT,
  OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_INSECURE, and the attributes
  service.name, service.namespace and nais.backend of OTEL_RESOURCE_ATTRIBUTES.

  spor does not set PORT, because port 8080 is often in use. If PORT is set and
  BIND_ADDRESS is not, spor sets BIND_ADDRESS to 127.0.0.1 and that port.

  If NO_COLOR is set, or if TERM is dumb, spor draws the traces without colours.`,
			exitCodesPart: `  2      the flags are wrong
  125    spor failed
  126    COMMAND cannot be run
  127    COMMAND was not found
  128+N  the signal with the number N ended COMMAND
  Otherwise the exit code is that of COMMAND.`,
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.parse(args, procfile); err != nil {
				return err
			}
			c.code = observe(o, os.Environ(), c.stdio)
			return nil
		},
	}
	o.register(cmd.Flags())
	o.shown.register(cmd.Flags())
	cmd.Flags().BoolVar(&o.raw, "raw", false, "print log lines in JSON as they are, also on a terminal")
	cmd.Flags().BoolVar(&o.forget, "forget", false, "do not keep the run; by default the newest 20 runs, of at most 512 MiB together, are kept in the user's cache folder, and spor view lists them")
	cmd.Flags().StringVar(&procfile, "procfile", "", "run all commands of the Procfile `FILE` instead of COMMAND; each line NAME: COMMAND is a service with this name. "+
		"PORT is 5000 for the first service, and 100 more for each further one. When one service ends, spor ends the others and exits with its exit code")
	cmd.Flags().Var(&o.ui, "ui", "also show the telemetry in the browser, at the loopback address `ADDR`; spor prints the link. On a terminal this is the default, "+
		"and --ui=off turns it off. After COMMAND has ended by itself, spor serves the pages as long as one is open. With --ui it also waits for the first page to be opened.")
	cmd.Flags().Lookup("ui").NoOptDefVal = "auto"
	return cmd
}

type runOptions struct {
	name, namespace string
	env             []string // KEY=VALUE
	record          string
	force           bool
	ui              uiFlag
	shown           shown
	raw             bool // prints log lines as they are
	forget          bool // does not keep the run
	alone           bool // does not send a copy to spor listen
	argv            []string
	entries         []entry // of a Procfile; then argv is empty

	// started is called in a goroutine of its own when the command has started. The context is
	// canceled when the command has ended. If started is nil, nothing is called.
	started func(ctx context.Context, say func(string))
}

// The method parse sets the command, or the services of the Procfile.
func (o *runOptions) parse(args []string, procfile string) (err error) {
	switch {
	case procfile != "" && len(args) > 0:
		return errors.New("--procfile and a command (want one of them)")
	case procfile != "" && o.name != "":
		return errors.New("--name and --procfile (the services have the names in the Procfile)")
	case procfile != "":
		if o.entries, err = readProcfile(procfile); err != nil {
			return fmt.Errorf("--procfile %w", err)
		}
		o.name = filepath.Base(filepath.Dir(absolute(procfile)))
		return o.checkNames()
	case len(args) == 0:
		return errors.New("no command (want: spor run [flags] -- COMMAND [ARGUMENTS])")
	}
	o.argv = args
	return o.checkNames()
}

func absolute(file string) string {
	if path, err := filepath.Abs(file); err == nil {
		return path
	}
	return file
}

// The method register adds the flags that all subcommands with a command have.
func (o *runOptions) register(flags *pflag.FlagSet) {
	flags.SetInterspersed(false) // the flags after the name of a command belong to the command
	flags.StringVar(&o.name, "name", "", "the `NAME` of the application (default: the base name of COMMAND; for go run, the last element of the package's path)")
	flags.StringVar(&o.namespace, "namespace", "local", "the `NAME` of the team's namespace")
	flags.StringArrayVar(&o.env, "env", nil, "set a variable for COMMAND, as `KEY=VALUE`; this value replaces any other value of the variable; the flag can be repeated")
	flags.StringVar(&o.record, "record", "", "write all telemetry to `FILE` as OTLP/JSON lines; each line of stdout and stderr is written as a log record")
	flags.BoolVar(&o.force, "force", false, "with --record: replace FILE if it exists")
}

// The method keeps reports whether the run is kept. A run of spor check, and a run with a recording
// of its own, are not.
func (o *runOptions) keeps() bool { return !o.forget && !o.alone && o.record == "" }

// checkNames checks the names and the variables in o. If the user has set no name for the application, it uses
// the name of the command. It returns an error if a name is not valid.
func (o *runOptions) checkNames() error {
	if o.name == "" {
		o.name = cmp.Or(goRunName(o.argv), strings.TrimSuffix(filepath.Base(o.argv[0]), ".exe"))
	}
	for _, pair := range o.env {
		if key, _, ok := strings.Cut(pair, "="); !ok || key == "" {
			return fmt.Errorf("--env %q: want KEY=VALUE", pair)
		}
	}
	for _, f := range []struct{ flag, value string }{{"name", o.name}, {"namespace", o.namespace}} {
		if len(o.entries) > 0 && f.flag == "name" {
			continue // the name of the folder is only the title
		}
		if err := checkName(f.value); err != nil {
			return fmt.Errorf("--%s %q: %w", f.flag, f.value, err)
		}
	}
	return nil
}

// checkName returns an error if name is empty, or if it cannot be a value in
// OTEL_RESOURCE_ATTRIBUTES.
func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, ",=% \t\n") {
		return errors.New("not a name (want letters, digits, - . _)")
	}
	return nil
}
