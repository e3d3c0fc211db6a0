package kafkatrace

import (
	"context"
	"os"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace/internal/report"
)

const scopeName = "github.com/nais/spor/kafkatrace"

// A Tracer makes the spans and the measurements of a Kafka client. Its methods may
// be called by several goroutines at once.
type Tracer struct {
	*config

	tracer     *providers.Tracer
	propagator *providers.Propagator
	meter      *providers.Meter[*instruments]
	spans      descriptions
	series     allSeries
	lags       lags

	uncommitted uncommitted
}

// NewTracer returns a Tracer for a client. What an SDK does, it does from when it
// is installed.
func NewTracer(opts ...Option) *Tracer {
	c := newConfig(opts)
	stableOnly := dialect.ParseOptIn(os.Getenv(dialect.Variable))&dialect.Messaging != 0
	t := &Tracer{
		config:     c,
		tracer:     providers.NewTracer(c.tracerProvider, scopeName),
		propagator: providers.NewPropagator(c.propagator),
		spans:      descriptions{config: c, stableOnly: stableOnly},
		series:     allSeries{config: c},
		lags:       lags{clientID: c.clientID(), card: !stableOnly},
	}
	t.meter = providers.NewMeter(c.meterProvider, scopeName, t.lags.instruments)
	if c.lag != nil {
		*c.lag = report.Lag{SetLag: t.setLag, RetainLag: t.lags.assign}
	}
	return t
}

// Close ends the measuring of lag. It is for when the client is closed.
func (t *Tracer) Close() { t.lags.close() }

// watched returns what is in force for something that is done under ctx. Both are
// nil when nothing is traced or measured, or ctx is suppressed.
func (t *Tracer) watched(ctx context.Context) (trace.Tracer, *instruments) {
	tracer, _ := t.tracer.Get()
	measures, _ := t.meter.Get()
	if (tracer != nil || measures != nil) && suppress.Is(ctx) {
		return nil, nil
	}
	return tracer, measures
}

// begin starts a span, or returns the one that does nothing.
func begin(ctx context.Context, tracer trace.Tracer, name string, opts []trace.SpanStartOption) (context.Context, trace.Span) {
	if tracer == nil {
		return ctx, noSpan
	}
	return tracer.Start(ctx, name, opts...) //nolint:spancheck // the caller ends it
}

var noSpan = trace.SpanFromContext(context.Background())

func ignore(error) {}
