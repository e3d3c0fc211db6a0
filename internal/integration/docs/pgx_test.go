//go:build integration

package docs_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

func TestPgxPage(t *testing.T) {
	url := os.Getenv("SPOR_POSTGRES_URL")
	if url == "" {
		oteltest.Lacking(t, "SPOR_POSTGRES_URL is not set (run make services)")
	}
	sdk := oteltest.New(t)
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	config.MinConns = 1
	pool, err := pgxtrace.NewPoolWithConfig(t.Context(), config, sqltrace.WithTracerProvider(sdk.TracerProvider),
		sqltrace.WithMeterProvider(sdk.MeterProvider), sqltrace.WithTransactions())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()

	if _, err := pool.Exec(ctx, "DROP TABLE IF EXISTS pages"); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, "CREATE TABLE pages (id int PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.CopyFrom(ctx, pgx.Identifier{"pages"}, []string{"id"}, pgx.CopyFromRows([][]any{{1}, {2}})); err != nil {
		t.Fatal(err)
	}
	if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO pages VALUES (3)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var id int
	if err := pool.QueryRow(ctx, "SELECT id FROM pages WHERE id = $1", 1).Scan(&id); err != nil {
		t.Fatal(err)
	}
	batch := &pgx.Batch{}
	batch.Queue("SELECT id FROM pages WHERE id = $1", 1)
	batch.Queue("SELECT id FROM pages WHERE id = $1", 2)
	if err := pool.SendBatch(ctx, batch).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, "CALL missing()"); err == nil {
		t.Error("a missing procedure was called")
	}
	if _, err := pool.Exec(ctx, "INSERT INTO pages VALUES (1)"); err == nil {
		t.Error("the same id was inserted twice")
	}
	wait, stop := context.WithTimeout(ctx, 20*time.Millisecond)
	defer stop()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.Ping(wait); err == nil {
		t.Error("got a second connection from a pool of one")
	}
	conn.Release()
	compare(t, read(t, "../../../docs/pgx.md"), emitted(t, sdk, "github.com/nais/spor/sqltrace"))
}
