package main

import (
	"context"
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
that it sends, and draw every finished trace on stderr. spor does not change the
output of COMMAND. It forwards signals to COMMAND and to the other processes of
its process group. It exits with the exit code of COMMAND.

Flags:

  --name NAME       the name of the application (default: the base name of
                    COMMAND)
  --namespace NAME  the team's namespace (default: local)
  --env KEY=VALUE   set a variable for COMMAND; this value replaces any other
                    value of the variable; the flag can be repeated
  --ui[=ADDR]       also show the telemetry in the browser, at a loopback
                    address; spor prints the link. On a terminal this is the
                    default, and --ui=off turns it off. After COMMAND has ended
                    by itself, spor serves the pages as long as one is open.
                    With --ui it also waits for the first page to be opened.
  --record FILE     write all telemetry to FILE as OTLP/JSON lines; each line of
                    stdout and stderr is written as a log record

Environment:

  COMMAND gets the OTEL_ and NAIS_ variables of a NAIS workload. A variable that
  is already set keeps its value, unless it belongs to the platform. These belong
  to the platform: OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_ENDPOINT,
  OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_INSECURE, and the attributes
  service.name, service.namespace and nais.backend of OTEL_RESOURCE_ATTRIBUTES.

  spor does not set PORT, because port 8080 is often in use. If PORT is set and
  BIND_ADDRESS is not, spor sets BIND_ADDRESS to 127.0.0.1 and that port.

  If NO_COLOR is set, or if TERM is dumb, spor draws the traces without colours.

Exit codes:

  2      the flags are wrong
  125    spor failed
  126    COMMAND cannot be run
  127    COMMAND was not found
  128+N  the signal with the number N ended COMMAND
  Otherwise the exit code is that of COMMAND.
`)
}

type runOptions struct {
	name, namespace string
	env             []string // KEY=VALUE
	record          string
	ui              uiFlag
	argv            []string

	// started is called in a goroutine of its own when the command has started. The context is
	// canceled when the command has ended. If started is nil, nothing is called.
	started func(ctx context.Context, say func(string))
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

// parseCommand parses the command, and the flags that all subcommands with a command have. Before
// the call, the caller must add all other flags of the subcommand to the FlagSet.
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

// checkNames checks the names in o. If the user has set no name for the application, it uses
// the name of the command. It returns an error if a name is not valid.
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

// checkName returns an error if name is empty, or if it cannot be a value in
// OTEL_RESOURCE_ATTRIBUTES.
func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, ",=% \t\n") {
		return errors.New("not a name (want letters, digits, - . _)")
	}
	return nil
}
