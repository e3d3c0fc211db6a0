package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/diagnosis"
	"github.com/nais/spor/internal/display"
)

// exitUnwell is the exit code if at least one step failed.
const exitUnwell = 1

type doctorOptions struct {
	format  format
	all     bool
	timeout time.Duration
	pid     int
}

func (c *cli) doctor() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor [flags]",
		Short: "Find out why telemetry does not arrive",
		Long: `Find out whether the telemetry of a program that starts here would arrive. spor
doctor reads the environment as the program would, connects to the collector,
sends it a test span, and checks the clock. It prints each step, with a cure if
the step failed.`,
		Args: cobra.NoArgs,
		Annotations: map[string]string{exitCodesPart: `  0    no step failed
  1    a step failed
  2    the flags are wrong
  125  spor failed`},
		RunE: func(*cobra.Command, []string) error {
			if o.timeout <= 0 {
				return fmt.Errorf("--timeout %s: want a duration such as 5s", o.timeout)
			}
			c.code = o.examine(c.stdio)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.Var(&o.format, "format", "print the report as `FORMAT`: text or json (default text)")
	flags.BoolVar(&o.all, "all", false, "list every variable that is read, and the value that is used")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Second, "the longest `TIME` that one connection or one request may take")
	flags.IntVar(&o.pid, "pid", 0, "read the environment of the process `PID` (Linux only)")
	completeFormat(cmd)
	return cmd
}

// The method examine examines the environment and prints the report. It returns the exit code.
func (o doctorOptions) examine(std stdio) int {
	env, err := o.environ()
	if err != nil {
		complain(std.err, "spor doctor: %v", err)
		return process.ExitFailed
	}
	report := diagnosis.Read(func(name string) string { return env[name] }, env.pairs())
	steps := examine(context.Background(), report, o.timeout)
	if err := printReport(std.out, o, report, steps); err != nil {
		complain(std.err, "spor doctor: %v", err)
		return process.ExitFailed
	}
	if failures(steps) > 0 {
		return exitUnwell
	}
	return 0
}

// The method environ returns the environment to examine. If o.pid is not 0, this is the
// environment of the process o.pid. Otherwise it is the environment of spor itself. A debug
// container in the same pod can read the environment of the program.
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

func printReport(w io.Writer, o doctorOptions, r *diagnosis.Report, steps []step) error {
	if o.format == jsonFormat {
		return printJSON(w, struct {
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
	printVariables(&text, o.all, r.Variables)
	if n := failures(steps); n > 0 {
		fmt.Fprintf(&text, "\n%d of %d steps failed\n", n, len(steps))
	} else {
		text.WriteString("\nno step failed\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// printVariables prints the variables that are set. If all is true, it also prints the variables
// that are not set.
func printVariables(text *strings.Builder, all bool, variables []diagnosis.Variable) {
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
		fmt.Fprintf(text, "%d more variables are not set (--all lists them)\n", unset)
	}
}
