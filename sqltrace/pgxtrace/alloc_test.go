//go:build !race

package pgxtrace_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

func TestAllocations(t *testing.T) {
	silent := metricnoop.NewMeterProvider()
	unsampled := oteltest.NewSilent(t, sdktrace.NeverSample())
	for _, test := range []struct {
		name  string
		opts  []sqltrace.Option
		most  float64
		under *oteltest.SDK
	}{
		{"under an unsampled span", options(unsampled)[:1], 0, unsampled},
		{"no SDK", []sqltrace.Option{sqltrace.WithTracerProvider(tracenoop.NewTracerProvider()), sqltrace.WithMeterProvider(silent)}, 0, nil},
		{"never sampled", []sqltrace.Option{
			sqltrace.WithTracerProvider(oteltest.NewSilent(t, sdktrace.NeverSample()).TracerProvider), sqltrace.WithMeterProvider(silent),
		}, 4, nil},
		{"always sampled", []sqltrace.Option{
			sqltrace.WithTracerProvider(oteltest.NewSilent(t, sdktrace.AlwaysSample()).TracerProvider), sqltrace.WithMeterProvider(silent),
		}, 12, nil},
		{"always sampled, measured", options(oteltest.NewSilent(t, sdktrace.AlwaysSample())), 12, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			tracer := pgxtrace.Tracer(test.opts...)
			config := new(server).config(t, "").ConnConfig
			config.Tracer = tracer
			conn, err := pgx.ConnectConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.Background())
			ctx := context.Background()
			if test.under != nil {
				ctx, _ = test.under.TracerProvider.Tracer("test").Start(ctx, "request") //nolint:spancheck // the span is not recorded
			}
			start := pgx.TraceQueryStartData{SQL: point, Args: []any{"1"}}
			end := pgx.TraceQueryEndData{CommandTag: pgconn.NewCommandTag("SELECT 1")}
			got := testing.AllocsPerRun(1000, func() {
				tracer.TraceQueryEnd(tracer.TraceQueryStart(ctx, conn, start), conn, end)
			})
			if got > test.most {
				t.Errorf("%v allocations, want at most %v", got, test.most)
			} else {
				t.Logf("%v allocations", got)
			}
		})
	}
}

// TestBatchAllocations limits what the tracer adds to a batch of ten statements.
func TestBatchAllocations(t *testing.T) {
	for name, queries := range map[string]func(i int) string{
		"the same statement": func(int) string { return point },
		"two statements":     func(i int) string { return [...]string{point, "UPDATE orders SET a = $1"}[i%2] },
	} {
		tracer := pgxtrace.Tracer(sqltrace.WithTracerProvider(oteltest.NewSilent(t, sdktrace.AlwaysSample()).TracerProvider),
			sqltrace.WithMeterProvider(metricnoop.NewMeterProvider()))
		config := new(server).config(t, "").ConnConfig
		config.Tracer = tracer
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		b := new(pgx.Batch)
		for i := range 10 {
			b.Queue(queries(i), "1")
		}
		batches := tracer.(pgx.BatchTracer)
		got := testing.AllocsPerRun(1000, func() {
			ctx := batches.TraceBatchStart(context.Background(), conn, pgx.TraceBatchStartData{Batch: b})
			for _, q := range b.QueuedQueries {
				batches.TraceBatchQuery(ctx, conn, pgx.TraceBatchQueryData{SQL: q.SQL, CommandTag: pgconn.NewCommandTag("SELECT 1")})
			}
			batches.TraceBatchEnd(ctx, conn, pgx.TraceBatchEndData{})
		})
		if t.Logf("%s: %v allocations", name, got); got > 40 {
			t.Errorf("%s: %v allocations, want at most 40", name, got)
		}
	}
}
