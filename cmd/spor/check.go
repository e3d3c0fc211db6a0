package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/recording"
)

// exitChecked is the exit code when the check found something.
const exitChecked = 1

func checkUsage(w io.Writer) {
	fmt.Fprint(w, `Usage: spor check [FLAGS] -- COMMAND [ARGUMENTS]
       spor check [FLAGS] FILE

Judge what Nais APM will show of a service: run COMMAND as spor run does, or read
FILE, which spor run --record wrote, and print every panel with what it is that
lights it, or what is missing and the cure. COMMAND must do some work of each
kind, and end; its output goes to stderr.

Flags:

  --format FORMAT   text or json (default: text)
  --for DURATION    send COMMAND a SIGTERM after that time, as NAIS ends a
                    service: 30s
  --name NAME       the application (default: the base name of COMMAND)
  --namespace NAME  the team's namespace (default: local)
  --env KEY=VALUE   set a variable, whatever else would set it; repeatable
  --record FILE     keep the telemetry that was judged

What is checked:

  Every panel that the service should light: lit, dark, or not used by it. No
  personal number and no secret in anything sent or written. No span name with a
  UUID, six or more digits, or a raw path. Each attribute under the older name
  that the platform reads, too. No database that is called like a service, since
  the two would be one node of the service map.

Exit codes:

  0 when all is well, 1 when a panel is dark or something was found, else that of
  COMMAND; 2 for wrong flags, 125 when spor fails. With NO_COLOR set, there is no
  colour.
`)
}

// checkOptions are what the user asked of spor check.
type checkOptions struct {
	runOptions

	format string
	limit  time.Duration // 0 for none
	file   string        // "" to run a command
}

func check(args []string, std stdio) int {
	o, err := parseCheck(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		checkUsage(std.out)
		return 0
	case err != nil:
		complain(std.err, "spor check: %v", err)
		return exitUsage
	}
	if o.file == "" {
		return checkCommand(o, std)
	}
	return checkFile(o, o.file, 0, std)
}

func parseCheck(args []string) (checkOptions, error) {
	o := checkOptions{format: "text"}
	own := flag.NewFlagSet("check", flag.ContinueOnError)
	own.StringVar(&o.format, "format", o.format, "")
	own.DurationVar(&o.limit, "for", 0, "")
	var err error
	o.runOptions, err = parseCommand(own, args)
	switch {
	case err != nil:
		return o, err
	case len(o.argv) == 0:
		return o, errors.New("no command and no file (want: spor check [FLAGS] -- COMMAND [ARGUMENTS], or spor check FILE)")
	case o.format != "text" && o.format != "json":
		return o, fmt.Errorf("--format %q: want text or json", o.format)
	case o.limit < 0:
		return o, fmt.Errorf("--for %s: want a time, as 30s", o.limit)
	}
	if !hasDash(args) && len(o.argv) == 1 {
		o.file = o.argv[0]
		return o, nil
	}
	return o, o.checkNames()
}

// hasDash reports whether args tell flags and command apart, so that the one
// argument is a command and no file.
func hasDash(args []string) bool {
	return slices.Contains(args, "--")
}

// checkCommand runs the command, keeps what it sends, and judges that.
func checkCommand(o checkOptions, std stdio) int {
	run := o.runOptions
	run.ui = uiFlag{off: true}
	if run.record == "" {
		dir, err := os.MkdirTemp("", "spor-check-")
		if err != nil {
			complain(std.err, "spor: %v", err)
			return process.ExitFailed
		}
		defer func() { _ = os.RemoveAll(dir) }()
		run.record = dir + string(os.PathSeparator) + "telemetry.jsonl"
	}
	defer endAfter(o.limit)()
	code := observe(run, checkEnviron(os.Environ()), stdio{std.in, std.err, std.err})
	if _, err := os.Stat(run.record); err != nil || code == process.ExitNotFound || code == process.ExitNotExecutable {
		return code
	}
	return checkFile(o, run.record, code, std)
}

// checkEnviron returns base with metrics exported more often than NAIS has them:
// what is checked may live less than a minute, and observed values die with what
// they are of.
func checkEnviron(base []string) []string {
	const name = "OTEL_METRIC_EXPORT_INTERVAL"
	if os.Getenv(name) != "" {
		return base
	}
	return append(base, name+"=100")
}

// endAfter sends spor itself, and so the command, what ends it.
func endAfter(limit time.Duration) (stop func()) {
	if limit == 0 {
		return func() {}
	}
	timer := time.AfterFunc(limit, func() {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Signal(syscall.SIGTERM)
		}
	})
	return func() { timer.Stop() }
}

// checkFile judges a recording. What the command ended with is code.
func checkFile(o checkOptions, name string, code int, std stdio) int {
	judged, err := load(name)
	if err != nil {
		complain(std.err, "spor: %v", err)
		return process.ExitFailed
	}
	reports := judged.Judge()
	if err := printReports(o.format, reports, std.out); err != nil {
		complain(std.err, "spor: %v", err)
		return process.ExitFailed
	}
	for _, r := range reports {
		if !r.OK() {
			return exitChecked
		}
	}
	if len(reports) == 0 {
		complain(std.err, "spor: nothing was sent or written (does the program start telemetry?)")
		return exitChecked
	}
	return code
}

func load(name string) (*apm.Recording, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var judged apm.Recording
	for request, err := range recording.Read(file) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w%s", name, err, runHint(file))
		}
		judged.Add(request)
	}
	return &judged, nil
}

// runHint says how to run what is a program and no recording.
func runHint(file *os.File) string {
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
		return " (to run it: spor check -- " + file.Name() + ")"
	}
	return ""
}

func printReports(format string, reports []apm.Report, out *os.File) error {
	if format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			OK       bool         `json:"ok"`
			Services []apm.Report `json:"services"`
		}{allOK(reports), reports})
	}
	width := process.Width(out)
	t := table{w: out, width: width, color: width > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	for i, r := range reports {
		if i > 0 {
			t.line("")
		}
		t.report(r)
	}
	return t.err
}

func allOK(reports []apm.Report) bool {
	for _, r := range reports {
		if !r.OK() {
			return false
		}
	}
	return len(reports) > 0
}
