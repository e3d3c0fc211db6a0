package saramatrace

import (
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
)

// newTracer returns the tracer of a producer, of which the program has said more
// in opts.
func newTracer(p interface{ IsTransactional() bool }, clientID string, opts []kafkatrace.Option) *kafkatrace.Tracer {
	var known []kafkatrace.Option
	if clientID != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(clientID)))
	}
	if p.IsTransactional() {
		known = append(known, kafkatrace.WithCommitSpans())
	}
	return kafkatrace.NewTracer(append(known, opts...)...)
}
