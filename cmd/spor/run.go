package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func runUsage(w io.Writer) {
	fmt.Fprint(w, `Usage: spor run [FLAGS] -- COMMAND [ARGUMENTS]

Run COMMAND with the environment that NAIS would give it, receive the telemetry
it sends, and draw every finished trace on stderr. The output of COMMAND passes
through unchanged, signals reach it and all that it started, and its exit code
is the exit code of spor.

Flags:

  --name NAME       the application (default: the base name of COMMAND)
  --namespace NAME  the team's namespace (default: local)
  --env KEY=VALUE   set a variable, whatever else would set it; repeatable
  --ui[=ADDR]       show the telemetry in the browser too, at a loopback address;
                    the link is printed (on by default on a terminal, --ui=off
                    turns it off). When COMMAND ends by itself, it stays while a
                    page is open, and with --ui until one was opened and closed
  --record FILE     write all telemetry, and the lines of stdout and stderr as
                    log records, to FILE as OTLP/JSON lines

Environment:

  COMMAND gets the OTEL_ and NAIS_ variables of a NAIS workload. Variables that
  are set already are kept, except those that belong to the platform:
  OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL and _INSECURE, and
  the service.* of OTEL_RESOURCE_ATTRIBUTES. PORT is not set, since 8080 is
  often taken; if you set it, BIND_ADDRESS follows. With NO_COLOR set, the
  traces are drawn without colour.

Exit codes:

  that of COMMAND, 128 and its number for a signal, 127 when COMMAND is not
  found and 126 when it cannot be run, 2 for wrong flags, 125 when spor fails.
`)
}

// runOptions are what the user asked of spor run.
type runOptions struct {
	name, namespace string
	env             []string // KEY=VALUE
	record          string
	ui              uiFlag
	argv            []string
}

func run(args []string, std stdio) int {
	o, err := parseRun(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		runUsage(std.out)
		return 0
	case err != nil:
		complain(std.err, "spor run: %v", err)
		return exitUsage
	}
	return observe(o, os.Environ(), std)
}

func parseRun(args []string) (runOptions, error) {
	o, err := parseCommand(flag.NewFlagSet("run", flag.ContinueOnError), args)
	if err == nil && len(o.argv) == 0 {
		err = errors.New("no command (want: spor run [FLAGS] -- COMMAND [ARGUMENTS])")
	}
	if err != nil {
		return o, err
	}
	return o, o.checkNames()
}

// parseCommand reads how to run a command, and the flags of its own that a
// subcommand has.
func parseCommand(flags *flag.FlagSet, args []string) (runOptions, error) {
	o := runOptions{namespace: "local"}
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.name, "name", "", "")
	flags.StringVar(&o.namespace, "namespace", o.namespace, "")
	flags.StringVar(&o.record, "record", "", "")
	flags.Var(&o.ui, "ui", "")
	flags.Func("env", "", func(pair string) error {
		key, _, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return errors.New("want KEY=VALUE")
		}
		o.env = append(o.env, pair)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w (spor help %s lists the flags)", err, flags.Name())
	}
	o.argv = flags.Args()
	return o, nil
}

// checkNames names the application after the command, unless the user did.
func (o *runOptions) checkNames() error {
	if o.name == "" {
		o.name = strings.TrimSuffix(filepath.Base(o.argv[0]), ".exe")
	}
	for _, f := range []struct{ flag, value string }{{"name", o.name}, {"namespace", o.namespace}} {
		if err := checkName(f.value); err != nil {
			return fmt.Errorf("--%s %q: %w", f.flag, f.value, err)
		}
	}
	return nil
}

// checkName refuses what cannot stand in OTEL_RESOURCE_ATTRIBUTES.
func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, ",=% \t\n") {
		return errors.New("not a name (want letters, digits, - . _)")
	}
	return nil
}
