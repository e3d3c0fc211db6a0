// Command spor shows, on a laptop, the telemetry of a program as NAIS would receive it. It
// starts the program with the environment variables that NAIS would set. It draws the traces
// that the program sends.
//
//	spor run -- go run ./cmd/quotes
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/nais/spor/internal/display"
)

// exitUsage is the exit code for wrong arguments. Package process defines the other exit codes.
const exitUsage = 2

func main() {
	os.Exit(spor(os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

type stdio struct{ in, out, err *os.File }

// A command is a subcommand of spor. The function in the field run returns the exit code.
type command struct {
	name    string
	summary string
	usage   func(io.Writer)
	run     func(args []string, std stdio) int
}

func commands() []command {
	return []command{
		{"run", "run a program and draw its traces", runUsage, run},
		{"check", "check what Nais APM will show of a program", checkUsage, check},
		{"view", "show a recording in the browser", viewUsage, view},
		{"doctor", "find out why telemetry does not arrive", doctorUsage, doctor},
		{"version", "print the version of spor", versionUsage, version},
		{"help", "print help for spor, or for one command: spor help run", helpUsage, help},
	}
}

func spor(args []string, std stdio) int {
	if len(args) == 0 {
		helpUsage(std.err)
		return exitUsage
	}
	switch args[0] {
	case "-h", "-help", "--help":
		args = []string{"help"}
	case "-version", "--version":
		args = []string{"version"}
	}
	if c, ok := commandNamed(args[0]); ok {
		return c.run(args[1:], std)
	}
	return unknownCommand(args[0], std.err)
}

func commandNamed(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

func unknownCommand(name string, w io.Writer) int {
	complain(w, "spor: unknown command %q (spor help lists the commands; to run a program: spor run -- %s)", name, name)
	return exitUsage
}

// complain writes one line to the user. The arguments may come from other programs, so complain
// removes everything that is not safe to print.
func complain(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, display.Line(fmt.Sprintf(format, args...)))
}

func help(args []string, std stdio) int {
	switch len(args) {
	case 0:
		helpUsage(std.out)
		return 0
	case 1:
		if c, ok := commandNamed(args[0]); ok {
			c.usage(std.out)
			return 0
		}
	}
	return unknownCommand(args[0], std.err)
}

func helpUsage(w io.Writer) {
	fmt.Fprint(w, `spor shows the telemetry of a program as NAIS would receive it.

Usage:

  spor COMMAND [ARGUMENTS]

Commands:

`)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, `
Try it:

  spor run -- go run .
`)
}
