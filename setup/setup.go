package setup

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/export"
	"github.com/nais/spor/setup/internal/naislog"
)

// running is the telemetry that has taken the globals. What is made before Start, and
// used at any time, finds its outputs here. While telemetry starts or stops, and before
// Start, it has none but Team Logs; it is nil until a record with the mark comes.
var running atomic.Pointer[telemetry]

var errRunning = errors.New("setup: telemetry is running already (Start or Run was called twice; shut the first one down before)")

// Start connects the OpenTelemetry SDK to the collector that the environment
// names, and installs it as the global one: tracer provider, propagator, error
// handler. It returns at once, whatever state the collector is in.
//
// The error says what is wrong with the configuration, variable by variable,
// each with its cure; what is right is in use, the rest has its safe default.
// The program may log the error and go on. shutdown is never nil.
//
// Call shutdown when the last span has ended, and before the process exits. It
// exports what waits until its context ends, for at most five seconds if the
// context has no deadline, and for one where the collector cannot be reached. A context that has ended already, as the one of
// [signal.NotifyContext] has after SIGTERM, gets five seconds too. The error
// says how many spans and log records were lost. Later calls wait for the first one.
//
// ctx is used while Start runs, and not kept. A second Start before shutdown is
// an error and changes nothing.
func Start(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	t, err := startOnce(ctx, environ.Process(), newConfig(opts))
	return t.shutdown, err
}

// startOnce starts nothing when telemetry is running already.
func startOnce(ctx context.Context, env *environ.Environment, c *config) (*telemetry, error) {
	t := newTelemetry()
	if t.team = takeGlobals(); t.team == nil {
		t.once.Do(func() { close(t.done) })
		return t, errRunning
	}
	err := t.start(ctx, env, c)
	running.Store(t)
	return t, err
}

// takeGlobals returns the Team that marked records went to so far, or nil when telemetry
// is running already.
func takeGlobals() *naislog.Team {
	for {
		before, taken := running.Load(), &telemetry{}
		switch {
		case before == nil:
			taken.team = newTeam()
		case before.idle:
			taken.team = before.team
		default:
			return nil
		}
		if running.CompareAndSwap(before, taken) {
			return taken.team
		}
	}
}

// telemetry is the running SDK.
type telemetry struct {
	signals  []provider
	last     []provider // that of logs, in which the others may still say something
	reporter *export.Reporter
	team     *naislog.Team
	logs     *sdklog.LoggerProvider // nil: log records are not exported
	scrape   *export.Scrape         // nil: Prometheus reads nothing
	idle     bool                   // it has nothing but the Team, and the globals are free

	once sync.Once
	done chan struct{}
	err  error
}

// provider is that of traces, of metrics or of logs.
type provider interface {
	ForceFlush(context.Context) error
	Shutdown(context.Context) error
}

func newTelemetry() *telemetry {
	return &telemetry{reporter: &export.Reporter{Logger: logger}, done: make(chan struct{})}
}

func (t *telemetry) start(ctx context.Context, env *environ.Environment, c *config) error {
	s := newSettings(env, c)
	otel.SetTextMapPropagator(s.Propagator)
	if s.Disabled {
		return env.Err()
	}
	trouble := &export.Trouble{Logger: logger}
	trouble.Quiet.Store(true) // the SDK reads the environment once more
	otel.SetErrorHandler(trouble)
	otel.SetLogger(logr.New(trouble.Sink()))
	err := errors.Join(t.startTraces(s), t.startMetrics(ctx, s), t.startLogs(ctx, s))
	trouble.Quiet.Store(false)
	if s.Traces.Unnamed {
		tellUnnamed(ctx)
	}
	return errors.Join(env.Err(), err)
}

func tellUnnamed(ctx context.Context) {
	logger().LogAttrs(ctx, slog.LevelInfo, "traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is not set",
		slog.String("cure", "run the program under spor run -- CMD, or set OTEL_TRACES_EXPORTER=console"))
}

// oneLine joins the problems of err.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
