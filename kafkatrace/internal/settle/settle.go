// Package settle is how adapters tell what package kafkatrace cannot see: how a
// transaction ended, and that a partition is somebody else's.
package settle

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
)

// End calls fn, which ends a transaction and tells whether it was committed, and
// returns the error of fn. The span of one that was aborted is an Error, too.
func End(ctx context.Context, t *kafkatrace.Tracer, fn func(context.Context) (committed bool, err error)) (err error) {
	_ = t.Commit(ctx, func(ctx context.Context) error {
		var committed bool
		if committed, err = fn(ctx); err == nil && !committed {
			return aborted{}
		}
		return err
	})
	return err
}

// aborted says that a transaction was.
type aborted struct{}

func (aborted) Error() string     { return "aborted" }
func (aborted) ErrorType() string { return "aborted" }

// Revoked notes on the span of processing in ctx that the group has given the
// partition to somebody else meanwhile, who will process the record again.
func Revoked(ctx context.Context, generation int32) {
	trace.SpanFromContext(ctx).AddEvent("partitions revoked", trace.WithAttributes(
		attribute.Int("messaging.kafka.consumer.generation", int(generation))))
}
