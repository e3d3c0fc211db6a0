// Package conformance holds the suites that every adapter of a family must pass,
// in one package per family: httpsuite, grpcsuite and kafkasuite. apmsuite tests
// the rules of package apm. This package holds what the suites share.
package conformance

import (
	"context"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/internal/oteltest"
)

// A Side is one end of a transport: its SDK, and the spans that reached the
// exporter.
type Side struct {
	*oteltest.SDK

	received *tracetest.InMemoryExporter
}

// NewSide returns a Side that is shut down at the end of the test.
func NewSide(t *testing.T, watch sdktrace.SpanProcessor) Side {
	t.Helper()
	received := tracetest.NewInMemoryExporter()
	return Side{received: received, SDK: oteltest.New(t,
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())),
		sdktrace.WithBatcher(received, sdktrace.WithMaxQueueSize(1<<16)), oteltest.Watched(watch))}
}

// CheckReceived tests that every span that was started has ended and was exported.
func (s Side) CheckReceived(t *testing.T, name string) {
	t.Helper()
	oteltest.Eventually(t, func() bool { return s.Started() == len(s.Ended()) })
	if err := s.TracerProvider.ForceFlush(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if started, received := s.Started(), len(s.received.GetSpans()); received != started {
		t.Errorf("%d spans of the %s were started and %d received", started, name, received)
	}
}

// Reset removes the spans so far.
func (s Side) Reset() {
	s.Forget()
	s.received.Reset()
}

// Within returns a context that ends with the test, or after one minute.
func Within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// PanicOnPurpose panics, and its name is in the stack.
func PanicOnPurpose() { panic("on purpose") } //nolint:forbidigo // what is tested
