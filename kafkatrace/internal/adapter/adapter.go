// Package adapter is package kafkatrace as adapters see it: with what they report of a
// client beside its public methods.
package adapter

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/report"
)

// A Tracer is a Tracer of package kafkatrace with the lag of a consumer.
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

// EndTransaction calls fn, which ends a transaction and returns whether it was
// committed, and returns the error of fn. The span of one that was aborted is an Error,
// too.
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

// aborted is the outcome of a transaction that was aborted.
type aborted struct{}

func (aborted) Error() string     { return "aborted" }
func (aborted) ErrorType() string { return "aborted" }

// Revoked adds an event to the span of processing in ctx: the group has assigned the
// partition to another member meanwhile, who will process the record again.
func Revoked(ctx context.Context, generation int32) {
	trace.SpanFromContext(ctx).AddEvent("partitions revoked", trace.WithAttributes(
		attribute.Int("messaging.kafka.consumer.generation", int(generation))))
}
