package kafkatrace

import (
	"context"
	"os"
	"time"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/providers"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace/internal/report"
)

const scopeName = "github.com/nais/spor/kafkatrace"

// A Tracer makes the spans and measurements of a Kafka client. Its methods may be called by
// several goroutines at the same time.
type Tracer struct {
	*config

	tracer     *providers.Tracer
	propagator propagator
	meter      *providers.Meter[*instruments]
	spans      descriptions
	series     allSeries
	lags       lags

	uncommitted uncommitted
}

// NewTracer returns a Tracer for a client. With the global providers, nothing is traced or
// measured until an SDK is installed.
func NewTracer(opts ...Option) *Tracer {
	c := newConfig(opts)
	stableOnly := dialect.ParseOptIn(os.Getenv(dialect.Variable))&dialect.Messaging != 0
	t := &Tracer{
		config:     c,
		tracer:     providers.NewTracer(c.tracerProvider, scopeName),
		propagator: propagator{providers.NewPropagator(c.propagator), c.baggage},
		spans:      descriptions{config: c, stableOnly: stableOnly},
		series:     allSeries{config: c},
		lags:       lags{clientID: c.clientID(), card: !stableOnly},
	}
	t.meter = providers.NewMeter(c.meterProvider, scopeName, t.lags.instruments)
	if c.lag != nil {
		*c.lag = report.Lag{SetLag: t.setLag, UpdateLag: t.updateLag, RetainLag: t.lags.assign}
	}
	return t
}

// Close stops the measurement of lag. Call it when the client is closed. The last lag of each
// partition is exported with the next metrics.
func (t *Tracer) Close() { t.lags.close() }

// StartSend starts a PRODUCER span for m. The span is a child of the span in ctx. StartSend
// writes the trace context of the new span to the headers of m. When the broker has
// answered, call end exactly once, with the error or nil. If the answer contains the
// partition and the offset, set m.Acked, m.Partition and m.Offset before you call end.
//
// If m.Headers has a trace context and ctx has no span, StartSend does not change m.Headers.
// It then starts a CLIENT span instead of a PRODUCER span. The CLIENT span is a child of the
// span in m.Headers, and has a link to that span. To send a record on behalf of another
// span, see [Restore].
func (t *Tracer) StartSend(ctx context.Context, m *Message) (_ context.Context, end func(error)) {
	tracer, measures := t.watched(ctx)
	if tracer == nil {
		t.propagator.inject(ctx, m)
		if measures == nil {
			return ctx, ignore
		}
	}
	what := subject{send, m.Topic, -1}
	if tracer != nil && !trace.SpanContextFromContext(ctx).IsValid() {
		if chosen, sc := t.propagator.receive(ctx, m); sc.IsValid() {
			ctx, what.operation = chosen, forward
		}
	}
	start := measures.now()
	d := t.spans.of(what)
	ctx, span := begin(ctx, tracer, d.name, t.sending(ctx, d, what.operation, m))
	if tracer != nil && what.operation == send {
		t.propagator.inject(ctx, m)
	}
	return ctx, func(err error) {
		at, err := report.Outcome(err)
		o := classify(err)
		acked := err == nil && m.Acked
		if span.IsRecording() {
			if acked {
				span.SetAttributes(partitionID(m.Partition), semconv.MessagingKafkaOffsetKey.Int64(m.Offset))
			}
			o.describe(span)
		}
		span.End(endedAt(at)...)
		if measures != nil {
			if at.IsZero() {
				at = time.Now()
			}
			measured := subject{send, m.Topic, -1}
			if acked {
				measured.partition = m.Partition
			}
			measures.sent(ctx, t.series.of(measured, o), at.Sub(start))
		}
	}
}

// Commit calls fn, and returns the error of fn. fn must commit the records that were
// processed. The duration of the call is measured. With [WithCommitSpans], Commit also makes
// a CLIENT span. This span has links to the CONSUMER spans of the records that were
// processed since the last commit, but at most 128 links.
func (t *Tracer) Commit(ctx context.Context, fn func(context.Context) error) error {
	tracer, measures := t.watched(ctx)
	if !t.commits {
		tracer = nil
	}
	if tracer == nil && measures == nil {
		return fn(ctx)
	}
	what := subject{commit, "", -1}
	d := t.spans.of(what)
	opts := d.start
	if tracer != nil {
		opts = d.with(trace.WithLinks(t.uncommitted.take()...))
	}
	start := measures.now()
	ctx, span := begin(ctx, tracer, d.name, opts)
	o := outcome{"_OTHER", true} // the outcome if fn panics
	defer func() {
		if span.IsRecording() {
			o.describe(span)
		}
		span.End()
		if measures != nil {
			measures.settled(ctx, t.series.of(what, o), time.Since(start))
		}
	}()
	err := fn(ctx)
	o = classify(err)
	return err
}

// watched returns the tracer and the instruments to use for ctx. The tracer is nil if
// nothing is traced, and the instruments are nil if nothing is measured. Both are nil if
// tracing is suppressed in ctx.
func (t *Tracer) watched(ctx context.Context) (trace.Tracer, *instruments) {
	tracer, _ := t.tracer.Get()
	measures, _ := t.meter.Get()
	if (tracer != nil || measures != nil) && suppress.Is(ctx) {
		return nil, nil
	}
	return tracer, measures
}

func (t *Tracer) sending(ctx context.Context, d *description, o *operation, m *Message) []trace.SpanStartOption {
	if o == send && !m.Tombstone && t.key == nil {
		return d.start
	}
	var opts []trace.SpanStartOption
	if attrs := m.appendContent(nil, t.key); len(attrs) > 0 {
		opts = append(opts, trace.WithAttributes(attrs...))
	}
	if o == forward {
		opts = append(opts, trace.WithLinks(trace.LinkFromContext(ctx)))
	}
	return d.with(opts...)
}

func (t *Tracer) setLag(topic string, partition int32, lag int64) {
	t.meter.Get() // registers the instrument with the provider in force
	t.updateLag(topic, partition, lag)
}

func (t *Tracer) updateLag(topic string, partition int32, lag int64) {
	t.lags.set(place{topic, partition}, max(0, lag))
}

// begin starts a span. If tracer is nil, it returns ctx and a span that does nothing.
func begin(ctx context.Context, tracer trace.Tracer, name string, opts []trace.SpanStartOption) (context.Context, trace.Span) {
	if tracer == nil {
		return ctx, noSpan
	}
	return tracer.Start(ctx, name, opts...) //nolint:spancheck // the caller ends it
}

// endedAt returns the option to end a span at the given time. The zero time means now.
func endedAt(at time.Time) []trace.SpanEndOption {
	if at.IsZero() {
		return nil
	}
	return []trace.SpanEndOption{trace.WithTimestamp(at)}
}

var noSpan = trace.SpanFromContext(context.Background())

func ignore(error) {}
