package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/nais/spor/cmd/spor/internal/process"
	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/recording"
)

// exitChecked is the exit code in three cases: a panel is dark because it lacks data, the check
// has a finding, or the recording is empty.
const exitChecked = 1

func (c *cli) check() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check [flags] FILE | [flags] -- COMMAND [ARGUMENTS]",
		Short: "Check what Nais APM will show of a program",
		Long: `Check what Nais APM will show of a service. With COMMAND, spor check runs the
command as spor run does. With FILE, it reads a recording that spor run --record
has written. It prints every panel of Nais APM. A panel that has all data that
it needs is "lit"; spor check names the data. A panel that lacks data is "dark";
spor check names what is missing, and the cure. A panel is "not used" if the
service does nothing that the panel shows. COMMAND must do some work of each
kind, and must end: see --request and --for. Its output goes to stderr.

What must be in order:

  - Each panel of Nais APM that the service uses is lit.
  - The telemetry and the output contain no personal number and no secret.
  - No span name contains a UUID, six or more digits or a query, or is a raw path.
  - An attribute with a stable name also has the older name that the platform
    reads.
  - No database has the name of a service, because the service map would show
    the two as one node.`,
		Example: `  spor check --request http://localhost:8080/orders/1 -- ./service
  spor check --request localhost:8080/orders -X PUT --json '{"id": 1}' -- ./service
  spor check --for 30s -- ./consumer
  spor check spor.jsonl`,
		Annotations: map[string]string{
			environmentPart: "  If NO_COLOR is set, or if TERM is dumb, spor prints no colours.",
			exitCodesPart: `  1    a panel is dark, something was found, there is no telemetry, or a
       --request got no response
  2    the flags are wrong
  125  spor failed
  Otherwise the exit code is that of spor run, or 0 for a FILE.`,
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.parse(args, cmd.ArgsLenAtDash() >= 0); err != nil {
				return err
			}
			if o.file != "" {
				c.code = checkFile(o, o.file, 0, c.stdio)
			} else {
				c.code = checkCommand(o, c.stdio)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	o.register(flags)
	o.requests.register(flags)
	flags.Var(&o.format, "format", "print the report as `FORMAT`: text or json (default text)")
	flags.DurationVar(&o.limit, "for", 0, "send SIGTERM to COMMAND after `TIME`, for example 30s; NAIS ends a service in the same way")
	completeFormat(cmd)
	return cmd
}

type checkOptions struct {
	runOptions

	format   format
	limit    time.Duration // 0 means no limit
	requests requests
	file     string // "" means that spor runs a command instead
}

// The method parse sets the command or the file. dash reports whether "--" is before args: then
// args are a command, and not a file.
func (o *checkOptions) parse(args []string, dash bool) error {
	switch {
	case len(args) == 0:
		return errors.New("no command and no file (want: spor check [flags] -- COMMAND [ARGUMENTS], or spor check FILE)")
	case o.limit < 0:
		return fmt.Errorf("--for %s: want a duration such as 30s", o.limit)
	case dash || len(args) > 1:
		o.argv = args
		return o.checkNames()
	case len(o.requests) > 0:
		return fmt.Errorf("--request needs a command (want: spor check --request URL -- %s)", args[0])
	}
	o.file = args[0]
	return nil
}

func checkCommand(o checkOptions, std stdio) int {
	run := o.runOptions
	run.ui = uiFlag{off: true}
	run.alone = true
	var dir string // a temporary folder for the recording
	if run.record == "" {
		var err error
		if dir, err = os.MkdirTemp("", "spor-check-"); err != nil {
			complain(std.err, "spor: %v", err)
			return process.ExitFailed
		}
		defer func() { _ = os.RemoveAll(dir) }()
		run.record = dir + string(os.PathSeparator) + "telemetry.jsonl"
	}
	if err := o.requests.free(context.Background()); err != nil {
		complain(std.err, "spor check: %v", err)
		return process.ExitFailed
	}
	answered := true
	if len(o.requests) > 0 {
		run.started = func(ctx context.Context, say func(string)) { answered = o.makeTraffic(ctx, say) }
	}
	stop := endAfter(o.limit)
	code := observe(run, checkEnviron(os.Environ()), stdio{std.in, std.err, std.err})
	stop()
	if dir != "" {
		defer removeOnSignal(dir)()
	}
	if _, err := os.Stat(run.record); err != nil || code == process.ExitNotFound || code == process.ExitNotExecutable {
		return code
	}
	code = checkFile(o, run.record, code, std)
	if !answered && code != process.ExitFailed {
		return exitChecked
	}
	return code
}

// The method makeTraffic sends the requests. Without a time limit it then ends the command. It
// reports whether each request got a response.
func (o checkOptions) makeTraffic(ctx context.Context, say func(string)) (answered bool) {
	err := o.requests.send(ctx, say)
	if err != nil {
		say(err.Error())
	}
	if o.limit == 0 && ctx.Err() == nil {
		terminate()
	}
	return err == nil
}

// checkEnviron returns base with one more variable. The variable sets the interval between metric
// exports to 100 ms. If the environment of spor already sets the interval, checkEnviron returns
// base unchanged. The default interval of one minute is too long, because the command may end
// sooner. An object with metrics, for example a connection pool, may also be closed sooner.
func checkEnviron(base []string) []string {
	const name = "OTEL_METRIC_EXPORT_INTERVAL"
	if os.Getenv(name) != "" {
		return base
	}
	return append(base, name+"=100")
}

// removeOnSignal removes dir and ends spor if a signal arrives, because the recording in dir contains
// the output of the command. The caller must call stop.
func removeOnSignal(dir string) (stop func()) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		if sig, ok := <-caught; ok {
			_ = os.RemoveAll(dir)
			number, _ := sig.(syscall.Signal)
			os.Exit(process.ExitSignalled + int(number))
		}
	}()
	return func() {
		signal.Stop(caught)
		close(caught)
	}
}

// endAfter ends the command when the time limit has passed.
func endAfter(limit time.Duration) (stop func()) {
	if limit == 0 {
		return func() {}
	}
	timer := time.AfterFunc(limit, terminate)
	return func() { timer.Stop() }
}

// The function terminate sends SIGTERM to spor itself. spor forwards the signal to the command.
func terminate() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Signal(syscall.SIGTERM)
	}
}

// checkFile checks a recording and prints the result. The argument name is the name of the file
// with the recording. The argument code is the exit code of the command. If everything is in
// order, checkFile returns code.
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
	var judged apm.Recording
	if err := readFile(name, judged.Add); err != nil {
		return nil, fmt.Errorf("%w%s", err, runHint(name))
	}
	return &judged, nil
}

// readFile calls add for each request of a recording, or of the run with this number.
func readFile(name string, add func(recording.Request)) error {
	name, err := recordingFile(name)
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	for request, err := range recording.Read(file) {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		add(request)
	}
	return nil
}

// runHint returns the hint to use "spor check -- FILE" if the file is executable. Otherwise it
// returns "".
func runHint(name string) string {
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
		return " (to run it: spor check -- " + name + ")"
	}
	return ""
}

func printReports(format format, reports []apm.Report, out *os.File) error {
	if format == jsonFormat {
		return printJSON(out, struct {
			OK       bool         `json:"ok"`
			Services []apm.Report `json:"services"`
		}{allOK(reports), reports})
	}
	t := newTable(out)
	t.reports(reports)
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
