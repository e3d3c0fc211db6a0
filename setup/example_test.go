package setup_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/nais/spor/setup"
)

// A program under Run. On NAIS it needs no option; the recorder takes the place
// of the collector here.
func Example() {
	run := func(ctx context.Context) error {
		_, span := otel.Tracer("orders").Start(ctx, "count orders")
		defer span.End()
		return nil
	}

	recorder := tracetest.NewSpanRecorder()
	if err := setup.Run(context.Background(), run, setup.WithSpanProcessor(recorder)); err != nil {
		os.Exit(1)
	}
	for _, span := range recorder.Ended() {
		fmt.Println(span.Name(), span.SpanContext().IsSampled())
	}
	// Output: count orders true
}

// The line of a warning, without its time.
func ExampleLogHandler() {
	withoutTime := &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	log := slog.New(setup.LogHandler(os.Stdout, withoutTime))
	log.Warn("order is late", "days", 3, "customer", "01017012345")
	// Output: {"level":"WARN","message":"order is late","days":3,"customer":"***********"}
}
