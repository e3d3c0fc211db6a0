package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/sqltrace"
)

type sampler struct{ seen []attribute.KeyValue }

func (s *sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.seen = p.Attributes
	return sdktrace.AlwaysSample().ShouldSample(p)
}

func (s *sampler) Description() string { return "sampler" }

func TestStatementIsOneClientSpan(t *testing.T) {
	seen := new(sampler)
	sdk := oteltest.New(t, sdktrace.WithSampler(seen))
	db := open(t, full().Connector(), options(sdk, sqltrace.WithAttributes(
		attribute.String("db.namespace", "shop"), attribute.String("server.address", "db.example"), attribute.Int("server.port", 5432),
	))...)
	ctx, sc := parent(t, sdk)
	if err := query(ctx, db, "SELECT id, name FROM orders WHERE name = 'secret' AND id = $1", 7); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "UPDATE orders SET name = $1", "secret"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client SELECT orders", "client UPDATE orders")
	spans := sdk.Ended()
	common := map[string]string{
		"db.system.name": "postgresql", "db.namespace": "shop", "server.address": "db.example", "server.port": "5432",
		"db.collection.name": "orders", "error.type": "",
	}
	for _, span := range spans {
		wantAttributes(t, span, common)
		if span.Parent().SpanID() != sc.SpanID() || span.Status().Code != codes.Unset || len(span.Events()) != 0 {
			t.Errorf("parent %v, status %v, events %v", span.Parent(), span.Status(), span.Events())
		}
		if got := span.InstrumentationScope(); got.Name != "github.com/nais/spor/sqltrace" || got.SchemaURL == "" {
			t.Errorf("scope %v", got)
		}
	}
	wantAttributes(t, spans[0], map[string]string{
		"db.operation.name": "SELECT", "db.query.summary": "SELECT orders", "db.response.returned_rows": "2",
		"db.query.text": "SELECT id, name FROM orders WHERE name = ? AND id = $1",
	})
	wantAttributes(t, spans[1], map[string]string{
		"db.operation.name": "UPDATE", "db.query.summary": "UPDATE orders", "db.response.affected_rows": "3",
		"db.query.text": "UPDATE orders SET name = $1",
	})
	if n := len(seen.seen); n != 8 {
		t.Errorf("the sampler saw %d attributes: %v", n, seen.seen)
	}
}

func TestStatementWithoutParentHasSpan(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), options(sdk)...)
	if _, err := db.Exec("DELETE FROM orders"); err != nil {
		t.Fatal(err)
	}
	if span := sdk.Only(t); span.Parent().IsValid() {
		t.Errorf("parent %v", span.Parent())
	}
}

func TestMutedStatementHasNothing(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), options(sdk)...)
	ctx := suppress.Context(t.Context())
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(query(ctx, tx, "SELECT 1"), tx.Commit()); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk)
	if got := sdk.Metric(t, "db.client.operation.duration"); got != nil {
		t.Errorf("measured %v", got)
	}
}

