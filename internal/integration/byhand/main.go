// Byhand is a service that uses OpenTelemetry without spor. Its code is written as the
// documentation of otelhttp, otelgrpc, otelsql, kotel and slog's JSON handler recommends.
// Therefore its telemetry does not have all names that the platform reads.
//
// Byhand sends one round of requests to itself, answers them and ends. If BYHAND_IDENT is
// set, byhand records the value of this variable in spans and logs, which a careful program
// would not do.
//
// If BYHAND_SETUP is set, byhand starts telemetry with setup.Run. This is the only change.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/setup"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	start := run
	if os.Getenv("BYHAND_SETUP") != "" {
		start = func(ctx context.Context) error { return setup.Run(ctx, work) }
	}
	if err := start(ctx); err != nil {
		slog.Error("byhand failed", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	stop, err := startTelemetry(ctx)
	if err != nil {
		return err
	}
	return errors.Join(work(ctx), stop(ctx))
}

func work(ctx context.Context) error {
	s, err := newService(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	return s.round(ctx)
}

// startTelemetry follows the getting-started page of opentelemetry.io.
func startTelemetry(ctx context.Context) (stop func(context.Context) error, err error) {
	spans, err := otlptracegrpc.New(ctx)
	if err != nil {
		return nil, err
	}
	points, err := otlpmetricgrpc.New(ctx)
	if err != nil {
		return nil, err
	}
	traces := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans), sdktrace.WithResource(resource.Default()))
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(points)), sdkmetric.WithResource(resource.Default()))
	otel.SetTracerProvider(traces)                                                                                          //nolint:forbidigo // this program sets the global providers itself
	otel.SetMeterProvider(metrics)                                                                                          //nolint:forbidigo // this program sets the global providers itself
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})) //nolint:forbidigo // this program sets the global providers itself
	return func(ctx context.Context) error {
		return errors.Join(traces.Shutdown(ctx), metrics.Shutdown(ctx))
	}, nil
}
