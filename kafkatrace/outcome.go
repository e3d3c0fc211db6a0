package kafkatrace

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
)

// An outcome is how an operation ended. The zero value is success.
type outcome struct {
	// kind is the error.type: Kafka's name of its code if there is one, "timeout"
	// when time was up, "canceled" when the program gave up, else the type of
	// the error.
	kind string
	// failed is false when the program gave up.
	failed bool
}

// classify returns the outcome of what returned err. The text of err is not part
// of it: programs and brokers quote records in there.
func classify(err error) outcome {
	if err == nil {
		return outcome{}
	}
	if name := codeOf(err); name != "" {
		return outcome{name, true}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return outcome{"canceled", false}
	case errors.Is(err, context.DeadlineExceeded):
		return outcome{"timeout", true}
	}
	return outcome{errinfo.TypeOf(err), true}
}

// describe records o on span.
func (o outcome) describe(span trace.Span) {
	if o.kind == "" {
		return
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(o.kind))
	if o.failed {
		span.SetStatus(codes.Error, o.kind)
	}
}
