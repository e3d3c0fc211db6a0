package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/nais/spor/examples/quotes/quotespb"
)

// store stores quotes, and the number of quotes of each author.
type store interface {
	add(ctx context.Context, q *quotespb.Quote) error
	// get returns the quote with that id, or errNoQuote.
	get(ctx context.Context, id string) (*quotespb.Quote, error)
	// list returns all quotes, the oldest first.
	list(ctx context.Context) ([]*quotespb.Quote, error)
	// count adds one to the author's number of quotes.
	count(ctx context.Context, author string) error
	// statistics returns the number of quotes of each author.
	statistics(ctx context.Context) (map[string]int, error)
	close()
}

var errNoQuote = errors.New("no such quote")

// openStore opens the PostgreSQL database that a variable names, or else SQLite. NAIS
// sets such a variable for both of its kinds of PostgreSQL.
func openStore(ctx context.Context) (store, error) {
	name := postgresVariable(os.Environ())
	if name == "" {
		return openSQLite(ctx)
	}
	config, err := pgxpool.ParseConfig(os.Getenv(name))
	if err != nil { // the text of err can contain the password
		return nil, fmt.Errorf("%s: not the URL of a database (want postgres://user:password@host:port/database)", name)
	}
	return openPostgres(ctx, config)
}

// postgresVariable returns the name of the variable with the URL of PostgreSQL, or ""
// if there is none.
func postgresVariable(environ []string) string {
	var names []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && isPostgres(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Max(names) // PGURL first, then NAIS_DATABASE_*_URL, then DATABASE_URL
}

func isPostgres(name string) bool {
	if name == "PGURL" || name == "DATABASE_URL" {
		return true
	}
	return strings.HasPrefix(name, "NAIS_DATABASE_") && strings.HasSuffix(name, "_URL") && !strings.HasSuffix(name, "_JDBC_URL")
}
