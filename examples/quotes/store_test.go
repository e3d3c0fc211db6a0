package main

import (
	"strings"
	"testing"
)

func TestPostgresVariable(t *testing.T) {
	for _, test := range []struct {
		environ []string
		want    string
	}{
		{nil, ""},
		{[]string{"DATABASE_URL=", "NAIS_DATABASE_QUOTES_QUOTES_JDBC_URL=jdbc:x", "NAIS_DATABASE_QUOTES_QUOTES_HOST=h"}, ""},
		{[]string{"DATABASE_URL=x"}, "DATABASE_URL"},
		{[]string{"NAIS_DATABASE_QUOTES_QUOTES_URL=x", "DATABASE_URL=y"}, "NAIS_DATABASE_QUOTES_QUOTES_URL"},
		{[]string{"NAIS_DATABASE_QUOTES_QUOTES_URL=x", "PGURL=y"}, "PGURL"},
	} {
		if got := postgresVariable(test.environ); got != test.want {
			t.Errorf("%q: got %q, want %q", test.environ, got, test.want)
		}
	}
}

func TestWrongURLIsOneClearError(t *testing.T) {
	t.Setenv("PGURL", "postgres://app:secret@db.example:nowhere/quotes")
	_, err := openStore(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "PGURL: ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}
