//go:build unix

package main_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/recording"
)

const noTelemetry = `spor: 0 traces, 0 spans, 0 metric data points, 0 log records received
spor: no spans (does the program start telemetry, and shut it down before it exits?)
`

func TestRunPassesOutputThrough(t *testing.T) {
	got := finish(t, spor(t, running("output")...))
	want := result{0, "first\nsecond\r\n\xff\x00no newline", "trouble\n" + noTelemetry}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRunPassesInput(t *testing.T) {
	cmd := spor(t, running("cat")...)
	cmd.Stdin = strings.NewReader("from stdin\n")
	if got, want := finish(t, cmd).stdout, "from stdin\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
}

func TestRunExitCodes(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("not a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"exit":             {running("exit"), 42, ""},
		"killed":           {running("killed"), 128 + 15, ""},
		"not found":        {[]string{"run", "no-such-command-here"}, 127, `spor: exec: "no-such-command-here": executable file not found in $PATH` + "\n"},
		"no such file":     {[]string{"run", "./no/such/file"}, 127, "spor: fork/exec ./no/such/file: no such file or directory\n"},
		"not executable":   {[]string{"run", plain}, 126, "spor: fork/exec " + plain + ": permission denied\n"},
		"directory":        {[]string{"run", "/"}, 126, "spor: exec: \"/\": is a directory\n"},
		"recording fails":  {running("exit", "--record", "no/such/folder"), 125, "spor: open no/such/folder: no such file or directory\n"},
		"flags of command": {[]string{"run", "sh", "-c", "exit 5"}, 5, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := finish(t, spor(t, tt.args...))
			if got.code != tt.code {
				t.Errorf("exit code %d, want %d", got.code, tt.code)
			}
			if tt.stderr != "" && got.stderr != tt.stderr {
				t.Errorf("stderr %q, want %q", got.stderr, tt.stderr)
			}
		})
	}
}

func TestRunDrawsTraces(t *testing.T) {
	got := finish(t, spor(t, running("traces", "--name", "quotes")...))
	if got.code != 0 || got.stdout != "done\n" {
		t.Errorf("exit code %d, stdout %q; want 0, %q", got.code, got.stdout, "done\n")
	}
	// Replace the IDs, times and bars, because they differ from run to run.
	drawn := regexp.MustCompile(`[0-9a-f]{32}`).ReplaceAllString(got.stderr, "ID")
	drawn = regexp.MustCompile(` +[▐█▌]+ +[0-9.]+ (ns|µs|ms) `).ReplaceAllString(drawn, " | ")
	drawn = regexp.MustCompile(`ID +[0-9.]+ (ns|µs|ms) `).ReplaceAllString(drawn, "ID ")
	// The order of the two traces differs from run to run.
	const request = `trace ID  3 spans  1 error
  GET /quotes/{id} |  server   quotes  200
✗ ├ SELECT quotes |  client   quotes
  │   *errors.errorString: connection refused
  └ rank |  internal quotes

`
	const job = `trace ID  2 spans
  job |  internal quotes
  └ step |  internal quotes

`
	const summary = "spor: 2 traces, 5 spans, 0 metric data points, 0 log records received\n"
	if drawn != request+job+summary && drawn != job+request+summary {
		t.Errorf("drew\n%s\nwant\n%s", drawn, request+job+summary)
	}
}

func TestRunDrawsBetweenLines(t *testing.T) {
	got := finish(t, spor(t, running("prompt")...)).stderr
	if want := "half a line, and the rest\ntrace "; !strings.HasPrefix(got, want) {
		t.Errorf("stderr %q, want prefix %q", got, want)
	}
}

