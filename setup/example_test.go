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

// This program calls Run. In this example, a recorder replaces the collector. The option adds
// the recorder. A program on NAIS does not need the option.
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

// This program logs a warning. ReplaceAttr removes the time, so that the output is always the
// same.
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
