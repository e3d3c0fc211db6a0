package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/nais/spor/httptrace"
)

const createStatistics = `CREATE TABLE statistics (author TEXT PRIMARY KEY, quotes INTEGER NOT NULL)`

// count adds one to the quotes of author.
func (s *store) count(ctx context.Context, author string) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO statistics (author, quotes) VALUES (?, 1)
		ON CONFLICT (author) DO UPDATE SET quotes = statistics.quotes + 1`, author)
	return err
}

// statistics returns how many quotes there are of each author.
func (s *store) statistics(ctx context.Context) (counts map[string]int, err error) {
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

// statisticsRoutes is what the worker tells the gateway over HTTP.
func (s *store) statisticsRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /statistics", func(w http.ResponseWriter, r *http.Request) {
		counts, err := s.statistics(r.Context())
		if err != nil {
			slog.ErrorContext(r.Context(), "statistics were not read", "error", err)
			http.Error(w, "no statistics", http.StatusServiceUnavailable)
			return
		}
		answer(w, r, http.StatusOK, counts)
	})
	return httptrace.Handler(mux)
}
