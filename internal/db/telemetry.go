package db

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
)

// Telemetry is the tracer and the instruments in force.
type Telemetry struct {
	config    *Config
	scopeName string
	tracer    *providers.Tracer
	meter     *providers.Meter[*Durations]
	repeats   *repeats // nil unless asked for
}

// NewTelemetry returns what belongs to the providers of c, in the scope named.
func NewTelemetry(c *Config, scopeName string) *Telemetry {
	return &Telemetry{
		config:    c,
		scopeName: scopeName,
		tracer:    providers.NewTracer(c.TracerProvider, scopeName),
		meter:     providers.NewMeter(c.MeterProvider, scopeName, NewDurations),
		repeats:   newRepeats(c.Repeated),
	}
}

// NewPool measures the pool of connections to t until it is closed. stats is called
// at each collection.
func (t *Telemetry) NewPool(target Target, stats func() PoolStats) *Pool {
	return newPool(t.config.MeterProvider, t.scopeName, t.config.PoolName(target), stats)
}

// Tracer returns the tracer, and whether it does anything.
func (t *Telemetry) Tracer() (tracer trace.Tracer, tracing bool) { return t.tracer.Get() }

// Start starts the span of o. If that is bare, its attributes are to be set before it
// ends, see [Operation.Complete].
func (t *Telemetry) Start(ctx context.Context, tracer trace.Tracer, o *Operation) (inside context.Context, span trace.Span, bare bool) {
	t.CountRepeats(ctx, o.Summary)
	opts := o.Start
	if bare = t.tracer.Late(); bare {
		opts = clientOnly
	}
	inside, span = tracer.Start(ctx, o.SpanName, opts...) //nolint:spancheck // the caller ends it
	return inside, span, bare                             //nolint:spancheck // likewise
}

// Durations returns the histogram, and whether it does anything.
func (t *Telemetry) Durations() (d *Durations, measuring bool) { return t.meter.Get() }

// Observed reports whether anything that is done under ctx is traced or measured.
func (t *Telemetry) Observed(ctx context.Context) bool {
	if _, measuring := t.meter.Get(); measuring {
		return !suppress.Is(ctx)
	}
	_, tracing := t.TracerUnder(ctx)
	return tracing && !suppress.Is(ctx)
}

// TracerUnder returns the tracer, and whether it does anything under ctx: not where
// its own provider does not record the span that is there, nor would it others.
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

// unusual is how long what has no span otherwise may take.
const unusual = 100 * time.Millisecond

// Notable reports whether something other than an operation of the program, such as
// connecting, has a span: it failed, or took at least 100 ms.
func Notable(took time.Duration, o Outcome) bool { return o.Failed || took >= unusual }

// Note makes a span of what is over.
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
