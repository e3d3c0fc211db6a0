package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
)

// postgresVariable and mariaDBVariable hold the addresses of the databases of
// `make services`.
const (
	postgresVariable = "SPOR_POSTGRES_URL"
	mariaDBVariable  = "SPOR_MARIADB_DSN"
)

// newPostgres drops the database with this name, makes it again, and runs the statements in
// it. It returns the URL of the database.
func newPostgres(ctx context.Context, name string, statements ...string) (*url.URL, error) {
	u, err := url.Parse(os.Getenv(postgresVariable))
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", postgresVariable)
	}
	if err := psql(ctx, u, "drop database if exists "+name+" with (force)", "create database "+name+" template template0"); err != nil {
		return nil, err
	}
	u.Path = "/" + name
	return u, psql(ctx, u, statements...)
}

// psql runs statements in a database of PostgreSQL.
func psql(ctx context.Context, u *url.URL, statements ...string) error {
	args := []string{"-XAtq", "-v", "ON_ERROR_STOP=1"}
	for _, statement := range statements {
		args = append(args, "-c", statement)
	}
	if len(statements) == 0 {
		return nil
	}
	_, err := command(ctx, "", nil, "psql", append(args, u.String())...)
	return err
}

// mariaDB runs a text with statements in MariaDB.
func mariaDB(ctx context.Context, host, port, user, password, statements string) error {
	_, err := command(ctx, "", []string{"MYSQL_PWD=" + password}, "mariadb", "--no-defaults", "-h", host, "-P", port, "-u", user, "-e", statements)
	return err
}
