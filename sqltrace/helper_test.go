package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

func options(sdk *oteltest.SDK, opts ...sqltrace.Option) []sqltrace.Option {
	return append([]sqltrace.Option{
		sqltrace.WithTracerProvider(sdk.TracerProvider), sqltrace.WithMeterProvider(sdk.MeterProvider),
		sqltrace.WithAttributes(attribute.String("db.system.name", "postgresql")),
	}, opts...)
}

func full() *sqltest.DB {
	return &sqltest.DB{Conn: sqltest.ConnAll, Stmt: sqltest.StmtAll, Rows: sqltest.RowsAll &^ sqltest.RowsNext, Returned: 2}
}

func open(t *testing.T, c driver.Connector, opts ...sqltrace.Option) *sql.DB {
	t.Helper()
	db := sqltrace.OpenDB(c, opts...)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func names(spans []sdktrace.ReadOnlySpan) []string {
	var out []string
	for _, s := range spans {
		out = append(out, s.SpanKind().String()+" "+s.Name())
	}
	return out
}

func wantNames(t *testing.T, sdk *oteltest.SDK, want ...string) {
	t.Helper()
	if got := names(sdk.Ended()); !slices.Equal(got, want) {
		t.Errorf("spans: got %q, want %q", got, want)
	}
	if started, ended := sdk.Started(), len(sdk.Ended()); started != ended {
		t.Errorf("%d spans started, %d ended", started, ended)
	}
}

func wantAttributes(t *testing.T, span sdktrace.ReadOnlySpan, want map[string]string) {
	t.Helper()
	attrs := oteltest.Map(span.Attributes())
	for key, text := range want {
		if got := attrs[key]; got != text {
			t.Errorf("%s: %s: got %q, want %q", span.Name(), key, got, text)
		}
	}
}

func readAll(rows *sql.Rows) error {
	defer rows.Close()
	for rows.Next() {
		var id, name any
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
	}
	for rows.NextResultSet() {
		for rows.Next() {
			continue
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

func query(ctx context.Context, db interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}, text string, args ...any,
) error {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	return readAll(rows)
}

// parent returns a context with a remote parent span, and the span context of this span.
func parent(t *testing.T, sdk *oteltest.SDK) (context.Context, trace.SpanContext) {
	t.Helper()
	sc := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	})
	return trace.ContextWithSpanContext(t.Context(), sc), sc
}

// badTimes returns a hook. The connection is bad for the first times calls of ExecContext.
func badTimes(times int) func(ctx context.Context, op, query string) error {
	return func(_ context.Context, op, _ string) error {
		if op == "conn.ExecContext" && times > 0 {
			times--
			return driver.ErrBadConn
		}
		return nil
	}
}

// wantPanic fails the test if do does not panic.
func wantPanic(t *testing.T, do func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	do()
}
