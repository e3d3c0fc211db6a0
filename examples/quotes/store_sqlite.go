package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // this driver does not need a C compiler

	"github.com/nais/spor/examples/quotes/quotespb"
	"github.com/nais/spor/sqltrace"
)

// sqliteStore stores quotes in a file.
type sqliteStore struct {
	db  *sql.DB
	dir string // a temporary directory, which close removes, or ""
}

// openSQLite opens the file SQLITE_FILE. Without this variable, it makes a file in a temporary
// directory.
func openSQLite(ctx context.Context) (s *sqliteStore, err error) {
	s = &sqliteStore{}
	file := os.Getenv("SQLITE_FILE")
	if file == "" {
		if s.dir, err = os.MkdirTemp("", "quotes-"); err != nil {
			return nil, err
		}
		file = filepath.Join(s.dir, "quotes.db")
	}
	s.db, err = sqltrace.Open("sqlite", file+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	for _, create := range []string{
		`CREATE TABLE IF NOT EXISTS quotes (id TEXT PRIMARY KEY, author TEXT NOT NULL, text TEXT NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS statistics (author TEXT PRIMARY KEY, quotes INTEGER NOT NULL)`,
	} {
		if _, err := s.db.ExecContext(ctx, create); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *sqliteStore) close() {
	if err := errors.Join(s.db.Close(), os.RemoveAll(s.dir)); err != nil {
		slog.Error("store was not closed", "error", err)
	}
}

func (s *sqliteStore) add(ctx context.Context, q *quotespb.Quote) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO quotes (id, author, text) VALUES (?, ?, ?)`, q.GetId(), q.GetAuthor(), q.GetText())
	return err
}

func (s *sqliteStore) get(ctx context.Context, id string) (*quotespb.Quote, error) {
	q := &quotespb.Quote{Id: id}
	err := s.db.QueryRowContext(ctx, `SELECT author, text FROM quotes WHERE id = ?`, id).Scan(&q.Author, &q.Text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoQuote
	}
	return q, err
}

func (s *sqliteStore) list(ctx context.Context) ([]*quotespb.Quote, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, author, text FROM quotes ORDER BY rowid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var quotes []*quotespb.Quote
	for rows.Next() {
		q := &quotespb.Quote{}
		if err := rows.Scan(&q.Id, &q.Author, &q.Text); err != nil {
			return nil, err
		}
		quotes = append(quotes, q)
	}
	return quotes, rows.Err()
}

func (s *sqliteStore) count(ctx context.Context, author string) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO statistics (author, quotes) VALUES (?, 1)
		ON CONFLICT (author) DO UPDATE SET quotes = statistics.quotes + 1`, author)
	return err
}

func (s *sqliteStore) statistics(ctx context.Context) (counts map[string]int, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT author, quotes FROM statistics`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	counts = map[string]int{}
	for rows.Next() {
		var author string
		var quotes int
		if err := rows.Scan(&author, &quotes); err != nil {
			return nil, err
		}
		counts[author] = quotes
	}
	return counts, rows.Err()
}
