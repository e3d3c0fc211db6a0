package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"time"
)

// sqlVariants are the variants of every suite of SQL.
var sqlVariants = []string{"default", "late", "commenter+transactions+options"}

// sqlSuites are the suites of PostgreSQL, MariaDB and SQLite drivers.
var sqlSuites = []*suite{
	{
		name: "pgx", module: "github.com/jackc/pgx/v5", version: "v5.13.0",
		packages: []string{".", "pgxpool", "pgtype", "stdlib"},
		overlays: map[string]string{
			".": "pgx", "pgxpool": "pgxpool", "pgtype": "pgtype", "stdlib": "pgxstdlib",
			"sportracer": "pgxtracer", "sporprobe/sqlopen": "sqlopen",
		},
		edits: []edit{
			{files: "conn.go", fn: "connect", from: "config.Tracer", to: "tracer"},
			{files: "conn.go", fn: "connect", to: "tracer := sporTracer(config.Tracer)"},
			{files: "pgxpool/pool.go", fn: "NewWithConfig", rename: "sporNewWithConfig"},
		},
		variants: sqlVariants,
		service:  postgresVariable,
		env:      pgxEnv,
		least:    1610,
		subtests: true,
	},
	{
		name: "pgx-sqltrace", module: "github.com/jackc/pgx/v5", version: "v5.13.0",
		packages: []string{"stdlib"},
		overlays: map[string]string{"stdlib": "pgxsqltrace", "sporprobe/sqlopen": "sqlopen"},
		edits: []edit{
			{files: "stdlib/sql.go", from: "sql.OpenDB", to: "sporOpenDB"},
			{files: "stdlib/*_test.go", from: "sql.Open", to: "sporOpen"},
			{files: "stdlib/*_test.go", assert: "*stdlib.Conn", to: "sporUnwrap"},
		},
		variants: sqlVariants,
		service:  postgresVariable,
		env:      pgxEnv,
		least:    210,
		subtests: true,
	},
	{
		name: "mysql", module: "github.com/go-sql-driver/mysql", version: "v1.10.1",
		packages: []string{"."},
		overlays: map[string]string{".": "mysql", "sporprobe/sqlopen": "sqlopen"},
		edits:    withOpen(edit{files: "*_test.go", assert: "any type", to: "sporUnwrap"}),
		variants: sqlVariants,
		service:  mariaDBVariable,
		env:      mysqlEnv,
		least:    400,
		subtests: true,
	},
	{
		name: "pq", module: "github.com/lib/pq", version: "v1.12.3",
		packages: []string{"."},
		overlays: map[string]string{".": "pq", "internal/pqtest": "pqtest", "sporprobe/sqlopen": "sqlopen"},
		edits: withOpen(
			edit{files: "internal/pqtest/pqtest.go", from: "sql.Open", to: "sporOpen"},
			edit{files: "pq_test.go", fn: "TestMain", from: "m.Run()", to: "sporRun(m)"},
		),
		variants: sqlVariants,
		service:  postgresVariable,
		env:      pqEnv,
		least:    740,
		subtests: true,
	},
	{
		name: "sqlite", module: "modernc.org/sqlite", version: "v1.62.0",
		packages: []string{"."},
		overlays: map[string]string{".": "sqlite", "sporprobe/sqlopen": "sqlopen"},
		edits: withOpen(
			edit{files: "*_test.go", assert: "any type", to: "sporUnwrap"},
			edit{files: "all_test.go", fn: "testMain", from: "m.Run()", to: "sporRun(m)"},
		),
		variants: sqlVariants,
		noRace:   true,
		least:    430,
		subtests: true,
		stall:    6 * time.Minute,
	},
}

// withOpen returns the edits, and those that put sqltrace where the tests open pools.
func withOpen(edits ...edit) []edit {
	return append([]edit{
		{files: "*_test.go", from: "sql.Open", to: "sporOpen"},
		{files: "*_test.go", from: "sql.OpenDB", to: "sporOpenDB"},
	}, edits...)
}

// pgxEnv makes the database that pgx's tests need.
func pgxEnv(ctx context.Context) ([]string, error) {
	u, err := newPostgres(ctx, "spor_peers_pgx", "create extension hstore", "create extension ltree", "create domain uint64 as numeric(20,0)")
	if err != nil {
		return nil, err
	}
	return []string{"PGX_TEST_DATABASE=" + u.String()}, nil
}

// pqEnv makes the database that lib/pq's tests need. Their user is always called pqgo.
func pqEnv(ctx context.Context) ([]string, error) {
	u, err := newPostgres(ctx, "pqgo")
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	if err := psql(ctx, u, "drop role if exists pqgo", "create role pqgo login superuser password '"+password+"'"); err != nil {
		return nil, err
	}
	return []string{
		"PGHOST=" + u.Hostname(), "PGPORT=" + u.Port(), "PGDATABASE=pqgo", "PGUSER=pqgo", "PGPASSWORD=" + password, "PGSSLMODE=disable",
	}, nil
}

// mysqlEnv makes the database that the tests of go-sql-driver/mysql need.
func mysqlEnv(ctx context.Context) ([]string, error) {
	m := regexp.MustCompile(`^(\w+):(\w+)@tcp\(([\w.]+):(\d+)\)/`).FindStringSubmatch(os.Getenv(mariaDBVariable))
	if m == nil {
		return nil, errors.New(mariaDBVariable + " is not user:password@tcp(host:port)/database")
	}
	if err := mariaDB(ctx, m[3], m[4], m[1], m[2], "drop database if exists gotest; create database gotest"); err != nil {
		return nil, err
	}
	return []string{
		"MYSQL_TEST_USER=" + m[1], "MYSQL_TEST_PASS=" + m[2], "MYSQL_TEST_ADDR=" + m[3] + ":" + m[4], "MYSQL_TEST_DBNAME=gotest", "MYSQL_TEST_CONCURRENT=1",
	}, nil
}
