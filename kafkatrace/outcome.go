package kafkatrace

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
)

// An outcome describes how an operation ended. The zero value is success.
type outcome struct {
	// kind is the value of error.type. If the error has a Kafka error code, kind is the name
	// of the code. If the program gave up, kind is "canceled". If a deadline passed, kind is
	// "timeout". For any other error, kind is the type of the error.
	kind string
	// failed is true if the operation failed. It is false if the program gave up.
	failed bool
}

// classify returns the outcome of a function that returned err. The outcome does not contain
// the text of err, because this text may contain data of records.
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

func (o outcome) describe(span trace.Span) {
	if o.kind == "" {
		return
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(o.kind))
	if o.failed {
		span.SetStatus(codes.Error, o.kind)
	}
}