func TestDriverSeesSpan(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	seen := map[string]trace.SpanID{}
	fake.Hook = func(ctx context.Context, op, _ string) error {
		seen[op] = trace.SpanContextFromContext(ctx).SpanID()
		return nil
	}
	db := open(t, fake.Connector(), options(sdk)...)
	stmt, err := db.PrepareContext(t.Context(), "DELETE FROM orders")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	if err := query(t.Context(), db, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := stmt.Exec(); err != nil {
		t.Fatal(err)
	}
	for i, op := range []string{"conn.QueryContext", "stmt.ExecContext"} {
		if got, want := seen[op], sdk.Ended()[i].SpanContext().SpanID(); got != want {
			t.Errorf("%s under span %v, want %v", op, got, want)
		}
	}
}

type stateError struct{ code string }

func (e stateError) Error() string    { return "duplicate key value (email)=(secret)" }
func (e stateError) SQLState() string { return e.code }

// MySQLError has the same name as the error type of go-sql-driver/mysql, and the same field
// Number.
type MySQLError struct {
	Number  uint16
	Message string
}

func (e *MySQLError) Error() string { return e.Message }

// The next types have the names and the fields of the error types of go-ora, godror, clickhouse-go,
// gosnowflake, vertica-sql-go and trino-go-client.
type (
	OracleError struct {
		ErrCode int
		ErrMsg  string
	}
	OraErr    struct{ code int }
	Exception struct {
		Code          int32
		Name, Message string
		Nested        []Exception
	}
	SnowflakeError struct {
		Number   int
		SQLState string
		Message  string
	}
	VError   struct{ Severity, Message, SQLState string }
	ErrTrino struct {
		Message   string
		ErrorCode int
	}
	// Error has the name of the error types of SQLite's drivers, but is in another package.
	Error struct{ ExtendedCode int }
)

func (*OracleError) Error() string    { return "secret" }
func (*OraErr) Error() string         { return "secret" }
func (e *OraErr) Code() int           { return e.code }
func (*Exception) Error() string      { return "secret" }
func (*SnowflakeError) Error() string { return "secret" }
func (*VError) Error() string         { return "secret" }
func (ErrTrino) Error() string        { return "secret" }
func (Error) Error() string           { return "secret" }

type numberError struct{}

func (numberError) Error() string         { return "number" }
func (numberError) SQLErrorNumber() int32 { return 2627 }

type rudeError struct{}

func (*rudeError) Error() string    { return "rude" }
func (*rudeError) SQLState() string { panic("rude") }

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name       string
		err        error
		kind, code string
		failed     bool
	}{
		{"SQLSTATE", stateError{"23505"}, "23505", "23505", true},
		{"wrapped", fmt.Errorf("insert: %w", stateError{"40001"}), "40001", "40001", true},
		{"no SQLSTATE", stateError{"secret"}, "github.com/nais/spor/sqltrace_test.stateError", "", true},
		{"MySQL", &MySQLError{Number: 1062, Message: "secret"}, "1062", "1062", true},
		{"SQL Server", numberError{}, "2627", "2627", true},
		{"go-ora", &OracleError{ErrCode: 942}, "942", "942", true},
		{"wrapped go-ora", fmt.Errorf("query: %w", &OracleError{ErrCode: 1}), "1", "1", true},
		{"godror", &OraErr{code: 1017}, "1017", "1017", true},
		{"ClickHouse", &Exception{Code: 60}, "60", "60", true},
		{"Snowflake", &SnowflakeError{Number: 2003, SQLState: "02000"}, "02000", "02000", true},
		{"Snowflake without SQLSTATE", &SnowflakeError{Number: 390100}, "390100", "390100", true},
		{"Vertica", &VError{SQLState: "42V01"}, "42V01", "42V01", true},
		{"Trino", ErrTrino{ErrorCode: 46}, "46", "46", true},
		{"no code", &SnowflakeError{}, "*sqltrace_test.SnowflakeError", "", true},
		{"nil go-ora", (*OracleError)(nil), "*sqltrace_test.OracleError", "", true},
		{"another Error", Error{5}, "github.com/nais/spor/sqltrace_test.Error", "", true},
		{"plain", errors.New("secret"), "*errors.errorString", "", true},
		{"nil pointer", (*rudeError)(nil), "*sqltrace_test.rudeError", "", true},
		{"no rows", sql.ErrNoRows, "", "", false},
		{"canceled", fmt.Errorf("query: %w", context.Canceled), "canceled", "", false},
		{"timeout", fmt.Errorf("query: %w", context.DeadlineExceeded), "timeout", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := oteltest.New(t)
			fake := full()
			fake.Hook = func(_ context.Context, op, _ string) error {
				if op == "conn.ExecContext" {
					return test.err
				}
				return nil
			}
			db := open(t, fake.Connector(), options(sdk)...)
			if _, err := db.Exec("INSERT INTO orders VALUES (1)"); err != test.err { //nolint:errorlint // the error must not be wrapped
				t.Errorf("got %v", err)
			}
			span := sdk.Only(t)
			wantAttributes(t, span, map[string]string{"error.type": test.kind, "db.response.status_code": test.code})
			if got := span.Status().Code == codes.Error; got != test.failed {
				t.Errorf("status %v", span.Status())
			}
			if test.failed && span.Status().Description != test.kind {
				t.Errorf("description %q, want %q", span.Status().Description, test.kind)
			}
			if len(span.Events()) != 0 {
				t.Errorf("events %v", span.Events())
			}
		})
	}
}

