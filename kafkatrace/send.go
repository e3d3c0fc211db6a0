package kafkatrace

import (
	"context"
	"time"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace/internal/report"
)

// StartSend starts the PRODUCER span of sending m under the span in ctx, and puts
// its context in the headers of m. Call end once, with the outcome, when the broker
// has answered, and set m.Acked, m.Partition and m.Offset before if it told them.
//
// A trace context that m.Headers has and ctx has not is the program's own choice,
// and stays: the span is a CLIENT one then, under it and linked to it. To send on
// behalf of another span, see [Restore].
func (t *Tracer) StartSend(ctx context.Context, m *Message) (_ context.Context, end func(error)) {
	tracer, measures := t.watched(ctx)
	if tracer == nil {
		t.inject(ctx, m)
		if measures == nil {
			return ctx, ignore
		}
	}
	what := subject{send, m.Topic, -1}
	if tracer != nil && !trace.SpanContextFromContext(ctx).IsValid() {
		if chosen, sc := t.receive(ctx, m); sc.IsValid() {
			ctx, what.operation = chosen, forward
		}
	}
	start := measures.now()
	d := t.spans.of(what)
	ctx, span := begin(ctx, tracer, d.name, t.sending(ctx, d, what.operation, m))
	if tracer != nil && what.operation == send {
		t.inject(ctx, m)
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
				measured.partition = t.measuredPartition(m.Partition)
			}
			measures.sent(ctx, t.series.of(measured, o), at.Sub(start))
		}
	}
}

func endedAt(at time.Time) []trace.SpanEndOption {
	if at.IsZero() {
		return nil
	}
	return []trace.SpanEndOption{trace.WithTimestamp(at)}
}

// sending returns what the span of sending m starts with.
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
