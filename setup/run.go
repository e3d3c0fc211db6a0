package setup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/clean"
	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/internal/scope"
	"github.com/nais/spor/setup/internal/crash"
)

// Run is the whole life of a NAIS process: it starts telemetry as [Start] does,
// runs the program, and flushes before it returns.
//
// The context that run gets ends on SIGTERM or SIGINT. run then lets its servers
// stop accepting, waits for their handlers, and returns; a second signal ends
// the process at once. Run flushes after that, for at most five seconds, under a
// context of its own. A run that has not returned 18 seconds after the signal
// has its spans flushed while it goes on, since a NAIS pod is killed 25 seconds
// after SIGTERM.
//
// Run returns what run returns, and logs it if it is an error. An error that only
// reports that a signal ended the context, as ctx.Err() does, is none: Run returns
// nil then. A panic of run in its own goroutine becomes an error and one log line
// with stack_trace. Panics elsewhere and fatal errors of the runtime end the
// process as always; see [WithCrashFile] for how the next process logs them. Wrong
// configuration is one log line, and does not change what Run returns. Lines go to
// [slog.Default], or as JSON to standard error where the program has set no
// default.
func Run(ctx context.Context, run func(context.Context) error, opts ...Option) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	// Not under ctx: the end of the caller's context is no signal, and the first
	// one after it must not end the process.
	signalled, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	defer context.AfterFunc(signalled, func() {
		stop()
		end(context.Cause(signalled))
	})()

	c := newConfig(opts)
	env := environ.Process()
	t, err := startOnce(ctx, env, c)
	if err != nil {
		logger().LogAttrs(ctx, slog.LevelError, "telemetry is not configured right", slog.String("error", oneLine(err)))
	}
	defer keepCrashes(env, c)()
	defer flushAfter(ctx, t, drainTimeout)()
	// In a defer: a run that calls runtime.Goexit is flushed too.
	defer func() {
		// The reporter has told people already: what telemetry lost does not
		// change how the program ends.
		_ = t.shutdown(context.WithoutCancel(ctx))
	}()
	return runProgram(ctx, untilSignal(signalled, run), c.rootSpan)
}

// keepCrashes keeps crashes in the file that the program chose, or that of a NAIS pod.
func keepCrashes(env *environ.Environment, c *config) (stop func()) {
	name := c.crashFile
	if name == "" && env.OnPlatform() {
		name = crash.FileIn(os.TempDir(), env.Text("NAIS_APP_NAME"))
	}
	if name == "" {
		return func() {}
	}
	return crash.Keep(name, logger())
}

// drainTimeout is how long after the signal run may take before its spans are
// flushed without waiting for it.
const drainTimeout = 18 * time.Second

// flushAfter flushes once, some time after ctx has ended, unless it is stopped.
func flushAfter(ctx context.Context, t *telemetry, delay time.Duration) (stop func()) {
	returned, end := context.WithCancel(context.Background())
	stopWaiting := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-returned.Done():
		case <-timer.C:
			t.flush(returned)
		}
	})
	return func() {
		stopWaiting()
		end()
	}
}

// runProgram runs run, under a root span if one is named, and logs how it ends.
func runProgram(ctx context.Context, run func(context.Context) error, rootSpan string) error {
	if rootSpan != "" {
		run = underSpan(rootSpan, run)
	}
	err := withoutPanic(ctx, run)
	if err != nil && !errors.As(err, new(panicError)) {
		logger().LogAttrs(ctx, slog.LevelError, "the program ended with an error", slog.String("error", clean.Text(err.Error())))
	}
	return err
}

// underSpan returns run with a span around it, which a panic of run ends too.
func underSpan(name string, run func(context.Context) error) func(context.Context) error {
	tracer := otel.Tracer("github.com/nais/spor/setup", trace.WithInstrumentationVersion(scope.Version()))
	return func(ctx context.Context) error {
		ctx, span := tracer.Start(ctx, name)
		defer span.End() // deferred directly: it records a panic
		returned := false
		defer func() {
			if !returned {
				span.SetStatus(codes.Error, "panic")
			}
		}()
		err := run(ctx)
		returned = true
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		return err
	}
}

// panicError is what a panic of run becomes.
type panicError struct{ value any }

func (p panicError) Error() string { return fmt.Sprintf("setup: run panicked: %v", p.value) }

func (p panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

func withoutPanic(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		err = panicError{value}
		logger().LogAttrs(ctx, slog.LevelError, "the program panicked",
			slog.String("error", clean.Text(fmt.Sprint(value))),
			slog.String("stack_trace", clean.Text(string(debug.Stack()))))
	}()
	return run(ctx)
}
