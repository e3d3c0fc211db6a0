package db

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
)

// Telemetry contains the tracer and the instruments of the current providers.
type Telemetry struct {
	config    *Config
	scopeName string
	tracer    *providers.Tracer
	meter     *providers.Meter[*Durations]
	repeats   *repeats // nil if Config.Repeated is 0 or less
}

// NewTelemetry returns the Telemetry for the providers of c and the given scope.
func NewTelemetry(c *Config, scopeName string) *Telemetry {
	return &Telemetry{
		config:    c,
		scopeName: scopeName,
		tracer:    providers.NewTracer(c.TracerProvider, scopeName),
		meter:     providers.NewMeter(c.MeterProvider, scopeName, NewDurations),
		repeats:   newRepeats(c.Repeated),
	}
}

// NewPool starts to measure the pool of connections to target. The function stats is called
// whenever metrics are collected, and once more when [Pool.Close] is called. The pool is
// measured until Pool.Close is called, or stats returns [observable.Closed].
func (t *Telemetry) NewPool(target Target, stats func() PoolStats) *Pool {
	return newPool(t.config.MeterProvider, t.scopeName, t.config.PoolName(target), stats)
}

// Tracer returns the tracer. If the provider is a no-op provider, tracing is false.
func (t *Telemetry) Tracer() (tracer trace.Tracer, tracing bool) { return t.tracer.Get() }

// Start starts the span of o. If bare is true, the span has no attributes yet. Then the
// caller must call [Operation.Complete] before it ends the span.
func (t *Telemetry) Start(ctx context.Context, tracer trace.Tracer, o *Operation) (inside context.Context, span trace.Span, bare bool) {
	t.CountRepeats(ctx, o.Summary)
	opts := o.Start
	if bare = t.tracer.Late(); bare {
		opts = clientOnly
	}
	inside, span = tracer.Start(ctx, o.SpanName, opts...) //nolint:spancheck // the caller ends it
	return inside, span, bare                             //nolint:spancheck // the caller ends it
}

// Durations returns the histogram. If the provider is a no-op provider, measuring is false.
func (t *Telemetry) Durations() (d *Durations, measuring bool) { return t.meter.Get() }

// Observed reports whether an operation with the context ctx is traced or measured.
func (t *Telemetry) Observed(ctx context.Context) bool {
	if _, measuring := t.meter.Get(); measuring {
		return !suppress.Is(ctx)
	}
	_, tracing := t.TracerUnder(ctx)
	return tracing && !suppress.Is(ctx)
}

// TracerUnder returns the tracer. tracing is false if a child of the span in ctx would not
// be recorded. There are two such cases:
//   - The provider is a no-op provider.
//   - The span in ctx is local, was made by the same provider and is not recorded.
func (t *Telemetry) TracerUnder(ctx context.Context) (tracer trace.Tracer, tracing bool) {
	tracer, tracing = t.tracer.Get()
	return tracer, tracing && !t.declined(ctx)
}

func (t *Telemetry) declined(ctx context.Context) bool {
	parent := trace.SpanFromContext(ctx)
	if sc := parent.SpanContext(); !sc.IsValid() || sc.IsRemote() || sc.IsSampled() || parent.IsRecording() {
		return false
	}
	return t.tracer.Made(parent)
}

const unusual = 100 * time.Millisecond

// Notable reports whether an activity such as connecting needs a span. Such an activity is
// not an operation of the program. It needs a span if it failed or took at least 100 ms.
func Notable(took time.Duration, o Outcome) bool { return o.Failed || took >= unusual }

// Note creates a span for an activity that has just ended. The parameter start is the time
// at which the activity began.
func (t *Telemetry) Note(ctx context.Context, name string, opts []trace.SpanStartOption, start time.Time, o Outcome) {
	tracer, tracing := t.tracer.Get()
	if !tracing || suppress.Is(ctx) {
		return
	}
	opts = append(slices.Clip(opts), trace.WithTimestamp(start))
	_, span := tracer.Start(ctx, name, opts...)
	o.Describe(span)
	span.End()
}
