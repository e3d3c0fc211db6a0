package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/diagnosis"
	"github.com/nais/spor/internal/display"
)

func doctorUsage(w io.Writer) {
	fmt.Fprint(w, `Usage: spor doctor [FLAGS]

Find out whether a program that is started here would be seen: read the
environment as the program would, find the collector, send it a test span, and
look at the clock. What fails is told with its cure.

Flags:

  --format FORMAT   text (default) or json
  --all             list every variable that is read, with what it comes to
  --timeout TIME    how long each step may take (default: 5s)
  --pid PID         read the environment of that process (Linux)

Exit codes:

  0 when nothing is wrong, 1 when something is, 2 for wrong flags.
`)
}

// exitUnwell says that something is wrong.
const exitUnwell = 1

// doctorOptions are what the user asked of spor doctor.
type doctorOptions struct {
	format  string
	all     bool
	timeout time.Duration
	pid     int
}

func doctor(args []string, std stdio) int {
	o, err := parseDoctor(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		doctorUsage(std.out)
		return 0
	case err != nil:
		complain(std.err, "spor doctor: %v", err)
		return exitUsage
	}
	env, err := o.environ()
	if err != nil {
		complain(std.err, "spor doctor: %v", err)
		return process.ExitFailed
	}
	report := diagnosis.Read(func(name string) string { return env[name] }, env.pairs())
	steps := examine(context.Background(), report, o.timeout)
	if err := tell(std.out, o, report, steps); err != nil {
		complain(std.err, "spor doctor: %v", err)
		return process.ExitFailed
	}
	if failures(steps) > 0 {
		return exitUnwell
	}
	return 0
}

func parseDoctor(args []string) (doctorOptions, error) {
	var o doctorOptions
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.format, "format", "text", "")
	flags.BoolVar(&o.all, "all", false, "")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Second, "")
	flags.IntVar(&o.pid, "pid", 0, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w (spor help doctor lists the flags)", err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag (spor help doctor lists them)", flags.Arg(0))
	case o.format != "text" && o.format != "json":
		return o, fmt.Errorf("--format %q: want text or json", o.format)
	case o.timeout <= 0:
		return o, fmt.Errorf("--timeout %s: want a time like 5s", o.timeout)
	}
	return o, nil
}

// environ returns the environment to examine: the doctor's own, or that of
// another process, as from a debug container in the same pod.
func (o doctorOptions) environ() (environ, error) {
	if o.pid == 0 {
		return environOf(os.Environ()), nil
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", o.pid))
	if err != nil {
		return nil, fmt.Errorf("--pid %d: %w", o.pid, err)
	}
	return environOf(strings.Split(string(text), "\x00")), nil
}

func failures(steps []step) (n int) {
	for _, s := range steps {
		if s.State == failed {
			n++
		}
	}
	return n
}

// tell writes what was found.
func tell(w io.Writer, o doctorOptions, r *diagnosis.Report, steps []step) error {
	if o.format == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(struct {
			OK        bool                 `json:"ok"`
			Steps     []step               `json:"steps"`
			Variables []diagnosis.Variable `json:"variables"`
		}{failures(steps) == 0, steps, r.Variables})
	}
	var text strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&text, "%-7s %-11s  %s\n", s.State, s.Name, display.Line(s.Text))
		if s.Cure != "" {
			fmt.Fprintf(&text, "%21s-> %s\n", "", display.Line(s.Cure))
		}
	}
	tellVariables(&text, o.all, r.Variables)
	if n := failures(steps); n > 0 {
		fmt.Fprintf(&text, "\n%d of %d steps failed\n", n, len(steps))
	} else {
		text.WriteString("\nnothing is wrong\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// tellVariables lists the variables that are set, or all that are read.
func tellVariables(text *strings.Builder, all bool, variables []diagnosis.Variable) {
	text.WriteString("\n")
	unset := 0
	for _, v := range variables {
		v.Value, v.Effective = display.Line(v.Value), display.Line(v.Effective)
		switch {
		case v.Value == "" && !all:
			unset++
		case v.Value == "" && v.Effective == "":
			fmt.Fprintf(text, "%s is not set\n", v.Name)
		case v.Value == "":
			fmt.Fprintf(text, "%s is not set: %s\n", v.Name, v.Effective)
		case v.Effective == "" || v.Effective == v.Value:
			fmt.Fprintf(text, "%s=%s\n", v.Name, v.Value)
		default:
			fmt.Fprintf(text, "%s=%s: %s\n", v.Name, v.Value, v.Effective)
		}
	}
	if unset > 0 {
		fmt.Fprintf(text, "%d more that are not set (--all lists them)\n", unset)
	}
}
