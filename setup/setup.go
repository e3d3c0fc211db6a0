package setup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/nais/spor/internal/environ"
	"github.com/nais/spor/setup/internal/naislog"
	"github.com/nais/spor/setup/internal/spanstats"
)

// flushTimeout bounds shutdown where the caller does not. A NAIS pod has about 25
// seconds from SIGTERM to SIGKILL, which the servers' draining needs too.
const flushTimeout = 5 * time.Second

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
	last     []provider       // that of logs, in which the others may still say something
	stats    *spanstats.Stats // of spans
	records  *spanstats.Stats // of log records
	reporter *reporter
	team     *naislog.Team
	logs     *sdklog.LoggerProvider // nil: log records are not exported
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
	spans, records := &spanstats.Stats{}, &spanstats.Stats{}
	return &telemetry{stats: spans, records: records, reporter: &reporter{stats: spans, records: records}, done: make(chan struct{})}
}

func (t *telemetry) start(ctx context.Context, env *environ.Environment, c *config) error {
	s := newSettings(env, c)
	otel.SetTextMapPropagator(s.Propagator)
	if s.Disabled {
		return env.Err()
	}
	trouble := &sdkTrouble{}
	trouble.quiet.Store(true) // the SDK reads the environment once more
	otel.SetErrorHandler(trouble)
	otel.SetLogger(logr.New(logSink{trouble}))
	err := errors.Join(t.startTraces(s), t.startMetrics(ctx, s), t.startLogs(ctx, s))
	trouble.quiet.Store(false)
	if s.Traces.Unnamed {
		tellUnnamed(ctx)
	}
	return errors.Join(env.Err(), err)
}

func tellUnnamed(ctx context.Context) {
	logger().LogAttrs(ctx, slog.LevelInfo, "traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is not set",
		slog.String("cure", "run the program under spor run -- CMD, or set OTEL_TRACES_EXPORTER=console"))
}

func (t *telemetry) shutdown(ctx context.Context) error {
	t.once.Do(func() {
		go func() {
			t.err = t.flushAndStop(ctx)
			running.Store(nil)
			close(t.done)
		}()
	})
	<-t.done
	return t.err
}

// flushAndStop ends the signals beside each other: one that hangs takes nothing
// from the time of the others.
func (t *telemetry) flushAndStop(ctx context.Context) error {
	switch {
	case ctx == nil: // this is no goroutine of the caller's: a panic would end the process
		ctx = context.Background()
	case ctx.Err() != nil:
		ctx = context.WithoutCancel(ctx)
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, flushTimeout)
		defer cancel()
	}
	err := t.stopSignals(ctx)
	t.reporter.hold() // its lines would be records after the last export
	stopped := together(ctx, t.last, func(p provider) error { return t.reporter.shutdown(ctx, p) })
	running.Store(&telemetry{team: t.team})
	t.reporter.release()
	return errors.Join(t.lost(), err, stopped)
}

// stopSignals ends all but the logs, which get what is left of the time: a fifth
// of it at least.
func (t *telemetry) stopSignals(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && (len(t.last) > 1 || t.team.IsBusy()) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/5))
		defer cancel()
	}
	t.reporter.hold()
	defer t.reporter.release()
	return together(ctx, t.signals, func(p provider) error { return t.reporter.shutdown(ctx, p) })
}

// flush exports what there is so far, for at most flushTimeout.
func (t *telemetry) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	// The exporters report their own errors.
	_ = together(ctx, t.signals, func(p provider) error { return p.ForceFlush(ctx) })
	_ = together(ctx, t.last, func(p provider) error { return p.ForceFlush(ctx) })
}

// lost returns an error if not every span and every log record was delivered.
func (t *telemetry) lost() error {
	return errors.Join(lostOf("spans", t.stats, t.reporter.spans), lostOf("log records", t.records, t.reporter.logs))
}

func lostOf(items string, l *spanstats.Stats, e *environ.Endpoint) error {
	drops, all := l.Drops()
	if all == 0 {
		return nil
	}
	return fmt.Errorf("setup: %d of %d %s were not delivered to %s: %s",
		all, all+l.Delivered(), items, e.URL, spanstats.Describe(drops))
}

// oneLine joins the problems of err.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
