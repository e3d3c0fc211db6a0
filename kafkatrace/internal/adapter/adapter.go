// Package adapter extends package kafkatrace for adapters: they report data of a client
// that the public methods do not take.
package adapter

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/report"
)

// A Tracer is a Tracer of package kafkatrace that also receives the lag of a consumer.
type Tracer struct {
	*kafkatrace.Tracer
	report.Lag
}

// NewTracer returns a Tracer for a client.
func NewTracer(opts ...kafkatrace.Option) *Tracer {
	t := new(Tracer)
	t.Tracer = kafkatrace.NewTracer(append(slices.Clip(opts), report.Option[kafkatrace.Option](&t.Lag))...)
	return t
}

// EndTransaction calls fn, which ends a transaction and returns whether the transaction was
// committed. EndTransaction returns the error of fn. The status of its span is Error if fn
// fails or the transaction was aborted.
func (t *Tracer) EndTransaction(ctx context.Context, fn func(context.Context) (committed bool, err error)) (err error) {
	_ = t.Commit(ctx, func(ctx context.Context) error {
		var committed bool
		if committed, err = fn(ctx); err == nil && !committed {
			return aborted{}
		}
		return err
	})
	return err
}

// aborted is the error of a transaction that was aborted.
type aborted struct{}

func (aborted) Error() string     { return "aborted" }
func (aborted) ErrorType() string { return "aborted" }

// Revoked adds an event to the span of processing in ctx: the group has meanwhile assigned
// the partition to another member, which will process the record again.
func Revoked(ctx context.Context, generation int32) {
	trace.SpanFromContext(ctx).AddEvent("partitions revoked", trace.WithAttributes(
		attribute.Int("messaging.kafka.consumer.generation", int(generation))))
}
