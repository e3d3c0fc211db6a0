//go:build integration

package stock_test

import (
	"context"
	"testing"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
)

// TestPgx checks the spans of otelpgx on a real server.
func TestPgx(t *testing.T) {
	url := service(t, "SPOR_POSTGRES_URL")
	e := export(t, func(ctx context.Context) {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		config.Tracer = otelpgx.NewTracer()
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, "SELECT relname FROM pg_class WHERE relname = $1", "x"); err != nil {
			t.Fatal(err)
		}
	})
	e.mustHave(t, client, "SELECT pg_class", "db.operation", "SELECT", "db.sql.table", "pg_class", "db.system", "postgresql")
	e.mustLight(t, "Operations: database", "Dependencies and service map", "Dependency detail", "Database: rate and errors", "Database: traces", "Database: top queries")
	e.mustDarken(t)
}
