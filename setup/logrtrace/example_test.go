package logrtrace_test

import (
	"context"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/setup"
	"github.com/nais/spor/setup/logrtrace"
)

func Example() {
	log := logrtrace.Logger(setup.LogHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))

	// In a service, use the context of the request or of the reconciliation.
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	})
	log.WithValues("ctx", ctx).Info("quote is old", "quote_id", "IXWYIICM")
	// Output:
	// {"level":"INFO","message":"quote is old","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","quote_id":"IXWYIICM"}
}

// withoutTime makes the output the same in every run. A service does not need it.
func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
