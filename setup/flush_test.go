package setup_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/status"
)

func TestEverySpanIsAccountedForBesideFlushes(t *testing.T) {
	release := make(chan struct{})
	var received atomic.Int64
	server := faulty(t, func(ctx context.Context, spans int) (*coltrace.ExportTraceServiceResponse, error) {
		select {
		case <-release:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		received.Add(int64(spans))
		return nil, nil
	})
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "none",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1", "OTEL_BSP_MAX_QUEUE_SIZE", "10", "OTEL_BSP_SCHEDULE_DELAY", "1")
	logLines(t)
	shutdown := mustStart(t)
	endSpans(5)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var flushes sync.WaitGroup
	for range 4 {
		flushes.Go(func() { _ = otel.GetTracerProvider().(interface{ ForceFlush(context.Context) error }).ForceFlush(ctx) })
	}
	flushes.Wait()
	endSpans(10)
	close(release)
	var lost, all int64
	if err := shutdown(t.Context()); err != nil {
		if _, scan := fmt.Sscanf(err.Error(), "setup: %d of %d spans", &lost, &all); scan != nil {
			t.Fatalf("%v: %v", err, scan)
		}
	}
	if got := received.Load() + lost; got != 15 {
		t.Errorf("received %d + lost %d = %d, want 15", received.Load(), lost, got)
	}
}