func TestRunMarksIncompleteTraces(t *testing.T) {
	got := finish(t, spor(t, running("incomplete")...)).stderr
	for _, want := range []string{"  1 span  incomplete\n", "\n  child ", ", did not arrive\n", "spor: 1 trace, 1 span, "} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestRunSaysWhyNoSpansCame(t *testing.T) {
	got := finish(t, spor(t, running("exit", "--env", "OTEL_SDK_DISABLED=true", "--env", "OTEL_TRACES_SAMPLER=always_off",
		"--env", "OTEL_TRACES_EXPORTER=console", "--env", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://a", "--env", "OTEL_EXPORTER_OTLP_ENDPOINT=http://b")...))
	want := "spor: no spans, because OTEL_SDK_DISABLED=true, OTEL_TRACES_EXPORTER=console, OTEL_TRACES_SAMPLER=always_off, " +
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://a, OTEL_EXPORTER_OTLP_ENDPOINT=http://b is set\n"
	if !strings.HasSuffix(got.stderr, want) {
		t.Errorf("stderr %q, want suffix %q", got.stderr, want)
	}
}

func TestRunReadsChoicesInAnyCase(t *testing.T) {
	got := finish(t, spor(t, running("exit", "--env", "OTEL_SDK_DISABLED= TRUE", "--env", "OTEL_TRACES_SAMPLER=ALWAYS_OFF ", "--env", "OTEL_TRACES_EXPORTER=OTLP")...))
	if want := "spor: no spans, because OTEL_SDK_DISABLED= TRUE, OTEL_TRACES_SAMPLER=ALWAYS_OFF is set\n"; !strings.HasSuffix(got.stderr, want) {
		t.Errorf("stderr %q, want suffix %q", got.stderr, want)
	}
}

func TestRunForwardsSignalsToGroup(t *testing.T) {
	// If the test runs under nohup, SIGHUP is ignored. Programs that the test starts inherit
	// the ignored signal. The test catches SIGHUP, so that these programs start with the
	// default action.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for _, sig := range []syscall.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	} {
		t.Run(sig.String(), func(t *testing.T) {
			cmd := spor(t, running("parent")...)
			out := startWithOutput(t, cmd)
			expect(t, out, "child ready", "parent ready")
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			expect(t, out, "child "+sig.String(), "parent "+sig.String())
			_ = cmd.Wait()
			if got, want := cmd.ProcessState.ExitCode(), 7; got != want {
				t.Errorf("exit code %d, want %d", got, want)
			}
		})
	}
}

func TestRunUnderNohup(t *testing.T) {
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		oteltest.Lacking(t, err)
	}
	cmd := spor(t, "run", "--", "sh", "-c", "echo ready; read line; kill -HUP $$; echo survived")
	cmd.Path, cmd.Args = nohup, append([]string{nohup}, cmd.Args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out := startWithOutput(t, cmd)
	expect(t, out, "ready")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	_ = stdin.Close()
	expect(t, out, "survived")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func startWithOutput(t *testing.T, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return bufio.NewScanner(out)
}

// The function expect reads len(want) lines of out and tests that they are the lines in want, in
// any order.
func expect(t *testing.T, out *bufio.Scanner, want ...string) {
	t.Helper()
	missing := map[string]bool{}
	for _, line := range want {
		missing[line] = true
	}
	for range want {
		if !out.Scan() {
			t.Fatalf("the output ended before %q", want)
		}
		if !missing[out.Text()] {
			t.Fatalf("line %q, want one of %q", out.Text(), want)
		}
		delete(missing, out.Text())
	}
}

func TestRunStopsWhatLingers(t *testing.T) {
	t.Parallel()
	got := finish(t, spor(t, running("leaves")...))
	if got, want := got.code, 3; got != want {
		t.Errorf("exit code %d, want %d", got, want)
	}
	want := "spor: processes that the command started are still running after 3s; stopping them\n" +
		"spor: the processes do not stop; killing them\n" + noTelemetry
	if got.stderr != want {
		t.Errorf("stderr %q, want %q", got.stderr, want)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(got.stdout))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("process %d is still running", pid)
	}
}

func TestRunLeavesWhatLeftTheGroup(t *testing.T) {
	t.Parallel()
	cmd := spor(t, running("hold")...)
	stdin, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = hold.Close(), stdin.Close() }()
	cmd.Stdin = stdin
	stderr := filepath.Join(t.TempDir(), "stderr") // not a pipe: the process that is left behind would keep it open
	file, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = file
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(stderr)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != noTelemetry {
		t.Errorf("stderr %q, want %q", got, noTelemetry)
	}
}

func TestRunTellsCommandThatReaderHasGone(t *testing.T) {
	cmd := spor(t, running("endless")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	_ = cmd.Wait()
	if got, want := cmd.ProcessState.ExitCode(), 128+int(syscall.SIGPIPE); got != want {
		t.Errorf("exit code %d, want %d", got, want)
	}
	if got := stderr.String(); got != noTelemetry {
		t.Errorf("stderr %q, want %q", got, noTelemetry)
	}
}

func TestRunRecords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recording.jsonl")
	if got := finish(t, spor(t, running("traces", "--name", "quotes", "--namespace", "poets", "--record", file)...)); got.code != 0 {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	spans, lines := readRecording(t, file)
	if got, want := spans, 5; got != want {
		t.Errorf("recorded %d spans, want %d", got, want)
	}
	if got, want := strings.Join(lines, "; "), "quotes poets stdout: done"; got != want {
		t.Errorf("recorded lines %q, want %q", got, want)
	}
}

func TestRunRecordsLines(t *testing.T) {
	for role, want := range map[string]string{
		"output":    "local stderr: trouble; local stdout: first; local stdout: second\r; local stdout: \uFFFD\x00no newline",
		"long line": "local stdout: " + strings.Repeat("x", 1<<20) + " (continued); local stdout: yz",
	} {
		t.Run(role, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "recording.jsonl")
			finish(t, spor(t, running(role, "--name", "quotes", "--record", file)...))
			_, lines := readRecording(t, file)
			if role == "output" {
				slices.Sort(lines) // the order is defined only for lines of the same stream
			}
			if got := strings.ReplaceAll(strings.Join(lines, "; "), "quotes ", ""); got != want {
				t.Errorf("recorded %.200q, want %.200q", got, want)
			}
		})
	}
}

func readRecording(t *testing.T, file string) (spans int, lines []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for r, err := range recording.Read(f) {
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range r.Traces.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				spans += len(scope.GetSpans())
			}
		}
		for _, resource := range r.Logs.GetResourceLogs() {
			lines = append(lines, lineText(t, resource))
		}
	}
	return spans, lines
}

