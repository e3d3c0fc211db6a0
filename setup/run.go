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

// Run runs a program with telemetry: it starts telemetry as [Start] does, calls run, and
// flushes telemetry before it returns.
//
// The context that run gets ends on SIGTERM or SIGINT. Then run must stop its servers from
// accepting requests, wait for their handlers, and return. A second signal ends the process
// immediately. When run has returned, Run flushes for at most five seconds, with its own
// context. If run has not returned 18 seconds after the signal, Run flushes the spans that
// have ended while run continues, because a NAIS pod is killed 25 seconds after SIGTERM.
//
// Run returns the error of run, and logs it. There is one exception: if the error only
// reports that a signal ended the context, as ctx.Err() does, Run returns nil. If run panics
// in its own goroutine, Run returns an error and logs one line with stack_trace. A panic in
// another goroutine, or a fatal error of the runtime, ends the process as without Run; see
// [WithCrashFile] for how the next process logs it.
//
// If the configuration is wrong, Run logs one line and calls run anyway. The configuration
// does not change the error that Run returns. Lines are logged with [slog.Default]. If the
// program has not set a default logger, they are written as JSON to standard error.
func Run(ctx context.Context, run func(context.Context) error, opts ...Option) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	// signalled does not end with ctx, because the end of the caller's context is not a
	// signal. The first signal after that must still not end the process.
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
		logger().LogAttrs(ctx, slog.LevelError, "telemetry is not configured correctly", slog.String("error", oneLine(err)))
	}
	defer keepCrashes(env, c)()
	defer flushAfter(ctx, t, drainTimeout)()
	// Deferred, so that Run also flushes when run calls runtime.Goexit.
	defer func() {
		// The reporter has already logged the lost data, which does not change the
		// error that Run returns.
		_ = t.shutdown(context.WithoutCancel(ctx))
	}()
	return runProgram(ctx, untilSignal(signalled, run), c.rootSpan)
}

// keepCrashes keeps crashes in the file that the program chose. In a NAIS pod there is also a
// default file.
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

// drainTimeout is the time that run may take after the signal. After that, its ended spans are
// flushed before it returns.
const drainTimeout = 18 * time.Second

// flushAfter flushes once, delay after ctx has ended, unless stop is called before.
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

// runProgram calls run and logs its error or panic. If rootSpan is not empty, it calls run in
// a span with that name.
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

// underSpan returns a function that calls run in a span. The span also ends if run panics.
func underSpan(name string, run func(context.Context) error) func(context.Context) error {
	tracer := otel.Tracer("github.com/nais/spor/setup", trace.WithInstrumentationVersion(scope.Version()))
	return func(ctx context.Context) error {
		ctx, span := tracer.Start(ctx, name)
		defer span.End() // records a panic only if it is the deferred function itself
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

// panicError is the error that Run returns if run panics.
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
