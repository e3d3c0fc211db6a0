package integration

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"modernc.org/sqlite"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/sqltrace"
)

// openSQLite makes a new database with the table orders. It opens the database twice: with
// tracing and without tracing.
func openSQLite(t *testing.T, opts ...sqltrace.Option) (traced, plain *sql.DB) {
	t.Helper()
	dsn := "file:" + filepath.Join(t.TempDir(), "shop.db") + "?_pragma=busy_timeout(5000)"
	plain, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price NUMERIC(10, 2), paid BOOLEAN, made DATETIME, data BLOB);
		INSERT INTO orders VALUES (1, 'Ada', 1.5, true, '2026-01-02 03:04:05', x'01'), (2, 'Bob', NULL, false, NULL, NULL)`); err != nil {
		t.Fatal(err)
	}
	traced, err = sqltrace.Open("sqlite", dsn, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(traced.Close(), plain.Close()); err != nil {
			t.Error(err)
		}
	})
	return traced, plain
}

func sqlOptions(sdk *oteltest.SDK) []sqltrace.Option {
	return []sqltrace.Option{sqltrace.WithTracerProvider(sdk.TracerProvider), sqltrace.WithMeterProvider(sdk.MeterProvider)}
}

func TestSQLiteStatementIsOneSpan(t *testing.T) {
	sdk := oteltest.New(t)
	db, _ := openSQLite(t, sqlOptions(sdk)...)
	ctx := t.Context()
	use := func(q interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	},
	) error {
		var name string
		_, err := q.ExecContext(ctx, "UPDATE orders SET name = ? WHERE id = 2", "Eve")
		return errors.Join(err, q.QueryRowContext(ctx, "SELECT name FROM orders WHERE id = ?", 1).Scan(&name))
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	stmt, err := db.PrepareContext(ctx, "SELECT count(*) FROM orders WHERE name LIKE 'A%'")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	var n int
	if err := errors.Join(use(db), stmt.QueryRow().Scan(&n), tx.Rollback()); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, span := range sdk.Ended() {
		got = append(got, span.SpanKind().String()+" "+span.Name())
	}
	if want := []string{"client UPDATE orders", "client SELECT orders", "client SELECT orders"}; !slices.Equal(got, want) || sdk.Started() != 3 {
		t.Errorf("spans %q, want %q", got, want)
	}
	for i, want := range []map[string]string{
		{"db.query.text": "UPDATE orders SET name = ? WHERE id = ?", "db.operation.name": "UPDATE", "db.response.affected_rows": "1"},
		{"db.query.text": "SELECT name FROM orders WHERE id = ?", "db.operation.name": "SELECT", "db.response.returned_rows": "1"},
		{"db.query.text": "SELECT count(*) FROM orders WHERE name LIKE ?", "db.response.returned_rows": "1"},
	} {
		want["db.system.name"], want["db.namespace"], want["db.collection.name"], want["error.type"] = "sqlite", "shop.db", "orders", ""
		attrs := oteltest.Map(sdk.Ended()[i].Attributes())
		for key, text := range want {
			if attrs[key] != text {
				t.Errorf("span %d: %s is %q, want %q", i, key, attrs[key], text)
			}
		}
	}
}

func TestSQLiteColumnTypesAreTheDriversOwn(t *testing.T) {
	traced, plain := openSQLite(t, sqlOptions(oteltest.New(t))...)
	describe := func(db *sql.DB) (out []string) {
		rows, err := db.Query("SELECT *, count(*) AS n FROM orders GROUP BY id")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		types, err := rows.ColumnTypes()
		for rows.Next() {
			values := make([]any, len(types))
			pointers := make([]any, len(types))
			for i := range values {
				pointers[i] = &values[i]
			}
			if err := rows.Scan(pointers...); err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%#v", values))
		}
		for _, c := range types {
			length, hasLength := c.Length()
			nullable, hasNullable := c.Nullable()
			precision, scale, hasScale := c.DecimalSize()
			out = append(out, fmt.Sprint(c.Name(), c.DatabaseTypeName(), c.ScanType(), length, hasLength, nullable, hasNullable, precision, scale, hasScale))
		}
		if err := errors.Join(err, rows.Err()); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got, want := describe(traced), describe(plain); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestSQLiteLimit tests that functions of the driver work with a traced connection. Such a
// function needs the driver's own connection, and must be able to get it from the traced
// connection.
func TestSQLiteLimit(t *testing.T) {
	db, _ := openSQLite(t, sqlOptions(oteltest.New(t))...)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const limitLength, limit = 0, 1000 // SQLITE_LIMIT_LENGTH
	if _, err := sqlite.Limit(conn, limitLength, limit); err != nil {
		t.Fatal(err)
	}
	if got, err := sqlite.Limit(conn, limitLength, -1); err != nil || got != limit {
		t.Errorf("got %d, %v, want %d", got, err, limit)
	}
}

func TestSQLiteOutcomes(t *testing.T) {
	for _, test := range []struct {
		name, query, kind string
		failed            bool
		want              error
	}{
		{"no rows", "SELECT name FROM orders WHERE id = 99", "", false, sql.ErrNoRows},
		{"constraint", "INSERT INTO orders (id, name) VALUES (1, 'x') RETURNING name", "1555", true, nil},
		{"syntax", "SELEC", "1", true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := oteltest.New(t)
			db, _ := openSQLite(t, sqlOptions(sdk)...)
			var name string
			err := db.QueryRow(test.query).Scan(&name)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			span := sdk.Only(t)
			if got := oteltest.Map(span.Attributes())["error.type"]; got != test.kind || (span.Status().Code == codes.Error) != test.failed {
				t.Errorf("error.type %q, status %v", got, span.Status())
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		sdk := oteltest.New(t)
		db, _ := openSQLite(t, sqlOptions(sdk)...)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := db.ExecContext(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) UPDATE orders SET price = (SELECT count(*) FROM n)")
		if err == nil {
			t.Error("no error")
		}
		span := sdk.Only(t)
		if got := oteltest.Map(span.Attributes())["error.type"]; got != "canceled" || span.Status().Code != codes.Unset {
			t.Errorf("error.type %q, status %v", got, span.Status())
		}
	})
}

// TestSQLiteLeaksNothing stops reading the rows of a query in different ways. It checks that
// each span ends, and that no goroutine is left.
func TestSQLiteLeaksNothing(t *testing.T) {
	sdk := oteltest.New(t)
	before := runtime.NumGoroutine()
	for _, read := range []func(ctx context.Context, cancel func(), rows *sql.Rows){
		func(_ context.Context, _ func(), rows *sql.Rows) { rows.Close() },
		func(_ context.Context, _ func(), rows *sql.Rows) {
			for rows.Next() {
				continue
			}
		},
		func(_ context.Context, cancel func(), rows *sql.Rows) { rows.Next(); cancel() },
		func(context.Context, func(), *sql.Rows) {}, // the rows are never closed
	} {
		synctest.Test(t, func(t *testing.T) {
			db, err := sqltrace.Open("sqlite", ":memory:", sqlOptions(sdk)...)
			if err != nil {
				t.Fatal(err)
			}
			done, end := context.WithCancel(t.Context())
			defer end()
			for range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				rows, err := db.QueryContext(ctx, "SELECT 1 UNION SELECT 2")
				if err != nil {
					t.Fatal(err)
				}
				read(ctx, cancel, rows)
				// Rows that are not closed keep a goroutine and their span until cancel is called.
				defer context.AfterFunc(done, cancel)()
			}
			end()
			synctest.Wait()
			if started, ended := sdk.Started(), len(sdk.Ended()); started != ended {
				t.Errorf("%d spans started, %d ended", started, ended)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before })
	if n := sdk.Started(); n != 80 {
		t.Errorf("%d spans, want 80", n)
	}
}

// sqlSeeds lists texts that must not be recorded, such as a literal, an argument, a comment, a
// user and a password.
var sqlSeeds = []string{"LiteralSeed", "ArgumentSeed", "CommentSeed", "UserSeed", "PasswordSeed", "ParameterSeed", "24117248123"}

// seedlessDriver is the SQLite driver. It ignores the data source name and always opens a
// database in memory. Its errors contain arguments, like the errors of PostgreSQL.
type seedlessDriver struct{ *sqlite.Driver }

func (d seedlessDriver) Open(string) (driver.Conn, error) { return d.Driver.Open(":memory:") }

func TestSQLiteSecretsAreNowhere(t *testing.T) {
	sql.Register("postgres-seeded", seedlessDriver{&sqlite.Driver{}})
	sdk := oteltest.New(t)
	var log bytes.Buffer
	previous := slog.Default()
	slog.SetDefault(slog.New(setup.LogHandler(&log, nil)))
	defer slog.SetDefault(previous)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Error("otel", "error", err) }))

	for _, dsn := range []string{
		"postgres://UserSeed:PasswordSeed@db:5432/shop?application_name=ParameterSeed",
		"postgres://UserSeed:Password/@Seed:PasswordSeed@db:5432/shop",
		"host=db user=UserSeed password='PasswordSeed' dbname=shop options=ParameterSeed",
		"UserSeed PasswordSeed",
	} {
		db, err := sqltrace.Open("postgres-seeded", dsn, append(sqlOptions(sdk), sqltrace.WithTransactions(), sqltrace.WithQueryNames())...)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		useSeeds(t, db)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	everything := log.String() + fmt.Sprint(allSpans(sdk)) + fmt.Sprint(allMetrics(t, sdk))
	for _, seed := range sqlSeeds {
		if i := strings.Index(everything, seed); i >= 0 {
			t.Errorf("%s: …%s…", seed, everything[max(0, i-100):min(len(everything), i+100)])
		}
	}
	if n := len(sdk.Ended()); n < 40 {
		t.Errorf("got only %d spans", n)
	}
}

// useSeeds executes statements of every kind. Some of them are wrong. The statements contain
// seeds.
func useSeeds(t *testing.T, db *sql.DB) {
	t.Helper()
	ctx := t.Context()
	for _, query := range []string{
		"CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT UNIQUE DEFAULT 'LiteralSeed')",
		"INSERT INTO orders (name) VALUES ('LiteralSeed'), ('It''s LiteralSeed')",
		"INSERT INTO orders (name) VALUES ('LiteralSeed')", // fails, because the table already contains this name
		"-- name: LiteralSeed's\nSELECT 1",
		"SELECT 'LiteralSeed' /* CommentSeed */ FROM orders WHERE id = 24117248123 -- CommentSeed",
		"UPDATE orders SET name = ? WHERE name = 'LiteralSeed'",
		"SELECT * FROM missing WHERE name = 'LiteralSeed'",
		"SELECT 'LiteralSeed",
		"SELEC 'LiteralSeed' LiteralSee",
		`SELECT $$LiteralSeed$$`,
	} {
		var args []any
		if strings.Contains(query, "?") {
			args = []any{"ArgumentSeed"}
		}
		_, _ = db.ExecContext(ctx, query, args...)
		if rows, err := db.QueryContext(ctx, query, args...); err == nil {
			for rows.Next() {
				continue
			}
			rows.Close()
		}
		if stmt, err := db.PrepareContext(ctx, query); err == nil {
			_, _ = stmt.ExecContext(ctx, args...)
			stmt.Close()
		}
		if tx, err := db.BeginTx(ctx, nil); err == nil {
			_, _ = tx.ExecContext(ctx, query, args...)
			_ = tx.Commit()
		}
	}
}

func allSpans(sdk *oteltest.SDK) (out []string) {
	for _, s := range sdk.Ended() {
		out = append(out, fmt.Sprint(s.Name(), s.Status(), s.Events(), s.Links(), s.InstrumentationScope(), s.Resource()))
		for _, attr := range s.Attributes() {
			out = append(out, string(attr.Key)+"="+attr.Value.String())
		}
	}
	return out
}

func allMetrics(t *testing.T, sdk *oteltest.SDK) (out []string) {
	t.Helper()
	for _, name := range []string{
		"db.client.operation.duration", "db.client.connection.create_time", "db.client.connection.wait_time",
		"db.client.connections.create_time", "db.client.connections.wait_time",
	} {
		points := sdk.Seconds(t, name)
		for _, p := range points {
			out = append(out, name+p.Attributes.Encoded(attribute.DefaultEncoder())+fmt.Sprint(p.Exemplars))
		}
	}
	return out
}
