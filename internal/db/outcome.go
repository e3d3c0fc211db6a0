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

// An Outcome describes how a call to a database ended. The zero value means success.
type Outcome struct {
	// Type is the error.type. It is "timeout" if a deadline passed, and "canceled" if the
	// caller canceled the context. Otherwise it is the status code. If there is no status
	// code, Type is the type of the error.
	Type string
	// Code is the db.response.status_code.
	Code string
	// Failed is true if the call failed. It is false if the caller canceled the context.
	Failed bool
}

// Panicked is the outcome of a call that panicked.
var Panicked = Outcome{Type: "panic", Failed: true}

// Classify returns the outcome of a call. ctx is the context of the call, and err is the
// error that the call returned. code is the status code of err, or "" if err has no code.
// The outcome does not contain the text of err, because databases quote values in that
// text.
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

// Attributes returns the attributes of o. There are at most two attributes.
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

// Describe sets the attributes of o and the span status on span.
func (o Outcome) Describe(span trace.Span) {
	if o.Type == "" {
		return
	}
	span.SetAttributes(o.Attributes()...)
	if o.Failed {
		span.SetStatus(codes.Error, o.Type)
	}
}
