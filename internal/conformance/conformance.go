// Package conformance contains the tests that every adapter of a family must pass, in one
// package per family: httpsuite, grpcsuite and kafkasuite. apmsuite tests the rules of
// package apm. This package has the code that these suites share.
package conformance

import (
	"context"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/internal/oteltest"
)

// A Side is one end of a transport, that is, the client or the server. It has an SDK, and
// the spans that the exporter has received.
type Side struct {
	*oteltest.SDK

	received *tracetest.InMemoryExporter
}

// NewSide returns a Side that is shut down when the test ends. Its spans are also passed to
// watch, unless watch is nil.
func NewSide(t *testing.T, watch sdktrace.SpanProcessor) Side {
	t.Helper()
	received := tracetest.NewInMemoryExporter()
	return Side{received: received, SDK: oteltest.New(t,
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())),
		sdktrace.WithBatcher(received, sdktrace.WithMaxQueueSize(1<<16)), oteltest.Watched(watch))}
}

// CheckReceived checks that every span that was started has ended and was exported. name is
// the name of the side in the message of a failure.
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

// Reset removes all recorded spans.
func (s Side) Reset() {
	s.Forget()
	s.received.Reset()
}

// Within returns a context that ends with the test, and after one minute at the latest.
func Within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// PanicOnPurpose panics. Its name then is in the recorded stack.
func PanicOnPurpose() { panic("on purpose") } //nolint:forbidigo // the panic is part of the test
