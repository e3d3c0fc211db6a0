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

// store keeps quotes, and how many there are of each author.
type store interface {
	add(ctx context.Context, q *quotespb.Quote) error
	// get returns errNoQuote if there is none.
	get(ctx context.Context, id string) (*quotespb.Quote, error)
	// list returns every quote, the oldest first.
	list(ctx context.Context) ([]*quotespb.Quote, error)
	// count adds one to the quotes of author.
	count(ctx context.Context, author string) error
	// statistics returns how many quotes there are of each author.
	statistics(ctx context.Context) (map[string]int, error)
	close()
}

var errNoQuote = errors.New("no such quote")

// openStore opens PostgreSQL where the environment names one, as NAIS does for its
// two kinds, or else SQLite.
func openStore(ctx context.Context) (store, error) {
	name := postgresVariable(os.Environ())
	if name == "" {
		return openSQLite(ctx)
	}
	config, err := pgxpool.ParseConfig(os.Getenv(name))
	if err != nil { // whose text may hold the password
		return nil, fmt.Errorf("%s: not the URL of a database (want postgres://user:password@host:port/database)", name)
	}
	return openPostgres(ctx, config)
}

// postgresVariable returns the name of the variable that says where PostgreSQL is,
// "" if none does.
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
	return slices.Max(names) // PGURL, NAIS_DATABASE_*_URL, DATABASE_URL
}

func isPostgres(name string) bool {
	if name == "PGURL" || name == "DATABASE_URL" {
		return true
	}
	return strings.HasPrefix(name, "NAIS_DATABASE_") && strings.HasSuffix(name, "_URL") && !strings.HasSuffix(name, "_JDBC_URL")
}
