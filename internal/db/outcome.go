package db

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
)

// An Outcome is how a call to a database ended. The zero value is success.
type Outcome struct {
	// Type is the error.type: "timeout" when a deadline passed, "canceled" when the
	// caller canceled the context, else the status code if there is one, else the
	// type of the error.
	Type string
	// Code is the db.response.status_code.
	Code string
	// Failed is false when the caller canceled the context.
	Failed bool
}

// Panicked is the outcome of a call that did not return.
var Panicked = Outcome{Type: "panic", Failed: true}

// Classify returns the outcome of a call under ctx that returned err with a status
// code, "" if it has none. The text of err is not part of it: databases quote values in
// there.
func Classify(ctx context.Context, err error, code string) Outcome {
	if err == nil {
		return Outcome{}
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, context.Canceled):
		return Outcome{Type: "canceled", Code: code}
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return Outcome{Type: "timeout", Code: code, Failed: true}
	case code != "":
		return Outcome{Type: code, Code: code, Failed: true}
	}
	return Outcome{Type: errinfo.TypeOf(err), Failed: true}
}

// Attributes returns the attributes of o; at most two.
func (o Outcome) Attributes() []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 2)
	if o.Type != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(o.Type))
	}
	if o.Code != "" {
		attrs = append(attrs, semconv.DBResponseStatusCode(o.Code))
	}
	return attrs
}

// Describe sets the attributes and the status of o on span.
func (o Outcome) Describe(span trace.Span) {
	if o.Type == "" {
		return
	}
	span.SetAttributes(o.Attributes()...)
	if o.Failed {
		span.SetStatus(codes.Error, o.Type)
	}
}
