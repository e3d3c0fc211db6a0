// Package otelutil contains helpers for the OpenTelemetry API, and access to parts that the
// API does not export.
package otelutil

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// Same reports whether a and b are equal. For values that cannot be compared, == panics,
// and Same reports false.
func Same(a, b any) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}

// ContextKey calls ask with a context, and returns the key that ask looks up in this
// context. In this way, ContextKey finds a key that another package does not export.
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

// A StartFunc starts a span. It is called instead of [trace.Tracer.Start].
type StartFunc func(ctx context.Context, name string, opts []trace.SpanStartOption) (context.Context, trace.Span)

// TracerProvider returns a provider whose tracers call start to start a span. The provider
// is for a library that makes spans. start gets the context from the library, so it can
// start the span for the request in this context.
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
