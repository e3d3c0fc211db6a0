package setup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/nais/spor/internal/oteltest"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/setup"
)

// endings contains functions that return an error. The run function can return this error after
// its context has ended.
var endings = map[string]func(context.Context) error{
	"ctx.Err":    func(ctx context.Context) error { return ctx.Err() },
	"cause":      context.Cause,
	"wrapped":    func(ctx context.Context) error { return fmt.Errorf("serve: %w", fmt.Errorf("accept: %w", ctx.Err())) },
	"joined":     func(ctx context.Context) error { return errors.Join(ctx.Err(), nil, context.Cause(ctx)) },
	"two verbs":  func(ctx context.Context) error { return fmt.Errorf("%w, %w", ctx.Err(), ctx.Err()) },
	"net":        func(ctx context.Context) error { return &os.SyscallError{Syscall: "read", Err: ctx.Err()} },
	"real":       func(context.Context) error { return errors.New("no database") },
	"with real":  func(ctx context.Context) error { return errors.Join(ctx.Err(), errors.New("no database")) },
	"beside":     func(ctx context.Context) error { return fmt.Errorf("%w: %w", errors.New("no database"), ctx.Err()) },
	"deadline":   func(context.Context) error { return context.DeadlineExceeded },
	"only text":  func(ctx context.Context) error { return errors.New(ctx.Err().Error()) },
	"empty join": func(context.Context) error { return noErrors{} },
	"panic":      func(ctx context.Context) error { panic(ctx.Err()) },
}

// noErrors is an error like a result of errors.Join, but it joins no errors.
type noErrors struct{}

func (noErrors) Error() string   { return "no errors" }
func (noErrors) Unwrap() []error { return nil }

func init() {
	// The program "ended" waits until its context ends. Then it returns the error that
	// CHILD_EXIT names.
	programs["ended"] = func() int {
		ctx, cancel := context.WithCancel(context.Background())
		switch os.Getenv("CHILD_CONTEXT") {
		case "cancelled":
			cancel()
		case "cause":
			withCause, end := context.WithCancelCause(ctx)
			end(fmt.Errorf("lease lost: %w", context.Canceled))
			ctx = withCause
		case "of signals":
			ctx, cancel = signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
		}
		defer cancel()
		if err := setup.Run(ctx, func(ctx context.Context) error {
			fmt.Println("ready")
			if os.Getenv("CHILD_CONTEXT") == "own" {
				own, end := context.WithCancel(ctx)
				end()
				return own.Err()
			}
			<-ctx.Done()
			return endings[os.Getenv("CHILD_EXIT")](ctx)
		}, setup.WithRootSpan("job")); err != nil {
			return 1
		}
		return 0
	}
}

func TestRunEndsWellAfterASignal(t *testing.T) {
	for _, tt := range []struct {
		exit, context string
		signal        syscall.Signal // 0 if no signal is sent
		well          bool
	}{
		{"ctx.Err", "", syscall.SIGTERM, true},
		{"ctx.Err", "", syscall.SIGINT, true},
		{"cause", "", syscall.SIGTERM, true},
		{"wrapped", "", syscall.SIGTERM, true},
		{"joined", "", syscall.SIGTERM, true},
		{"two verbs", "", syscall.SIGTERM, true},
		{"net", "", syscall.SIGTERM, true},
		{"ctx.Err", "of signals", syscall.SIGTERM, true},
		{"cause", "of signals", syscall.SIGINT, true},
		{"real", "", syscall.SIGTERM, false},
		{"with real", "", syscall.SIGTERM, false},
		{"beside", "", syscall.SIGTERM, false},
		{"deadline", "", syscall.SIGTERM, false},
		{"only text", "", syscall.SIGTERM, false},
		{"empty join", "", syscall.SIGTERM, false},
		{"panic", "", syscall.SIGTERM, false},
		{"ctx.Err", "cancelled", 0, false},
		{"ctx.Err", "cause", 0, false},
		{"cause", "cause", 0, false},
		{"ctx.Err", "own", 0, false},
	} {
		t.Run(fmt.Sprintf("%s %s %v", tt.exit, tt.context, tt.signal), func(t *testing.T) {
			c := listen(t, ":0")
			child := command(t, "ended", "CHILD_EXIT", tt.exit, "CHILD_CONTEXT", tt.context, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
			code, stderr := endBySignal(t, child, tt.signal)
			wantCode, wantLines, wantStatus := 1, 1, tracepb.Status_STATUS_CODE_ERROR
			if tt.well {
				wantCode, wantLines, wantStatus = 0, 0, tracepb.Status_STATUS_CODE_UNSET
			}
			if lines := oteltest.ParseLines(t, stderr); code != wantCode || len(lines) != wantLines {
				t.Errorf("got code %d and %d lines, want %d and %d: %s", code, len(lines), wantCode, wantLines, stderr)
			}
			if c.count() != 1 {
				t.Fatalf("spans: got %d, want the root span", c.count())
			}
			if got := c.spans[0].GetStatus().GetCode(); got != wantStatus {
				t.Errorf("status of the root span: got %v, want %v", got, wantStatus)
			}
			if tt.well && len(c.spans[0].GetEvents()) > 0 {
				t.Errorf("events of the root span: got %v, want none", c.spans[0].GetEvents())
			}
		})
	}
}

// endBySignal starts the command, waits until the child is ready, and sends the signal s to the
// child. Then it waits until the child has ended.
func endBySignal(t *testing.T, cmd *exec.Cmd, s syscall.Signal) (code int, stderr string) {
	t.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	startChild(t, cmd)
	if s != 0 {
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), errs.String()
}
