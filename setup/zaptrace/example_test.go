package zaptrace_test

import (
	"context"
	"os"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.uber.org/zap"

	"github.com/nais/spor/setup/zaptrace"
)

// clock makes the time in the output the same in every run. A service does not need it.
type clock struct{}

func (clock) Now() time.Time { return time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC) }

func (clock) NewTicker(d time.Duration) *time.Ticker { return time.NewTicker(d) }

func Example() {
	logger := zap.New(zaptrace.Core(os.Stdout, nil), zap.WithClock(clock{}))

	// In a service, use the context of the request.
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	})
	logger.Warn("quote is old", zap.Any("ctx", ctx), zap.String("quote_id", "IXWYIICM"))
	// Output:
	// {"time":"2026-05-17T12:00:00Z","level":"WARN","message":"quote is old","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","quote_id":"IXWYIICM"}
}
