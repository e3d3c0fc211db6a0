package setup_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// TestThrottlingCollectorIsNotAskedForEachHalf checks a collector that answers with a retry
// delay because it is busy. Before this delay has passed, the pipeline must not split the batch
// and send the halves.
func TestThrottlingCollectorIsNotAskedForEachHalf(t *testing.T) {
	busy, err := status.New(grpccodes.ResourceExhausted, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := faulty(t, func(context.Context, int) (*coltrace.ExportTraceServiceResponse, error) {
		asked.Add(1)
		return nil, busy.Err()
	})
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_METRICS_EXPORTER", "none", "OTEL_EXPORTER_OTLP_TIMEOUT", "100")
	logLines(t)
	shutdown := mustStart(t)
	endSpans(16)
	mustName(t, shutdown(t.Context()), "16 of 16 spans", "timeout 16")
	if got := asked.Load(); got != 1 {
		t.Errorf("requests within a minute's pause: got %d, want 1", got)
	}
}
