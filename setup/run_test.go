package setup_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nais/spor/internal/oteltest"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func finish(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// startChild starts the command and waits until it has printed "ready".
func startChild(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
}

func TestRunFlushesAfterASignal(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			c := listen(t, ":0")
			child := command(t, "serve", "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
			startChild(t, child)
			<-time.After(30 * time.Millisecond)
			if err := child.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := child.Wait(); err != nil {
				t.Fatal(err)
			}
			names := c.names()
			if len(names) < 2 || !slices.Contains(names, "draining") {
				t.Errorf("spans: got %d, want at least 2, one of them with the name draining", len(names))
			}
		})
	}
}

func TestRunEndsAtTheSecondSignal(t *testing.T) {
	child := command(t, "stubborn")
	startChild(t, child)
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case <-ended:
			if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
				t.Errorf("ended with %v, want SIGTERM", child.ProcessState)
			}
			return
		case <-deadline:
			t.Fatal("still running")
		case <-time.After(20 * time.Millisecond):
			_ = child.Process.Signal(syscall.SIGTERM)
		}
	}
}

func TestRunTurnsAPanicIntoOneLine(t *testing.T) {
	c := listen(t, ":0")
	code, _, stderr := finish(t, command(t, "panic", "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint()))
	if code != 1 {
		t.Errorf("exit code: got %d, want 1", code)
	}
	lines := oteltest.ParseLines(t, stderr)
	if len(lines) != 1 {
		t.Fatalf("lines: got %d, want 1: %s", len(lines), stderr)
	}
	stack, _ := lines[0]["stack_trace"].(string)
	if lines[0]["level"] != "ERROR" || lines[0]["error"] != "boom" || !strings.Contains(stack, "explode") {
		t.Errorf("line: got %v, want an ERROR with the stack of the panic", lines[0])
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spans) != 1 || len(c.spans[0].GetEvents()) != 1 || c.spans[0].GetEvents()[0].GetName() != "exception" {
		t.Errorf("spans: got %v, want one with an exception", c.spans)
	}
}

func TestRunLogsToTheProgramsLogger(t *testing.T) {
	code, stdout, stderr := finish(t, command(t, "logger", "OTEL_TRACES_EXPORTER", "none"))
	if lines := oteltest.ParseLines(t, stdout); code != 1 || len(lines) != 1 || lines[0]["error"] != "boom" {
		t.Errorf("got code %d, %v, want 1 and the panic", code, lines)
	}
	if stderr != "" {
		t.Errorf("stderr: got %q, want none", stderr)
	}
}

func TestRunLogsAnError(t *testing.T) {
	code, _, stderr := finish(t, command(t, "error", "OTEL_TRACES_EXPORTER", "none"))
	if lines := oteltest.ParseLines(t, stderr); code != 1 || len(lines) != 1 || lines[0]["error"] != "no database" {
		t.Errorf("got code %d, %v, want 1 and the error", code, lines)
	}
}

func TestRunSurvivesWrongConfiguration(t *testing.T) {
	code, _, stderr := finish(t, command(t, "quiet",
		"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317",
		"OTEL_EXPORTER_PROTOCOL", "http/protobuf",
		"OTEL_BSP_MAX_QUEUE_SIZE", "-1",
		"OTEL_TRACES_SAMPLER_ARG", "10%",
		"OTEL_RESOURCE_ATTRIBUTES", "a=%ZZ"))
	if code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	lines := oteltest.ParseLines(t, stderr)
	if len(lines) != 1 {
		t.Fatalf("lines: got %d, want 1: %s", len(lines), stderr)
	}
	for _, name := range []string{"OTEL_EXPORTER_PROTOCOL", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_TRACES_SAMPLER_ARG", "OTEL_RESOURCE_ATTRIBUTES"} {
		if text, _ := lines[0]["error"].(string); !strings.Contains(text, name) {
			t.Errorf("error: got %q, want it to name %s", text, name)
		}
	}
}

func TestRunUnderARootSpan(t *testing.T) {
	for _, exit := range []string{"error", "panic"} {
		t.Run(exit, func(t *testing.T) {
			c := listen(t, ":0")
			code, _, _ := finish(t, command(t, "job", "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "CHILD_EXIT", exit))
			if code != 1 {
				t.Errorf("exit code: got %d, want 1", code)
			}
			if got, want := c.names(), []string{"step", "nightly"}; !slices.Equal(got, want) {
				t.Fatalf("spans: got %q, want %q", got, want)
			}
			step, root := c.spans[0], c.spans[1]
			if !bytes.Equal(step.GetParentSpanId(), root.GetSpanId()) || len(root.GetParentSpanId()) != 0 {
				t.Error("step is not the child of the root span")
			}
			if got := root.GetStatus().GetCode(); got != tracepb.Status_STATUS_CODE_ERROR {
				t.Errorf("status: got %v, want error", got)
			}
			if len(root.GetEvents()) != 1 {
				t.Errorf("events: got %d, want one exception", len(root.GetEvents()))
			}
		})
	}
}

func TestRunLogsTheCrashBefore(t *testing.T) {
	for _, tt := range []struct{ program, text, cause, stack string }{
		{"crash", "panic: boom", "panic: boom", "explode"},
		{"race", "fatal error: concurrent map", "fatal error", "maps.fatal"},
	} {
		t.Run(tt.program, func(t *testing.T) {
			dir := t.TempDir()
			pod := []string{"NAIS_CLUSTER_NAME", "dev-gcp", "NAIS_APP_NAME", "or/ders", "TMPDIR", dir, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none"}
			code, _, stderr := finish(t, command(t, tt.program, pod...))
			if code != 2 || !strings.Contains(stderr, tt.text) || strings.Contains(stderr, `"level"`) {
				t.Fatalf("crash: got code %d and %q, want 2 and the text of the runtime", code, stderr)
			}
			_, _, stderr = finish(t, command(t, "quiet", pod...))
			lines := oteltest.ParseLines(t, stderr)
			if len(lines) != 1 || !strings.Contains(lines[0]["error"].(string), tt.cause) ||
				!strings.Contains(lines[0]["stack_trace"].(string), tt.stack) || lines[0]["level"] != "ERROR" {
				t.Fatalf("next start: got %q, want one line with the crash", stderr)
			}
			if _, _, stderr = finish(t, command(t, "quiet", pod...)); stderr != "" {
				t.Errorf("the start after that: got %q, want none", stderr)
			}
		})
	}
}

func TestRunKeepsCrashesElsewhereByOption(t *testing.T) {
	file := filepath.Join(t.TempDir(), "crash")
	pairs := []string{"OTEL_TRACES_EXPORTER", "none", "CHILD_CRASH_FILE", file}
	finish(t, command(t, "crash", pairs...))
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "boom") {
		t.Fatalf("crash file: got %q, %v", text, err)
	}
	if _, _, stderr := finish(t, command(t, "quiet", pairs...)); !strings.Contains(stderr, "boom") {
		t.Errorf("next start: got %q", stderr)
	}
	link := filepath.Join(filepath.Dir(file), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{filepath.Join(file, "below", "a file"), link} {
		code, _, stderr := finish(t, command(t, "quiet", "OTEL_TRACES_EXPORTER", "none", "CHILD_CRASH_FILE", bad))
		if lines := oteltest.ParseLines(t, stderr); code != 0 || len(lines) != 1 || lines[0]["level"] != "WARN" {
			t.Errorf("%s: got code %d, %q, want 0 and a warning", bad, code, stderr)
		}
	}
}
