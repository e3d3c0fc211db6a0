package sqltrace_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/conformance/reference"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/sqltest"
	"github.com/nais/spor/sqltrace"
)

// A referenceRow is a program that runs with otelsql and with spor.
type referenceRow struct {
	name string
	conn sqltest.ConnSet // the optional interfaces of the connection; zero means all
	// run returns what the program has got.
	run func(ctx context.Context, db *sql.DB) string
}

const referenceText = "SELECT id, name FROM orders WHERE id = ?"

var referenceRows = []referenceRow{
	{"query", 0, func(ctx context.Context, db *sql.DB) string { return rowsOf(db.QueryContext(ctx, referenceText, 1)) }},
	{"query that is not read", 0, func(ctx context.Context, db *sql.DB) string {
		rows, err := db.QueryContext(ctx, referenceText, 1)
		return fmt.Sprint(err, rows.Close())
	}},
	{"query of one row", 0, func(ctx context.Context, db *sql.DB) string {
		var id, name any
		return fmt.Sprint(db.QueryRowContext(ctx, referenceText, 1).Scan(&id, &name), id, name)
	}},
	{"query that fails", 0, func(ctx context.Context, db *sql.DB) string {
		return rowsOf(db.QueryContext(ctx, "fail "+referenceText, 1))
	}},
	{"query whose rows fail", 0, func(ctx context.Context, db *sql.DB) string {
		return rowsOf(db.QueryContext(ctx, "break "+referenceText, 1))
	}},
	{"query with a literal", 0, func(ctx context.Context, db *sql.DB) string {
		return rowsOf(db.QueryContext(ctx, "SELECT id, name FROM orders WHERE name = 'Kari Nordmann'"))
	}},
	{"canceled", 0, func(ctx context.Context, db *sql.DB) string {
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		return rowsOf(db.QueryContext(context.WithValue(inner, cancelKey{}, cancel), "cancel "+referenceText, 1))
	}},
	{"exec", 0, func(ctx context.Context, db *sql.DB) string {
		return resultOf(db.ExecContext(ctx, "UPDATE orders SET name = $1", "tea"))
	}},
	{"exec that fails", 0, func(ctx context.Context, db *sql.DB) string {
		return resultOf(db.ExecContext(ctx, "fail UPDATE orders SET name = $1", "tea"))
	}},
	{"exec in a transaction", 0, func(ctx context.Context, db *sql.DB) string {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err.Error()
		}
		got := resultOf(tx.ExecContext(ctx, "UPDATE orders SET name = $1", "tea"))
		return fmt.Sprint(got, tx.Commit())
	}},
	{"prepared", 0, func(ctx context.Context, db *sql.DB) string {
		stmt, err := db.PrepareContext(ctx, referenceText)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(rowsOf(stmt.QueryContext(ctx, 1)), stmt.Close())
	}},
	{"prepared by the pool", sqltest.ConnAll &^ (sqltest.ConnQueryer | sqltest.ConnExecer), func(ctx context.Context, db *sql.DB) string {
		return rowsOf(db.QueryContext(ctx, referenceText, 1))
	}},
	{"bad connection", 0, func(ctx context.Context, db *sql.DB) string {
		return resultOf(db.ExecContext(ctx, "once UPDATE orders SET name = $1", "tea"))
	}},
	{"panic", 0, func(ctx context.Context, db *sql.DB) (got string) {
		defer func() { got = fmt.Sprint("panic: ", recover()) }()
		return resultOf(db.ExecContext(ctx, "panic UPDATE orders SET name = $1", "tea"))
	}},
}

type cancelKey struct{}

func rowsOf(rows *sql.Rows, err error) string {
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	return fmt.Sprint(n, rows.Err())
}

func resultOf(r sql.Result, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(r.RowsAffected())
}

// answers makes the driver answer as the first word of the statement says.
func answers() func(ctx context.Context, op, query string) error {
	count := map[string]int{}
	return func(ctx context.Context, op, query string) error {
		word, _, _ := strings.Cut(query, " ")
		count[op+word]++
		executes := strings.HasSuffix(op, ".ExecContext") || strings.HasSuffix(op, ".QueryContext")
		switch {
		case word == "fail" && executes:
			return stateError{"23505"}
		case word == "break" && op == "rows.Next" && count[op+word] == 2:
			return stateError{"57P01"}
		case word == "once" && executes && count[op+word] == 1:
			return driver.ErrBadConn
		case word == "panic" && executes:
			panic("the driver")
		case word == "cancel" && executes:
			ctx.Value(cancelKey{}).(context.CancelFunc)()
			return ctx.Err()
		}
		return nil
	}
}

func (row referenceRow) record(t *testing.T, open func(driver.Connector, *oteltest.SDK) *sql.DB) reference.Facts {
	t.Helper()
	sdk := oteltest.New(t)
	fake := full()
	fake.Hook = answers()
	if row.conn != 0 {
		fake.Conn = row.conn
	}
	db := open(fake.Connector(), sdk)
	ctx, _ := parent(t, sdk)
	answer := row.run(ctx, db)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	f := make(reference.Facts)
	f.Add("answer", map[string]string{"text": answer})
	var others []string
	for _, span := range sdk.Ended() {
		if ofStatement(span) && f.Value(reference.Fact{Where: "span", Property: reference.Exists}) == reference.Absent {
			f.AddSpan("span", span)
		} else {
			others = append(others, span.Name())
		}
	}
	slices.Sort(others)
	f.Add("others", map[string]string{"names": strings.Join(others, ", ")})
	f.AddMetric(t, sdk, "db.client.operation.duration")
	return f
}