// TestCancelIsNotFailure checks a call whose context the caller cancels. The server then
// returns an error, which must not count as a failure.
func TestCancelIsNotFailure(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	ctx, cancel := context.WithCancel(t.Context())
	fake.Hook = func(_ context.Context, op, _ string) error {
		if op == "conn.ExecContext" {
			cancel()
			return stateError{"57014"}
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk)...)
	if _, err := db.ExecContext(ctx, "DELETE FROM orders"); err == nil {
		t.Fatal("no error")
	}
	span := sdk.Only(t)
	wantAttributes(t, span, map[string]string{"error.type": "canceled", "db.response.status_code": "57014"})
	if span.Status().Code != codes.Unset {
		t.Errorf("status %v", span.Status())
	}
}

func TestPanicEndsSpanAndGoesOn(t *testing.T) {
	sdk := oteltest.New(t)
	fake := full()
	fake.Hook = func(_ context.Context, op, _ string) error {
		if op == "conn.QueryContext" {
			panic("secret")
		}
		return nil
	}
	db := open(t, fake.Connector(), options(sdk)...)
	wantPanic(t, func() { _, _ = db.Query("SELECT 1") })
	span := sdk.Only(t)
	wantAttributes(t, span, map[string]string{"error.type": "panic"})
	if span.Status().Code != codes.Error {
		t.Errorf("status %v", span.Status())
	}
}

// TestSkippedStatementIsOneSpan checks a driver that returns ErrSkip each time.
// database/sql then prepares the statement, but there must be only one span.
func TestSkippedStatementIsOneSpan(t *testing.T) {
	for name, fail := range map[string]string{"succeeds": "", "cannot be prepared": "conn.PrepareContext", "fails": "stmt.ExecContext"} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			fake := full()
			fake.Hook = func(_ context.Context, op, _ string) error {
				switch op {
				case "conn.ExecContext":
					return driver.ErrSkip
				case fail:
					return stateError{"42601"}
				}
				return nil
			}
			db := open(t, fake.Connector(), options(sdk)...)
			if _, err := db.Exec("UPDATE orders SET a = ?", 1); (err != nil) != (fail != "") {
				t.Fatal(err)
			}
			wantNames(t, sdk, "client UPDATE orders")
			want := ""
			if fail != "" {
				want = "42601"
			}
			wantAttributes(t, sdk.Only(t), map[string]string{"db.response.status_code": want})
			if points := sdk.Seconds(t, "db.client.operation.duration"); len(points) != 1 || points[0].Count != 1 {
				t.Errorf("measured %v", points)
			}
		})
	}
}

// TestFailedPrepareHasSpan checks a driver that cannot execute a statement directly.
// database/sql then prepares every statement. A statement that cannot be prepared must also
// have a span.
func TestFailedPrepareHasSpan(t *testing.T) {
	sdk := oteltest.New(t)
	fake := &sqltest.DB{Hook: func(_ context.Context, op, _ string) error {
		if op == "conn.Prepare" {
			return stateError{"42601"}
		}
		return nil
	}}
	db := open(t, fake.Connector(), options(sdk)...)
	if _, err := db.Exec("UPDATE orders SET a = 1"); err == nil {
		t.Fatal("no error")
	}
	span := sdk.Only(t)
	wantNames(t, sdk, "client UPDATE orders")
	wantAttributes(t, span, map[string]string{"db.response.status_code": "42601"})
}

func TestQueryNames(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), options(sdk, sqltrace.WithQueryNames())...)
	for _, text := range []string{"-- name: GetOrder :one\nSELECT * FROM orders", "SELECT * FROM orders"} {
		if err := query(t.Context(), db, text); err != nil {
			t.Fatal(err)
		}
	}
	wantNames(t, sdk, "client GetOrder", "client SELECT orders")
	wantAttributes(t, sdk.Ended()[0], map[string]string{"db.query.summary": "SELECT orders", "db.query.text": "SELECT * FROM orders"})
}

func TestWithoutQueryText(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), options(sdk, sqltrace.WithoutQueryText())...)
	if err := query(t.Context(), db, "SELECT * FROM orders"); err != nil {
		t.Fatal(err)
	}
	wantAttributes(t, sdk.Only(t), map[string]string{"db.query.summary": "SELECT orders", "db.query.text": ""})
}

func TestUnknownStatementIsNamedAfterSystem(t *testing.T) {
	sdk := oteltest.New(t)
	db := open(t, full().Connector(), options(sdk)...)
	if _, err := db.Exec("hello"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client postgresql")
}
