package saramatrace

import (
	"context"

	"github.com/IBM/sarama"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// configOf returns config, or the default configuration of sarama if config is nil.
func configOf(config *sarama.Config) *sarama.Config {
	if config == nil {
		return sarama.NewConfig()
	}
	return config
}

// newTracer returns the tracer of a client. It derives options from config. opts contains the
// options of the program, which override the derived options.
func newTracer(config *sarama.Config, opts []kafkatrace.Option) *adapter.Tracer {
	var known []kafkatrace.Option
	if config.ClientID != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(config.ClientID)))
	}
	if config.Producer.Transaction.ID != "" {
		known = append(known, kafkatrace.WithCommitSpans())
	}
	return adapter.NewTracer(append(known, opts...)...)
}

// end calls fn in a span, and returns the error of fn. fn must commit or abort a
// transaction.
func end(t *adapter.Tracer, commit bool, fn func() error) error {
	return t.EndTransaction(context.Background(), func(context.Context) (bool, error) { return commit, fn() })
}
