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

// Run runs a program with telemetry. First, Run starts telemetry in the same way as [Start].
// Then Run calls run. Before Run returns, it exports the waiting telemetry.
//
// run gets a context, which ends on SIGTERM or SIGINT, or when ctx ends. When the context ends,
// run must do three things: make its servers accept no more requests, wait for their handlers,
// and return. A second signal ends the process immediately.
//
// Run does not handle other signals. SIGHUP ends the process immediately, and SIGQUIT makes the
// Go runtime print the stacks of all goroutines and exit with status 2. With a crash file, the
// next process logs these stacks as a crash. After both signals, the waiting telemetry is lost. A
// program that must flush on such a signal catches it with [signal.NotifyContext], and passes
// that context to Run. Then run must not return the error of the context, because Run logs and
// returns this error.
//
// When run has returned, Run exports the waiting telemetry. This takes at most five seconds, and
// the end of ctx does not stop it. If run has not returned 18 seconds after the end of its
// context, Run exports the telemetry that is waiting at this time, while run continues. The reason
// is that NAIS kills a pod 25 seconds after SIGTERM.
//
// Run returns the error of run, and logs it. The exception is an error that only reports that a
// signal ended the context, such as the error of ctx.Err(). For such an error, Run returns nil.
//
// If run panics in its own goroutine, Run returns an error and logs one line with stack_trace.
// A panic in another goroutine ends the process, as it does without Run. A fatal error of the
// Go runtime also ends the process. [WithCrashFile] describes how the next process logs the
// text of such a crash.
//
// If the configuration is wrong, Run logs one line and still calls run. A wrong configuration
// does not change the error that Run returns. Run logs with [slog.Default]. If the program has
// not set a default logger, Run writes its lines as JSON to standard error.
func Run(ctx context.Context, run func(context.Context) error, opts ...Option) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	// signalled ends only on a signal. It does not end when the caller's context ends. If
	// the first signal arrives after the end of that context, this signal must not end the
	// process.
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
	// This call is deferred, so that Run also flushes when run calls runtime.Goexit.
	defer func() {
		// The error is ignored, because the reporter has already logged which data was
		// lost. Lost data does not change the error that Run returns.
		_ = t.shutdown(context.WithoutCancel(ctx))
	}()
	return runProgram(ctx, untilSignal(signalled, run), c.rootSpan)
}

// keepCrashes makes the Go runtime write crashes to the file of WithCrashFile. If the program
// has not set a file, the default file is used. Only a NAIS pod has a default file.
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

// drainTimeout is how long Run waits for run after a signal. After that time, Run flushes
// telemetry while run continues.
const drainTimeout = 18 * time.Second

// flushAfter waits until ctx has ended, and then waits for the duration delay. Then it flushes
// telemetry once. If stop is called before delay has passed, telemetry is not flushed.
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
		defer span.End() // End records a panic only if the call of End is deferred directly
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
