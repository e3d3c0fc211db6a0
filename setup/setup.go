package setup

import (
	"cmp"
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
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// flushTimeout bounds shutdown where the caller does not. A NAIS pod has about 25
// seconds from SIGTERM to SIGKILL, which the servers' draining needs too.
const flushTimeout = 5 * time.Second

// running says that the globals are taken.
var running atomic.Bool

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
// exports what waits until its context ends, and for at most five seconds if the
// context has no deadline. A context that has ended already, as the one of
// [signal.NotifyContext] has after SIGTERM, gets five seconds too. The error
// says how many spans were lost. Later calls wait for the first one.
//
// ctx is used while Start runs, and not kept. A second Start before shutdown is
// an error and changes nothing.
func Start(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	t, err := startOnce(ctx, processEnvironment(), newConfig(opts))
	return t.shutdown, err
}

// startOnce starts nothing when telemetry is running already.
func startOnce(ctx context.Context, env *environment, c *config) (*telemetry, error) {
	if !running.CompareAndSwap(false, true) {
		t := &telemetry{done: make(chan struct{})}
		t.once.Do(func() { close(t.done) })
		return t, errRunning
	}
	return start(ctx, env, c)
}

// telemetry is the running SDK.
type telemetry struct {
	provider *sdktrace.TracerProvider // nil when spans go nowhere
	gate     *gate                    // nil when nothing is exported over OTLP

	once sync.Once
	done chan struct{}
	err  error
}

func start(ctx context.Context, env *environment, c *config) (*telemetry, error) {
	t := &telemetry{done: make(chan struct{})}
	s := readSettings(env, c)
	otel.SetTextMapPropagator(s.propagator)
	if s.disabled {
		return t, env.err()
	}
	trouble := &sdkTrouble{}
	trouble.quiet.Store(true) // the SDK reads the environment once more
	otel.SetErrorHandler(trouble)
	otel.SetLogger(logr.New(logSink{trouble}))
	err := t.startTraces(s)
	trouble.quiet.Store(false)
	if s.traces.unnamed {
		tellUnnamed(ctx)
	}
	return t, errors.Join(env.err(), err)
}

// startTraces installs a tracer provider if there is anywhere for spans to go.
func (t *telemetry) startTraces(s *settings) error {
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(s.resource),
		sdktrace.WithSampler(s.sampler),
		sdktrace.WithRawSpanLimits(s.limits),
	}
	var problems []error
	if s.traces.endpoint != nil {
		gate, err := newPipeline(s)
		if err == nil {
			t.gate = gate
			options = append(options, sdktrace.WithSpanProcessor(gate))
		}
		problems = append(problems, err)
	}
	if s.traces.console {
		console, err := stdouttrace.New(stdouttrace.WithPrettyPrint())
		if err == nil {
			options = append(options, sdktrace.WithSyncer(rewritingExporter{console, s.rewriter}))
		}
		problems = append(problems, err)
	}
	for _, p := range s.processors {
		options = append(options, sdktrace.WithSpanProcessor(p))
	}
	if t.gate != nil || s.traces.console || len(s.processors) > 0 {
		t.provider = sdktrace.NewTracerProvider(options...)
		otel.SetTracerProvider(t.provider)
	}
	return errors.Join(problems...)
}

// newPipeline returns the way of a span from its end to the collector.
func newPipeline(s *settings) (*gate, error) {
	ledger := newLedger()
	e, err := newExporter(s.traces, s.rewriter, ledger, &reporter{endpoint: s.traces.endpoint, ledger: ledger})
	if err != nil {
		return nil, fmt.Errorf("setup: %s: %w", s.traces.endpoint.url, err)
	}
	return newGate(e, s.batch), nil
}

func tellUnnamed(ctx context.Context) {
	logger().LogAttrs(ctx, slog.LevelInfo, "traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is not set",
		slog.String("cure", "run the program under spor run -- CMD, or set OTEL_TRACES_EXPORTER=console"))
}

func (t *telemetry) shutdown(ctx context.Context) error {
	t.once.Do(func() {
		go func() {
			t.err = t.flushAndStop(ctx)
			running.Store(false)
			close(t.done)
		}()
	})
	<-t.done
	return t.err
}

func (t *telemetry) flushAndStop(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	if ctx.Err() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, flushTimeout)
		defer cancel()
	}
	if t.gate != nil {
		t.gate.exporter.reporter.hold()
		defer t.gate.exporter.reporter.release()
	}
	err := t.provider.Shutdown(ctx)
	return cmp.Or(t.lost(), err)
}

// flush exports what has ended so far, for at most flushTimeout.
func (t *telemetry) flush(ctx context.Context) {
	if t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	// The exporter reports its own errors.
	_ = t.provider.ForceFlush(ctx)
}

// lost returns an error if not every span was delivered.
func (t *telemetry) lost() error {
	if t.gate == nil {
		return nil
	}
	drops, all := t.gate.ledger.drops()
	if all == 0 {
		return nil
	}
	return fmt.Errorf("setup: %d of %d spans were not delivered to %s: %s",
		all, all+t.gate.ledger.deliveries(), t.gate.exporter.endpoint.url, describeDrops(drops))
}

// oneLine joins the problems of err.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
