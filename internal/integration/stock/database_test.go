package stock_test

import (
	"context"
	"database/sql"
	"testing"

	xsam "github.com/XSAM/otelsql"
	uptrace "github.com/uptrace/opentelemetry-go-extra/otelsql"
	nhat "go.nhat.io/otelsql"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	_ "modernc.org/sqlite" // registers the driver
)

var sqlite = semconv.DBSystemNameKey.String("sqlite")

// TestSQL checks the spans of queries of three libraries for database/sql.
func TestSQL(t *testing.T) {
	for name, open := range map[string]func() (*sql.DB, error){
		"otelsql":           func() (*sql.DB, error) { return xsam.Open("sqlite", ":memory:", xsam.WithAttributes(sqlite)) },
		"uptrace's otelsql": func() (*sql.DB, error) { return uptrace.Open("sqlite", ":memory:", uptrace.WithAttributes(sqlite)) },
		"nhat's otelsql": func() (*sql.DB, error) {
			driver, err := nhat.Register("sqlite", nhat.TraceQueryWithoutArgs(), nhat.WithSystem(sqlite))
			if err != nil {
				return nil, err
			}
			return sql.Open(driver, ":memory:")
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := export(t, func(ctx context.Context) {
				db, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				db.SetMaxOpenConns(1)
				if _, err := db.ExecContext(ctx, "CREATE TABLE orders (id TEXT)"); err != nil {
					t.Fatal(err)
				}
				rows, err := db.QueryContext(ctx, "SELECT id FROM orders WHERE id = ?", "x")
				if err != nil {
					t.Fatal(err)
				}
				if err := rows.Close(); err != nil {
					t.Fatal(err)
				}
				if err := rows.Err(); err != nil {
					t.Fatal(err)
				}
			})
			attrs := e.mustHave(t, client, "SELECT orders", "db.sql.table", "orders", "db.query.summary", "SELECT orders", "db.system", "sqlite")
			if operation := attrs["db.operation.name"]; operation != "SELECT" {
				t.Errorf("db.operation.name is %q", operation)
			}
			e.mustHave(t, client, "CREATE TABLE orders")
			e.mustLight(t, "Operations: database", "Dependency detail", "Database: rate and errors", "Database: traces", "Database: top queries", "Trace breakdowns")
			e.mustDarken(t)
		})
	}
}
