package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
		variants:      sqlVariants,
		service:       postgresVariable,
		env:           pgxEnv,
		least:         1610,
		subtests:      true,
		quick:         "Batch|Copy|Trace|Tx|Pool|Prepare|QueryRow",
		quickVariants: []string{"late"},
	},
	{
		name: "pgx-sqltrace", module: "github.com/jackc/pgx/v5", version: "v5.13.0",
		packages: []string{"stdlib"},
		overlays: map[string]string{"stdlib": "pgxsqltrace", "sporprobe/sqlopen": "sqlopen"},
		edits: []edit{
			{files: "stdlib/sql.go", from: "sql.OpenDB", to: "sporOpenDB(sql.OpenDB)"},
			{files: "stdlib/*_test.go", from: "sql.Open", to: "sporOpen(sql.Open)"},
			{files: "stdlib/*_test.go", assert: "*stdlib.Conn", to: "sporUnwrap"},
		},
		variants:      sqlVariants,
		service:       postgresVariable,
		env:           pgxEnv,
		least:         210,
		subtests:      true,
		quick:         "Conn[BQ]|Stmt|Tx|Raw|Rows|Transaction",
		quickVariants: []string{"late"},
	},
	{
		name: "mysql", module: "github.com/go-sql-driver/mysql", version: "v1.10.1",
		packages:      []string{"."},
		overlays:      map[string]string{".": "mysql", "sporprobe/sqlopen": "sqlopen"},
		edits:         withOpen(edit{files: "*_test.go", assert: "any type", to: "sporUnwrap"}),
		variants:      sqlVariants,
		service:       mariaDBVariable,
		env:           mysqlEnv,
		least:         400,
		subtests:      true,
		quick:         "Context|Multi|Prepare|Rows|Result|CRUD|Insert|Rollback|Connector|Ping",
		quickVariants: []string{"late"},
	},
	{
		name: "pq", module: "github.com/lib/pq", version: "v1.12.3",
		packages: []string{"."},
		overlays: map[string]string{".": "pq", "internal/pqtest": "pqtest", "sporprobe/sqlopen": "sqlopen"},
		edits: withOpen(
			edit{files: "internal/pqtest/pqtest.go", from: "sql.Open", to: "sporOpen(sql.Open)"},
			edit{files: "pq_test.go", fn: "TestMain", from: "m.Run()", to: "sporRun(m)"},
			// An unexpected query fails the test, and does not end the process.
			edit{files: "conn_test.go", fn: "TestUnexpectedEOF", from: "panic", to: "sporFail(t, cn)"},
			// Events of a listener may take longer on a busy machine.
			edit{files: "notify_test.go", fn: "wantEvent", from: "time.Millisecond", to: "time.Second"},
		),
		skip: map[string]string{
			"Example_openConfig":       "it ends the process if PostgreSQL is not at port 5432",
			"ExampleNewConnector":      "it ends the process if there is no host called postgres",
			"ExampleRegisterTLSConfig": "it ends the process if there is no host called postgres",
		},
		variants:      sqlVariants,
		service:       postgresVariable,
		env:           pqEnv,
		least:         740,
		subtests:      true,
		quick:         ".",
		quickVariants: []string{"late"},
	},
	{
		name: "sqlite", module: "modernc.org/sqlite", version: "v1.62.0",
		packages: []string{"."},
		overlays: map[string]string{".": "sqlite", "sporprobe/sqlopen": "sqlopen"},
		edits: withOpen(
			edit{files: "*_test.go", assert: "any type", to: "sporUnwrap"},
			edit{files: "all_test.go", fn: "testMain", from: "m.Run()", to: "sporRun(m)"},
			// These three repeat one thing for up to seven minutes. Here they repeat it for a
			// minute.
			edit{files: "func_test.go", fn: "TestRegisteredFunctions", from: "1000", to: "100"},
			edit{files: "all_test.go", fn: "TestConcurrentGoroutines", from: "5000", to: "1000"},
			edit{files: "all_test.go", fn: "TestIssue51", from: "time.Minute", to: "10*time.Second"},
		),
		variants:      []string{"default", "late", "transactions+options"},
		noRace:        true,
		least:         430,
		subtests:      true,
		quick:         "Connector|Context|Authorizer|Reprepare|Null|Prepare|Column|Backup",
		quickVariants: []string{"late"},
		stall:         4 * time.Minute,
	},
}

// withOpen returns the edits, and those that put sqltrace where the tests open pools.
func withOpen(edits ...edit) []edit {
	return append([]edit{
		{files: "*_test.go", from: "sql.Open", to: "sporOpen(sql.Open)"},
		{files: "*_test.go", from: "sql.OpenDB", to: "sporOpenDB(sql.OpenDB)"},
	}, edits...)
}

// pgxEnv makes the database that pgx's tests need.
func pgxEnv(ctx context.Context, _ string) ([]string, error) {
	u, err := newPostgres(ctx, "spor_peers_pgx", "create extension hstore", "create extension ltree", "create domain uint64 as numeric(20,0)",
		"do $$ begin create role postgres; exception when duplicate_object then end $$")
	if err != nil {
		return nil, err
	}
	return []string{"PGX_TEST_DATABASE=" + u.String()}, nil
}

// pqEnv makes the database and the role that lib/pq's tests need. The tests expect that both
// are called pqgo, that the host is localhost, and that no variable has a password. dir
// becomes the home folder, which has the password.
func pqEnv(ctx context.Context, dir string) ([]string, error) {
	u, err := newPostgres(ctx, "pqgo", "alter database pqgo set timezone = 'UTC'")
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	if err := psql(ctx, u, "drop role if exists pqgo", "create role pqgo login superuser password '"+password+"'"); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, ".pgpass"), []byte("localhost:"+u.Port()+":pqgo:pqgo:"+password+"\n"), 0o600); err != nil {
		return nil, err
	}
	return []string{"PGHOST=localhost", "PGPORT=" + u.Port(), "PGDATABASE=pqgo", "PGUSER=pqgo", "PGSSLMODE=disable", "HOME=" + dir}, nil
}

// mysqlEnv makes the database that the tests of go-sql-driver/mysql need.
func mysqlEnv(ctx context.Context, _ string) ([]string, error) {
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
