package logrustrace_test

import (
	"context"
	"os"
	"time"

	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/propagation"

	"github.com/nais/spor/setup/logrustrace"
)

func Example() {
	log := logrus.New()
	log.SetOutput(os.Stdout)
	log.SetFormatter(logrustrace.Formatter())

	// In a service, use the context of the request.
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	})
	entry := log.WithContext(ctx).WithTime(time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC))
	entry.WithField("quote_id", "IXWYIICM").Warning("quote is old")
	// Output:
	// {"time":"2026-05-17T12:00:00Z","level":"WARN","message":"quote is old","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","quote_id":"IXWYIICM"}
}
