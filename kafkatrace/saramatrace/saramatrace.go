package saramatrace

import (
	"context"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// newTracer returns the tracer of the producer p. It derives options from p and clientID.
// opts contains the options of the program, which override the derived options.
func newTracer(p interface{ IsTransactional() bool }, clientID string, opts []kafkatrace.Option) *adapter.Tracer {
	var known []kafkatrace.Option
	if clientID != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(clientID)))
	}
	if p.IsTransactional() {
		known = append(known, kafkatrace.WithCommitSpans())
	}
	return adapter.NewTracer(append(known, opts...)...)
}

// end calls fn in a span, and returns the error of fn. fn must commit or abort a
// transaction.
func end(t *adapter.Tracer, commit bool, fn func() error) error {
	return t.EndTransaction(context.Background(), func(context.Context) (bool, error) { return commit, fn() })
}
