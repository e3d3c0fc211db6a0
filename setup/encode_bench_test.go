//go:build unix

package setup_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/setup"
)

// BenchmarkEncode measures the encoding of spans. The pipeline encodes each span when the span
// ends.
func BenchmarkEncode(b *testing.B) {
	batch := httpBatch()
	encoding := setup.NewEncoding()
	b.ReportAllocs()
	var size int
	begin := cpuTime(b)
	for b.Loop() {
		size = len(encoding.Request(batch))
	}
	b.ReportMetric(float64((cpuTime(b)-begin).Nanoseconds())/float64(b.N)/batchSize, "cpu-ns/span")
	b.ReportMetric(float64(size)/batchSize, "B/span")
}

// BenchmarkAfterEnd measures the work from the end of a span to the response of the server. The
// server is on loopback and does not decode the request. The benchmark compares the pipeline
// with OpenTelemetry's batch processor and exporter.
func BenchmarkAfterEnd(b *testing.B) {
	endpoint := idleServer(b)
	exporter, err := otlptracegrpc.New(b.Context(), otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure())
	if err != nil {
		b.Fatal(err)
	}
	benchmarkProcessor(b, "lib=otel", sdktrace.NewBatchSpanProcessor(exporter))
	pipeline, err := setup.Pipeline("http://" + endpoint)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkProcessor(b, "lib=spor", pipeline)
}

func benchmarkProcessor(b *testing.B, name string, p sdktrace.SpanProcessor) {
	b.Helper()
	b.Cleanup(func() {
		if err := p.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
	})
	b.Run(name, func(b *testing.B) {
		batch := httpBatch()
		b.ReportAllocs()
		begin := cpuTime(b)
		for b.Loop() {
			for _, span := range batch {
				p.OnEnd(span)
			}
			if err := p.ForceFlush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64((cpuTime(b)-begin).Nanoseconds())/float64(b.N)/batchSize, "cpu-ns/span")
	})
}
