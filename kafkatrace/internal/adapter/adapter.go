// Package adapter extends package kafkatrace. Adapters use it to report data about a client
// for which package kafkatrace has no public methods.
package adapter

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/report"
)

// A Tracer is a kafkatrace.Tracer with additional functions, which report the lag of a
// consumer.
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

// EndTransaction calls fn in the same way as Commit, and returns the error of fn. fn must
// end a transaction, and return whether the transaction was committed. If fn fails or the
// transaction was aborted, the status of the span is Error.
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

// aborted is the error that the span records for an aborted transaction.
type aborted struct{}

func (aborted) Error() string     { return "aborted" }
func (aborted) ErrorType() string { return "aborted" }

// Revoked adds the event "partitions revoked" to the CONSUMER span in ctx. The event means
// that the group has assigned the partition to another member while the record was
// processed. That member will process the record again.
func Revoked(ctx context.Context, generation int32) {
	trace.SpanFromContext(ctx).AddEvent("partitions revoked", trace.WithAttributes(
		attribute.Int("spor.messaging.kafka.consumer.generation", int(generation))))
}
