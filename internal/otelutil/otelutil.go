// Package otelutil contains helpers for the OpenTelemetry API, and access to parts that the
// API does not export.
package otelutil

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// Same reports whether a and b are equal. It reports false for values that cannot be
// compared, for which == panics.
func Same(a, b any) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}

// ContextKey returns the key that ask looks up in its context. This is how to get a key
// that another package does not export.
func ContextKey(ask func(context.Context)) (key any) {
	ask(keyProbe{context.Background(), &key})
	return key
}

type keyProbe struct {
	context.Context //nolint:containedctx // it is a context

	key *any
}

func (p keyProbe) Value(key any) any {
	*p.key = key
	return nil
}

// A StartFunc starts a span in place of [trace.Tracer.Start].
type StartFunc func(ctx context.Context, name string, opts []trace.SpanStartOption) (context.Context, trace.Span)

// TracerProvider returns a provider whose tracers start spans with start. A library that
// uses this provider starts spans that belong to the right request.
func TracerProvider(start StartFunc) trace.TracerProvider { return provider{start: start} }

type provider struct {
	embedded.TracerProvider

	start StartFunc
}

func (p provider) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{start: p.start} }

type tracer struct {
	embedded.Tracer

	start StartFunc
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	return t.start(ctx, name, opts)
}
