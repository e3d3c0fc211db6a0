// Package conformance contains the code that the test suites in its subpackages share. Every
// HTTP adapter must pass the tests of package httpsuite. Every gRPC adapter must pass the
// tests of package grpcsuite. Every Kafka adapter must pass the tests of package kafkasuite.
// Package apmsuite tests the rules of package apm.
package conformance

import (
	"context"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/internal/oteltest"
)

// A Side is one end of a transport, such as the client or the server. It contains the SDK of
// that end, and the spans that the exporter of the SDK has received.
type Side struct {
	*oteltest.SDK

	received *tracetest.InMemoryExporter
}

// NewSide returns a Side. The Side is shut down when the test ends. If watch is not nil,
// watch also gets the spans of the Side.
func NewSide(t *testing.T, watch sdktrace.SpanProcessor) Side {
	t.Helper()
	received := tracetest.NewInMemoryExporter()
	return Side{received: received, SDK: oteltest.New(t,
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())),
		sdktrace.WithBatcher(received, sdktrace.WithMaxQueueSize(1<<16)), oteltest.Watched(watch))}
}

// CheckReceived checks that every started span has ended and was exported. If the check
// fails, the message contains name, which identifies the side.
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

// Within returns a context that ends when the test ends. If the test is still running after
// one minute, the context ends then.
func Within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// PanicOnPurpose panics. The recorded stack then contains the name of this function.
func PanicOnPurpose() { panic("on purpose") } //nolint:forbidigo // the panic is part of the test
