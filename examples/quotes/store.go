package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver, which needs no C

	"github.com/nais/spor/examples/quotes/quotespb"
	"github.com/nais/spor/sqltrace"
)

// store keeps quotes in SQLite, in a directory of its own.
type store struct {
	db  *sql.DB
	dir string
}

var errNoQuote = errors.New("no such quote")

func openStore(ctx context.Context) (*store, error) {
	dir, err := os.MkdirTemp("", "quotes-")
	if err != nil {
		return nil, err
	}
	s := &store{dir: dir}
	s.db, err = sqltrace.Open("sqlite", filepath.Join(dir, "quotes.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	_, err = s.db.ExecContext(ctx, `CREATE TABLE quotes (id TEXT PRIMARY KEY, author TEXT NOT NULL, text TEXT NOT NULL)`)
	if err != nil {
		s.close()
		return nil, err
	}
	if _, err := s.db.ExecContext(ctx, createStatistics); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close forgets the quotes.
func (s *store) close() {
	if err := errors.Join(s.db.Close(), os.RemoveAll(s.dir)); err != nil {
		slog.Error("store was not left in order", "error", err)
	}
}

func (s *store) add(ctx context.Context, q *quotespb.Quote) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO quotes (id, author, text) VALUES (?, ?, ?)`, q.GetId(), q.GetAuthor(), q.GetText())
	return err
}

// get returns errNoQuote if there is none.
func (s *store) get(ctx context.Context, id string) (*quotespb.Quote, error) {
	q := &quotespb.Quote{Id: id}
	err := s.db.QueryRowContext(ctx, `SELECT author, text FROM quotes WHERE id = ?`, id).Scan(&q.Author, &q.Text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoQuote
	}
	return q, err
}

// list returns every quote, the oldest first.
func (s *store) list(ctx context.Context) ([]*quotespb.Quote, error) {
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
