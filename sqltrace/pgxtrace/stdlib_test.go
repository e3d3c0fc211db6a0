package pgxtrace_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

func useDB(t *testing.T, db *sql.DB) {
	t.Helper()
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	rows, err := tx.QueryContext(t.Context(), point, "1")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		continue
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	stmt, err := tx.PrepareContext(t.Context(), "UPDATE lines SET a = $1")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	if _, err := stmt.ExecContext(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// TestPoolUnderDatabaseSQLIsNotTracedTwice checks a traced pool that database/sql uses.
// Each statement must make one span, and the scope of the span must be this package.
func TestPoolUnderDatabaseSQLIsNotTracedTwice(t *testing.T) {
	sdk := oteltest.New(t)
	pool := new(server).open(t, sdk, "")
	for name, db := range map[string]*sql.DB{
		"alone":         stdlib.OpenDBFromPool(pool),
		"with sqltrace": sqltrace.OpenDB(stdlib.GetPoolConnector(pool), options(sdk)...),
	} {
		t.Run(name, func(t *testing.T) {
			sdk.Forget()
			db.SetMaxIdleConns(0)
			useDB(t, db)
			wantNames(t, sdk, "client SELECT orders", "client UPDATE lines")
			for _, span := range ended(sdk) {
				if got := span.InstrumentationScope().Name; got != "github.com/nais/spor/sqltrace/pgxtrace" {
					t.Errorf("%s has the scope %s", span.Name(), got)
				}
			}
			wantAttributes(t, ended(sdk)[1], map[string]string{"db.query.text": "UPDATE lines SET a = $1"})
		})
	}
	if got := sdk.Sums(t, "db.client.connection.count", "db.client.connection.pool.name"); len(got) != 1 {
		t.Errorf("pools %v", got)
	}
}

func TestConnectorWithTracerIsNotTracedTwice(t *testing.T) {
	sdk := oteltest.New(t)
	config := new(server).config(t, "").ConnConfig
	config.Tracer = pgxtrace.Tracer(options(sdk)...)
	useDB(t, sqltrace.OpenDB(stdlib.GetConnector(*config), options(sdk)...))
	wantNames(t, sdk, "client SELECT orders", "client UPDATE lines")
}

func TestConnectorWithoutTracerIsTraced(t *testing.T) {
	sdk := oteltest.New(t)
	config := new(server).config(t, "").ConnConfig
	useDB(t, sqltrace.OpenDB(stdlib.GetConnector(*config), options(sdk)...))
	wantNames(t, sdk, "client SELECT orders", "client UPDATE lines")
	if got := ended(sdk)[0].InstrumentationScope().Name; got != "github.com/nais/spor/sqltrace" {
		t.Errorf("scope %s", got)
	}
}

// TestTracerOfConnection checks a traced connection that is not in a pool.
func TestTracerOfConnection(t *testing.T) {
	sdk := oteltest.New(t)
	config := new(server).config(t, "").ConnConfig
	config.Tracer = pgxtrace.Tracer(options(sdk)...)
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := query(t.Context(), conn, point, "1"); err != nil {
		t.Fatal(err)
	}
	wantNames(t, sdk, "client SELECT orders")
}
