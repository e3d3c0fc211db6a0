// Sql is a job that fills a database. The job makes one trace, with one span per statement.
//
//	spor run -- go run ./sql
package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"

	_ "modernc.org/sqlite"

	"github.com/nais/spor/setup"
	"github.com/nais/spor/sqltrace"
)

func main() {
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
	if err := setup.Run(context.Background(), run, setup.WithRootSpan("import quotes")); err != nil {
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	// On NAIS, use the driver pgx. The variable NAIS_DATABASE_..._URL contains the URL.
	db, err := sqltrace.Open("sqlite", cmp.Or(os.Getenv("DATABASE"), ":memory:"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // because each connection has its own database in memory

	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS quotes (author TEXT NOT NULL, text TEXT NOT NULL)"); err != nil {
		return err
	}
	if err := fill(ctx, db); err != nil {
		return err
	}
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM quotes WHERE author = ?", "Grace Hopper").Scan(&n); err != nil {
		return err
	}
	slog.InfoContext(ctx, "imported", "quotes", n) // the log line has trace_id and span_id
	return nil
}

// fill adds two quotes in one transaction.
func fill(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, text := range []string{
		"A ship in port is safe, but that's not what ships are built for.",
		"Humans are allergic to change.",
	} {
		// spor does not record the arguments, which are the author and the text.
		if _, err := tx.ExecContext(ctx, "INSERT INTO quotes (author, text) VALUES (?, ?)", "Grace Hopper", text); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}
