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
	// get returns the quote with this id. If there is no such quote, it returns errNoQuote.
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

// openStore opens the PostgreSQL database whose URL is in an environment variable. Without
// such a variable, it opens SQLite. NAIS has two kinds of PostgreSQL, and sets such a
// variable for each kind.
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

// postgresVariable returns the name of the variable that contains the URL of PostgreSQL.
// If there is no such variable, it returns "".
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
