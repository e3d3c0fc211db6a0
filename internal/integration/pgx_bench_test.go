package integration

import (
	"context"
	"os"
	"testing"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

// pgxLibraries lists the libraries. Each function makes the tracer for a pool. A library
// records metrics only if its name in this list ends in "measured".
var pgxLibraries = []struct {
	name   string
	tracer func(s sdk) pgx.QueryTracer
}{
	{"bare", func(sdk) pgx.QueryTracer { return nil }},
	{"spor", func(s sdk) pgx.QueryTracer {
		return pgxtrace.Tracer(sqltrace.WithTracerProvider(s.tp), sqltrace.WithMeterProvider(metricnoop.NewMeterProvider()))
	}},
	{"otelpgx", func(s sdk) pgx.QueryTracer {
		return otelpgx.NewTracer(otelpgx.WithTracerProvider(s.tp), otelpgx.WithMeterProvider(metricnoop.NewMeterProvider()))
	}},
	{"spor-measured", func(s sdk) pgx.QueryTracer {
		return pgxtrace.Tracer(sqltrace.WithTracerProvider(s.tp), sqltrace.WithMeterProvider(s.mp))
	}},
	{"otelpgx-measured", func(s sdk) pgx.QueryTracer {
		return otelpgx.NewTracer(otelpgx.WithTracerProvider(s.tp), otelpgx.WithMeterProvider(s.mp))
	}},
}

// pgxOperations lists the operations that are measured. Some of them use a single connection,
// others use the pool, and one sends a batch.
var pgxOperations = []struct {
	name string
	run  func(ctx context.Context, pool *pgxpool.Pool, conn *pgxpool.Conn) error
}{
	{"query", func(ctx context.Context, _ *pgxpool.Pool, conn *pgxpool.Conn) error {
		var one int
		return conn.QueryRow(ctx, "SELECT id FROM orders WHERE id = $1", 1).Scan(&one)
	}},
	{"exec", func(ctx context.Context, _ *pgxpool.Pool, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, "UPDATE orders SET total = $1 WHERE id = 0", 1)
		return err
	}},
	{"acquire", func(ctx context.Context, pool *pgxpool.Pool, _ *pgxpool.Conn) error {
		conn, err := pool.Acquire(ctx)
		if err == nil {
			conn.Release()
		}
		return err
	}},
	{"pool-query", func(ctx context.Context, pool *pgxpool.Pool, _ *pgxpool.Conn) error {
		var one int
		return pool.QueryRow(ctx, "SELECT id FROM orders WHERE id = $1", 1).Scan(&one)
	}},
	{"batch-of-10", func(ctx context.Context, _ *pgxpool.Pool, conn *pgxpool.Conn) error {
		b := new(pgx.Batch)
		for range 10 {
			b.Queue("SELECT id FROM orders WHERE id = $1", 1)
		}
		return conn.SendBatch(ctx, b).Close()
	}},
}

// postgresURL returns the URL of the database. If there is no URL, it skips the test or makes
// it fail.
func postgresURL(tb testing.TB) string {
	tb.Helper()
	url := os.Getenv("SPOR_POSTGRES_URL")
	if url == "" {
		if os.Getenv("SPOR_REQUIRE_SERVICES") == "1" {
			tb.Fatal("SPOR_POSTGRES_URL is not set (see make services)")
		}
		tb.Skip("SPOR_POSTGRES_URL is not set (see make services)")
	}
	return url
}

// newPgxPool returns a pool that has at most two connections. Each connection has its own
// table with orders.
func newPgxPool(tb testing.TB, tracer pgx.QueryTracer) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(postgresURL(tb))
	if err != nil {
		tb.Fatal(err)
	}
	config.MaxConns = 2
	config.ConnConfig.Tracer = tracer
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "CREATE TEMPORARY TABLE orders (id int PRIMARY KEY, total int); INSERT INTO orders VALUES (1, 1)")
		return err
	}
	pool, err := pgxpool.NewWithConfig(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// underSpan returns a context with a span of s. If the sampler of s samples, the span is
// sampled. The benchmarks need this span, because otelpgx makes no spans without a parent
// span.
func underSpan(tb testing.TB, s sdk) context.Context {
	tb.Helper()
	ctx, span := s.tp.Tracer("test").Start(context.Background(), "request", trace.WithSpanKind(trace.SpanKindServer))
	tb.Cleanup(func() { span.End() })
	return ctx
}

func BenchmarkPgx(b *testing.B) {
	for _, operation := range pgxOperations {
		for _, state := range sqlStates {
			for _, library := range pgxLibraries {
				b.Run("op="+operation.name+"/state="+state.name+"/lib="+library.name, func(b *testing.B) {
					s := newSDK(b, state.sampler)
					pool := newPgxPool(b, library.tracer(s))
					conn, err := pool.Acquire(b.Context())
					if err != nil {
						b.Fatal(err)
					}
					b.Cleanup(conn.Release)
					ctx := underSpan(b, s)
					if err := operation.run(ctx, pool, conn); err != nil { // the first run also connects and prepares
						b.Fatal(err)
					}
					b.ReportAllocs()
					begin := cpuTime(b)
					for b.Loop() {
						if err := operation.run(ctx, pool, conn); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
				})
			}
		}
	}
}

// BenchmarkPgxTracer measures only the tracer: it calls the methods that pgx calls for a query.
// While it measures, it sends nothing to the server, so the results vary less.
func BenchmarkPgxTracer(b *testing.B) {
	for _, state := range sqlStates {
		for _, library := range pgxLibraries[1:] {
			b.Run("state="+state.name+"/lib="+library.name, func(b *testing.B) {
				s := newSDK(b, state.sampler)
				tracer := library.tracer(s)
				pooled, err := newPgxPool(b, tracer).Acquire(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(pooled.Release)
				ctx, conn := underSpan(b, s), pooled.Conn()
				start := pgx.TraceQueryStartData{SQL: "SELECT id FROM orders WHERE id = $1", Args: []any{1}}
				end := pgx.TraceQueryEndData{CommandTag: pgconn.NewCommandTag("SELECT 1")}
				b.ReportAllocs()
				begin := cpuTime(b)
				for b.Loop() {
					tracer.TraceQueryEnd(tracer.TraceQueryStart(ctx, conn, start), conn, end)
				}
				b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
			})
		}
	}
}
