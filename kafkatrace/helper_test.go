package kafkatrace_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// field is a header with the structure that most clients use.
type field struct {
	Key   string
	Value []byte
}

func options(sdk *oteltest.SDK, opts ...kafkatrace.Option) []kafkatrace.Option {
	return append([]kafkatrace.Option{
		kafkatrace.WithTracerProvider(sdk.TracerProvider), kafkatrace.WithMeterProvider(sdk.MeterProvider),
		kafkatrace.WithPropagator(sdk.Propagator),
	}, opts...)
}

// record returns a message for the topic quotes with these headers, and a pointer to the
// headers.
func record(headers ...field) (*kafkatrace.Message, *[]field) {
	own := &headers
	return &kafkatrace.Message{Topic: "quotes", Headers: kafkatrace.Headers(own)}, own
}

func headers(pairs ...string) []field {
	var fields []field
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, field{pairs[i], []byte(pairs[i+1])})
	}
	return fields
}

const (
	parentA = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	parentB = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"
)

func remote(tb testing.TB, traceparent string) context.Context {
	tb.Helper()
	ctx := kafkatrace.Restore(context.Background(), traceparent)
	if !trace.SpanContextFromContext(ctx).IsValid() {
		tb.Fatalf("%q is not a valid traceparent", traceparent)
	}
	return ctx
}

// parentOf returns the parent of s as a traceparent without flags.
func parentOf(s sdktrace.ReadOnlySpan) string {
	if !s.Parent().IsValid() {
		return ""
	}
	return "00-" + s.Parent().TraceID().String() + "-" + s.Parent().SpanID().String()
}

func attributes(s sdktrace.ReadOnlySpan) map[string]string { return oteltest.Map(s.Attributes()) }

func mustHave(tb testing.TB, what string, attrs map[string]string, pairs ...string) {
	tb.Helper()
	for i := 0; i < len(pairs); i += 2 {
		got, has := attrs[pairs[i]]
		if want := pairs[i+1]; got != want || has == (want == "") {
			tb.Errorf("%s: got %s %q, want %q", what, pairs[i], got, want)
		}
	}
}

var nothing = func(context.Context) error { return nil }

// sampler stores the attributes of the last span for which ShouldSample was called.
type sampler struct {
	sdktrace.Sampler
	attrs []attribute.KeyValue
}

func (s *sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.attrs = p.Attributes
	return s.Sampler.ShouldSample(p)
}
