package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/nais/spor/examples/quotes/quotespb"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

// postgresStore stores quotes in PostgreSQL. The quotes remain when the program ends.
type postgresStore struct{ pool *pgxpool.Pool }

func openPostgres(ctx context.Context, config *pgxpool.Config) (*postgresStore, error) {
	pool, err := pgxtrace.NewPoolWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	for _, create := range []string{
		`CREATE TABLE IF NOT EXISTS quotes (
			n bigint GENERATED ALWAYS AS IDENTITY, id text PRIMARY KEY, author text NOT NULL, text text NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS statistics (author text PRIMARY KEY, quotes bigint NOT NULL)`,
	} {
		if _, err := pool.Exec(ctx, create); err != nil {
			pool.Close()
			return nil, err
		}
	}
	return &postgresStore{pool}, nil
}

func (s *postgresStore) close() { s.pool.Close() }

func (s *postgresStore) add(ctx context.Context, q *quotespb.Quote) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO quotes (id, author, text) VALUES ($1, $2, $3)`, q.GetId(), q.GetAuthor(), q.GetText())
	return err
}

func (s *postgresStore) get(ctx context.Context, id string) (*quotespb.Quote, error) {
	q := &quotespb.Quote{Id: id}
	err := s.pool.QueryRow(ctx, `SELECT author, text FROM quotes WHERE id = $1`, id).Scan(&q.Author, &q.Text)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNoQuote
	}
	return q, err
}

func (s *postgresStore) list(ctx context.Context) ([]*quotespb.Quote, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, author, text FROM quotes ORDER BY n`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*quotespb.Quote, error) {
		q := &quotespb.Quote{}
		return q, row.Scan(&q.Id, &q.Author, &q.Text)
	})
}

func (s *postgresStore) count(ctx context.Context, author string) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO statistics (author, quotes) VALUES ($1, 1)
		ON CONFLICT (author) DO UPDATE SET quotes = statistics.quotes + 1`, author)
	return err
}

func (s *postgresStore) statistics(ctx context.Context) (map[string]int, error) {
	rows, err := s.pool.Query(ctx, `SELECT author, quotes FROM statistics`)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	var author string
	var quotes int
	_, err = pgx.ForEachRow(rows, []any{&author, &quotes}, func() error {
		counts[author] = quotes
		return nil
	})
	return counts, err
}
