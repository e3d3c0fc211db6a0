package zerologtrace_test

import (
	"context"
	"os"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/setup/zerologtrace"
)

func Example() {
	// This makes the time in the output the same in every run. A service does not need it.
	zerolog.TimestampFunc = func() time.Time { return time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC) }
	defer func() { zerolog.TimestampFunc = time.Now }()

	log := zerologtrace.Logger(os.Stdout)

	// In a service, use the context of the request.
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	})
	log.Warn().Ctx(ctx).Str("quote_id", "IXWYIICM").Msg("quote is old")
	// Output:
	// {"time":"2026-05-17T12:00:00Z","level":"WARN","message":"quote is old","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","quote_id":"IXWYIICM"}
}