// ofStatement reports whether span is the span of a statement.
func ofStatement(span sdktrace.ReadOnlySpan) bool {
	if span.SpanKind() != trace.SpanKindClient {
		return false
	}
	return !strings.HasPrefix(span.Name(), "sql.") || slices.Contains([]string{"sql.conn.query", "sql.conn.exec", "sql.stmt.query", "sql.stmt.exec"}, span.Name())
}

// TestAgainstReference compares what sqltrace and otelsql record.
func TestAgainstReference(t *testing.T) {
	system := attribute.String("db.system.name", "postgresql")
	j := reference.NewJudge("sql", knownDifferences)
	for _, row := range referenceRows {
		t.Run(row.name, func(t *testing.T) {
			want := row.record(t, func(c driver.Connector, sdk *oteltest.SDK) *sql.DB {
				return otelsql.OpenDB(c, otelsql.WithTracerProvider(sdk.TracerProvider), otelsql.WithMeterProvider(sdk.MeterProvider), otelsql.WithAttributes(system))
			})
			got := row.record(t, func(c driver.Connector, sdk *oteltest.SDK) *sql.DB { return sqltrace.OpenDB(c, options(sdk)...) })
			j.Compare(t, "sql/"+row.name, want, got)
		})
	}
	j.CheckUsed(t)
}

// knownDifferences contains the differences between otelsql and spor that are right. A reason begins
// with the source of the rule: semconv (the semantic conventions, version 1.43), privacy, or Nais
// APM (a panel needs the data).
var knownDifferences = []reference.Line{
	{"sql/*", "span", "name", "sql.*", "*", "semconv: the name is {db.query.summary}"},
	{"sql/*", "span", "db.operation.name|db.query.summary|db.collection.name", reference.Absent, "*", "semconv: Recommended if the statement was parsed"},
	{"sql/query*|sql/prepared*", "span", "db.response.returned_rows", reference.Absent, "*", "semconv: Opt-In, the number of rows"},
	{"sql/exec*|sql/bad connection", "span", "db.response.affected_rows", reference.Absent, "*", "Nais APM: the number of rows that a statement has changed"},
	{"sql/query with a literal", "span", "db.query.text", "*'Kari Nordmann'", "*?", "semconv: the text SHOULD be sanitized"},
	{"sql/*", "others", "names", "sql.*", "", "semconv: one span for each call of the database; connecting and preparing have one if they fail or take long"},

	{"sql/*", "metric db.client.operation.duration", "db.operation.name", "sql.*", "*", "semconv: the operation, not the method of the driver"},
	{"sql/*", "metric db.client.operation.duration", "db.collection.name", reference.Absent, "orders", "semconv: Recommended if the statement was parsed"},
	{"sql/*", "metric db.client.operation.duration [0-9]", reference.Exists, "yes", reference.Absent, "semconv: one measurement for each operation, not for each method of the driver"},

	{"sql/*fail*", "*", "db.response.status_code", reference.Absent, "*", "semconv: Conditionally Required if the operation failed and status code is available"},
	{"sql/*", "span", "error.type", reference.Absent, "*", "semconv: Conditionally Required if the operation failed"},
	{"sql/*fails", "metric *", "error.type", "*stateError", "23505", "semconv: the db.response.status_code returned by the database"},
	{"sql/query whose rows fail", "metric *", "error.type", reference.Absent, "57P01", "semconv: the operation has failed, although the first row arrived"},
	{"sql/query whose rows fail", "span", "status", "Unset", "Error", "semconv: the operation has failed, although the first row arrived"},
	{"sql/canceled", "metric *", "error.type", "*errors.errorString", "canceled", "semconv: a predictable value of low cardinality"},
	{"sql/canceled", "span", "status", "Error", "Unset", "Nais APM: a call that the program has canceled is no error"},
	{"sql/*fail*", "span", "description", reference.Absent, "*", "semconv: the description of the error"},
	{"sql/*fails|sql/canceled", "span", "event", "exception", reference.Absent, "privacy: the message of a database may contain data of persons"},
	{"sql/*fails|sql/canceled", "span", "event exception.message|event exception.type", "*", reference.Absent, "privacy: see the event"},

	{"sql/bad connection", "metric *", "error.type", "*ErrBadConn", reference.Absent, "semconv: one measurement for each call of the program; the second attempt has succeeded"},
	{"sql/bad connection", "span", "status", "Error", "Unset", "semconv: one span for each call of the program; the second attempt has succeeded"},
	{"sql/bad connection", "span", "event", "exception", "retry", "semconv: the first attempt is an event of the span"},
	{"sql/bad connection", "span", "event exception.message|event exception.type", "*", reference.Absent, "semconv: the first attempt is an event of the span"},
	{"sql/bad connection", "span", "event error.type", reference.Absent, "*", "semconv: the first attempt is an event of the span"},

	{"sql/panic", "metric *", "error.type", reference.Absent, "panic", "semconv: Conditionally Required if the operation failed"},
	{"sql/panic", "span", "status", "Unset", "Error", "semconv: an operation that panics has failed"},
	{"sql/panic", "span", "description", reference.Absent, "panic", "semconv: the description of the error"},
	{"sql/panic", "span", "event", "exception", reference.Absent, "privacy: the message of a driver may contain data of persons"},
	{"sql/panic", "span", "event exception.message|event exception.type", "*", reference.Absent, "privacy: see the event"},
}
