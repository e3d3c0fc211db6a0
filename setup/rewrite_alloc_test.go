//go:build !race

package setup_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/setup"
)

func TestRewriteAllocatesByTheBatch(t *testing.T) {
	batch := httpBatch()
	exports := 0
	export := func(e sdktrace.SpanExporter) float64 {
		return testing.AllocsPerRun(100, func() {
			exports++
			if err := e.ExportSpans(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		})
	}
	bare, rewritten := &discard{}, &discard{}
	own := export(bare)
	// Two allocations per span would be acceptable for rewriting. This test is stricter: it
	// allows eight allocations per batch.
	if got, want := export(setup.Rewriting(rewritten)), own+8; got > want {
		t.Errorf("a batch of %d spans: got %v allocations, want %v at most", len(batch), got, want)
	}
	if got, want := rewritten.attributes-bare.attributes, exports/2*len(batch)*2; got != want {
		t.Errorf("got %d added attributes, want %d: the older names of method and status", got, want)
	}
}

func TestRewriteAllocatesNothingAtEnd(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_BSP_SCHEDULE_DELAY", "3600000",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16384", "OTEL_BSP_MAX_QUEUE_SIZE", "16384", "OTEL_METRICS_EXPORTER", "none")
	logLines(t)
	mustStart(t)
	bare := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(sdktrace.NewBatchSpanProcessor(&discard{},
		sdktrace.WithBatchTimeout(time.Hour), sdktrace.WithMaxExportBatchSize(16384), sdktrace.WithMaxQueueSize(16384))))
	t.Cleanup(func() {
		if err := bare.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	end := func(provider trace.TracerProvider) float64 {
		tracer := provider.Tracer("test")
		return testing.AllocsPerRun(1000, func() {
			_, span := tracer.Start(context.Background(), "GET", trace.WithSpanKind(trace.SpanKindClient))
			span.SetAttributes(semconv.HTTPRequestMethodGet, semconv.HTTPResponseStatusCode(200))
			span.End()
		})
	}
	if got, want := end(otel.GetTracerProvider()), end(bare); got > want {
		t.Errorf("got %v allocations for a span, want the SDK's own %v", got, want)
	}
}
