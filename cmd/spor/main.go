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

// The function spor runs the command in args. It returns the exit code.
func spor(args []string, std stdio) int {
	c := &cli{stdio: std}
	root := c.root()
	root.SetArgs(args)
	ran, err := root.ExecuteC()
	if err != nil {
		complain(std.err, "%s: %v", ran.CommandPath(), err)
		return exitUsage
	}
	return c.code
}

// complain writes one line to the user. The arguments may come from other programs, so complain
// removes everything that is not safe to print.
func complain(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, display.Line(fmt.Sprintf(format, args...)))
}
