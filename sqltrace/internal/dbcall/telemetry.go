package dbcall

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/sqltrace/internal/dbconf"
)

// Telemetry is the tracer and the instruments in force.
type Telemetry struct {
	*dbconf.Config

	tracer *providers.Tracer
	meter  *providers.Meter[*Durations]

	repeats *repeats // nil unless asked for
}

// NewTelemetry returns what belongs to the providers of c, in the scope named.
func NewTelemetry(c *dbconf.Config, scopeName string) *Telemetry {
	return &Telemetry{
		Config:  c,
		tracer:  providers.NewTracer(c.TracerProvider, scopeName),
		meter:   providers.NewMeter(c.MeterProvider, scopeName, func(m metric.Meter) *Durations { return NewDurations(m) }),
		repeats: newRepeats(c.Repeated),
	}
}

// Tracer returns the tracer, and whether it does anything.
func (t *Telemetry) Tracer() (tracer trace.Tracer, tracing bool) { return t.tracer.Get() }

// Start starts the span of s. If that is bare, it is to be told what s says before
// it ends, see [Statement.Complete].
func (t *Telemetry) Start(ctx context.Context, tracer trace.Tracer, s *Statement) (inside context.Context, span trace.Span, bare bool) {
	t.CountRepeats(ctx, s.Summary)
	opts := s.Start
	if bare = t.tracer.Late(); bare {
		opts = clientOnly
	}
	inside, span = tracer.Start(ctx, s.Name, opts...) //nolint:spancheck // the caller ends it
	return inside, span, bare                         //nolint:spancheck // likewise
}

// Durations returns the histogram, and whether it does anything.
func (t *Telemetry) Durations() (d *Durations, measuring bool) { return t.meter.Get() }

// Observed reports whether anybody wants to know what is done under ctx.
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
	provider := t.TracerProvider
	if provider == nil {
		provider = otel.GetTracerProvider()
	}
	return same(parent.TracerProvider(), provider)
}

// same reports whether a and b are one provider. Those of a type that cannot be
// compared, which panics, count as different.
func same(a, b trace.TracerProvider) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}

// unusual is how long what makes no span otherwise may take.
const unusual = 100 * time.Millisecond

// Notable reports whether what took so long makes a span in spite of its being no
// statement: it failed, or took long.
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

// Operation returns what the span of an operation without a text starts with.
func (s *Statements) Operation(kind trace.SpanKind, name string) []trace.SpanStartOption {
	attrs := slices.Clone(s.common)
	if name != "" {
		attrs = append(attrs, semconv.DBOperationName(name), semconv.DBQuerySummary(name))
	}
	return []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(attrs...)}
}
