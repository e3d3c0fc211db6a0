package docs_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	sqlite "modernc.org/sqlite"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
)

// The type failing is a connector. While down is true, it cannot open a connection.
type failing struct {
	driver.Connector

	mu   sync.Mutex
	down bool
}

func (c *failing) Connect(ctx context.Context) (driver.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return nil, errors.New("no route")
	}
	return c.Connector.Connect(ctx)
}

func TestSQLPage(t *testing.T) {
	sdk := oteltest.New(t)
	connector := &failing{Connector: sqliteConnector{filepath.Join(t.TempDir(), "shop.db")}}
	db := sqltrace.OpenDB(connector, sqltrace.WithTracerProvider(sdk.TracerProvider),
		sqltrace.WithMeterProvider(sdk.MeterProvider), sqltrace.WithTransactions(), sqltrace.WithAttributes(
			semconv.ServerAddress("db.example"), semconv.ServerPort(5432), attribute.String("db.namespace", "shop")))
	defer db.Close()
	db.SetMaxOpenConns(1)
	ctx := t.Context()

	execute(t, db, "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")
	if _, err := db.ExecContext(ctx, "CALL close_orders()"); err == nil {
		t.Error("SQLite has no procedures")
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders (name) VALUES (?)", "tea"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := db.QueryRowContext(ctx, "SELECT name FROM orders WHERE id = ?", 1).Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO orders (id) VALUES (1)"); err == nil {
		t.Error("the same id was inserted twice")
	}
	if _, err := db.ExecContext(ctx, "PRAGMA foreign_keys = ON"); err != nil {
		t.Fatal(err)
	}
	wait(t, db)
	connector.down = true
	db.SetMaxIdleConns(-1)
	if err := db.PingContext(ctx); err == nil {
		t.Error("a connection was opened, although connecting fails")
	}
	compare(t, read(t, "../../../docs/sql.md"), emitted(t, sdk, "github.com/nais/spor/sqltrace"))
}

func execute(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

// The function wait makes a call while the only connection of the pool is in use. Therefore the
// call has to wait for a connection.
func wait(t *testing.T, db *sql.DB) {
	t.Helper()
	first, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- db.PingContext(t.Context()) }()
	oteltest.Eventually(t, func() bool { return db.Stats().WaitCount > 0 })
	if err := errors.Join(first.Close(), <-done); err != nil {
		t.Fatal(err)
	}
}

type sqliteConnector struct{ name string }

func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	return c.Driver().Open(c.name)
}
func (c sqliteConnector) Driver() driver.Driver { return &sqlite.Driver{} }
