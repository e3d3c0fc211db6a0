//go:build integration

package integration

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/XSAM/otelsql"
	"github.com/alicebob/miniredis/v2"
	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	_ "modernc.org/sqlite" // registers the driver

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/setup"
)

// The function exported calls setup.Start, starts a root span, and calls do with the context of
// the root span. It returns all spans that the collector received, except the root span.
func exported(t *testing.T, do func(context.Context)) []*tracepb.Span {
	t.Helper()
	c := listen(t, ":0")
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
	spans, meters, propagator := otel.GetTracerProvider(), otel.GetMeterProvider(), otel.GetTextMapPropagator()
	shutdown, err := setup.Start(t.Context())
	t.Cleanup(func() {
		otel.SetTracerProvider(spans)
		otel.SetMeterProvider(meters)
		otel.SetTextMapPropagator(propagator)
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := otel.Tracer("test").Start(t.Context(), "request")
	do(ctx)
	span.End()
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(c.received(), func(s *tracepb.Span) bool { return s.GetName() == "request" })
}

// checkSpan finds the first span with this name, and compares its attributes with want. The
// value "" in want means that the span must not have the attribute.
func checkSpan(t *testing.T, spans []*tracepb.Span, name string, want map[string]string) {
	t.Helper()
	i := slices.IndexFunc(spans, func(s *tracepb.Span) bool { return s.GetName() == name })
	if i < 0 {
		t.Errorf("%s: no such span in %v", name, spans)
		return
	}
	if got := spans[i].GetKind(); got != tracepb.Span_SPAN_KIND_CLIENT {
		t.Errorf("%s: got kind %s, want CLIENT", name, got)
	}
	attrs := otlpattr.Map(spans[i].GetAttributes())
	for key, value := range want {
		if got := attrs[key]; got != value {
			t.Errorf("%s: got %s %q, want %q", name, key, got, value)
		}
	}
}

// TestOtelpgxLightsTheDatabaseTab tests that exported spans of otelpgx have the names that
// the Database tab reads. otelpgx itself records only the stable names, and setup adds the
// older names at export. otelpgx records the table only for COPY. For other statements, setup takes
// it from their text.
func TestOtelpgxLightsTheDatabaseTab(t *testing.T) {
	config, err := pgx.ParseConfig("postgres://orders@127.0.0.1:5432/orders?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // in this mode, there is no prepare span with the same name
	config.DialFunc = func(context.Context, string, string) (net.Conn, error) { return fakePostgres(t), nil }
	spans := exported(t, func(ctx context.Context) {
		config.Tracer = otelpgx.NewTracer()
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		var total int
		if err := conn.QueryRow(ctx, "SELECT total FROM orders WHERE id = $1", 7).Scan(&total); err != nil || total != 42 {
			t.Fatalf("got %d, %v, want 42", total, err)
		}
		if _, err := conn.CopyFrom(ctx, pgx.Identifier{"orders"}, []string{"total"}, pgx.CopyFromRows([][]any{{int32(1)}})); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(ctx); err != nil {
			t.Fatal(err)
		}
	})
	checkSpan(t, spans, "SELECT orders", map[string]string{
		"db.system": "postgresql", "db.system.name": "postgresql", "db.name": "orders", "db.namespace": "orders",
		"db.statement": "SELECT total FROM orders WHERE id = $1", "db.query.text": "SELECT total FROM orders WHERE id = $1",
		"db.operation": "SELECT", "db.operation.name": "SELECT",
		"db.sql.table": "orders", "server.address": "127.0.0.1",
		"peer.service": "orders@postgresql", // because all databases behind the proxy have the same address
	})
	checkSpan(t, spans, `copy_from "orders"`, map[string]string{
		"db.system": "postgresql", "db.name": "orders", "db.sql.table": `"orders"`, "db.collection.name": `"orders"`,
		"db.statement": "", "db.operation": "",
	})
	checkSpan(t, spans, "connect", map[string]string{"db.system": "postgresql", "db.name": "orders"})
}

// TestOtelsqlLightsTheDatabaseTab tests that exported spans of otelsql have the names that
// the Database tab reads. otelsql records the text of a query, but not the database, the
// operation or the table. setup takes the last two from the text. The program sets db.system.name itself, as the documentation of
// otelsql recommends.
func TestOtelsqlLightsTheDatabaseTab(t *testing.T) {
	const query = "SELECT total FROM orders WHERE id = ?"
	spans := exported(t, func(ctx context.Context) {
		db, err := otelsql.Open("sqlite", ":memory:", otelsql.WithAttributes(semconv.DBSystemNameSQLite))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1) // because each connection has its own database
		if _, err := db.ExecContext(ctx, "CREATE TABLE orders (id INTEGER, total INTEGER)"); err != nil {
			t.Fatal(err)
		}
		var total int
		if err := db.QueryRowContext(ctx, query, 7).Scan(&total); !errors.Is(err, sql.ErrNoRows) {
			t.Fatalf("got %v, want no rows", err)
		}
	})
	checkSpan(t, spans, "SELECT orders", map[string]string{
		"db.system": "sqlite", "db.system.name": "sqlite", "db.statement": query, "db.query.text": query,
		"db.name": "", "db.operation": "SELECT", "db.sql.table": "orders",
	})
	checkSpan(t, spans, "CREATE TABLE orders", map[string]string{
		"db.system": "sqlite", "db.statement": "CREATE TABLE orders (id INTEGER, total INTEGER)",
	})
}

// TestSqltraceLightsTheDatabaseTab uses sqltrace with a real PostgreSQL. It tests that the
// exported spans have the names that the platform reads.
func TestSqltraceLightsTheDatabaseTab(t *testing.T) {
	d := pgxDatabase(t)
	spans := exported(t, func(ctx context.Context) {
		db := d.traced(t)
		d.fill(t, db)
		var name string
		if err := db.QueryRowContext(ctx, "SELECT name FROM orders WHERE id = $1 AND name <> '"+secret+"'", 7).Scan(&name); !errors.Is(err, sql.ErrNoRows) {
			t.Fatalf("got %v, want no rows", err)
		}
	})
	const query = "SELECT name FROM orders WHERE id = $1 AND name <> ?"
	checkSpan(t, spans, "SELECT orders", map[string]string{
		"db.system": "postgresql", "db.system.name": "postgresql", "db.name": shopName, "db.namespace": shopName,
		"db.operation": "SELECT", "db.operation.name": "SELECT", "db.sql.table": "orders", "db.collection.name": "orders",
		"db.statement": query, "db.query.text": query, "server.address": "127.0.0.1", "peer.service": shopName + "@postgresql",
	})
}

// TestRedisotelLightsTheDatabaseTab tests that exported spans of redisotel have the names
// that the Database tab reads. redisotel records only the older names, and spor does not
// change them. redisotel does not record the number of the database. It records the
// operation only in the span name, from which setup takes it. Redis has no tables.
func TestRedisotelLightsTheDatabaseTab(t *testing.T) {
	server := miniredis.RunT(t)
	spans := exported(t, func(ctx context.Context) {
		client := redis.NewClient(&redis.Options{Addr: server.Addr()})
		defer client.Close()
		if err := redisotel.InstrumentTracing(client); err != nil {
			t.Fatal(err)
		}
		if err := client.Set(ctx, "cart:7", "01017012345", 0).Err(); err != nil {
			t.Fatal(err)
		}
	})
	checkSpan(t, spans, "set", map[string]string{
		"db.system": "redis", "db.statement": "set cart:7 ***********", "server.address": server.Host(), "server.port": server.Port(),
		"db.system.name": "", "db.query.text": "", "db.name": "", "db.operation": "set", "db.sql.table": "",
	})
}
