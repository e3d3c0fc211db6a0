package main

import "context"

const createStatistics = `CREATE TABLE statistics (author TEXT PRIMARY KEY, quotes INTEGER NOT NULL)`

// count adds one to the quotes of author.
func (s *store) count(ctx context.Context, author string) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO statistics (author, quotes) VALUES (?, 1)
		ON CONFLICT (author) DO UPDATE SET quotes = statistics.quotes + 1`, author)
	return err
}