func lineText(t *testing.T, resource *logspb.ResourceLogs) string {
	t.Helper()
	var b strings.Builder
	for _, kv := range resource.GetResource().GetAttributes() {
		b.WriteString(kv.GetValue().GetStringValue() + " ")
	}
	scope := resource.GetScopeLogs()[0]
	if got, want := scope.GetScope().GetName(), recording.OutputScope; got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
	record := scope.GetLogRecords()[0]
	for _, kv := range record.GetAttributes() {
		switch kv.GetKey() {
		case recording.StreamKey:
			b.WriteString(kv.GetValue().GetStringValue() + ": " + record.GetBody().GetStringValue())
		case recording.ContinuedKey:
			b.WriteString(" (continued)")
		}
	}
	return b.String()
}

func TestRunGoesOnWithoutRecording(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		oteltest.Lacking(t, err)
	}
	got := finish(t, spor(t, running("traces", "--record", "/dev/full")...))
	if got.code != 0 || got.stdout != "done\n" {
		t.Errorf("exit code %d, stdout %q; want 0, %q", got.code, got.stdout, "done\n")
	}
	want := "spor: the recording is not complete: recording: write: write /dev/full: no space left on device\n"
	if n := strings.Count(got.stderr, want); n != 1 {
		t.Errorf("stderr contains %q %d times, want once: %q", want, n, got.stderr)
	}
}

func TestRunWithoutSporsOwnStdin(t *testing.T) {
	cmd := spor(t, running("cat")...)
	cmd.Stdin = nil
	if got, want := finish(t, cmd).code, 0; got != want {
		t.Errorf("exit code %d, want %d", got, want)
	}
}
