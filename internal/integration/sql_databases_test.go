//go:build integration

package integration

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"   // registers the driver
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver
	_ "github.com/lib/pq"              // registers the driver

	"github.com/nais/spor/sqltrace"
)

// The type database describes a database and its driver. The test programs run on the database.
type database struct {
	name   string
	driver string
	dsn    string
	golden string // the golden file with the spans
}

// shopName is the name of the test database, except on SQLite.
const shopName = "spor_shop"

// postgresDSN returns the data source name of the test database. The environment variable
// contains the URL of the server.
func postgresDSN(t *testing.T, variable string, params ...string) string {
	t.Helper()
	u, err := url.Parse(service(t, variable))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + shopName
	query := u.Query()
	for i := 0; i < len(params); i += 2 {
		query.Set(params[i], params[i+1])
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func mariaDSN(t *testing.T, change func(*mysql.Config)) string {
	t.Helper()
	config, err := mysql.ParseDSN(service(t, "SPOR_MARIADB_DSN"))
	if err != nil {
		t.Fatal(err)
	}
	config.DBName = shopName
	change(config)
	return config.FormatDSN()
}

func makeShop(t *testing.T, driver, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func postgresShop(t *testing.T) {
	t.Helper()
	makeShop(t, "pgx", service(t, "SPOR_POSTGRES_URL"), "DROP DATABASE IF EXISTS "+shopName+" WITH (FORCE)", "CREATE DATABASE "+shopName)
}

func pgxDatabase(t *testing.T) database {
	t.Helper()
	postgresShop(t)
	return database{"pgx", "pgx", postgresDSN(t, "SPOR_POSTGRES_URL", "application_name", "spor_shop_test"), "pgx"}
}

func pqDatabase(t *testing.T) database {
	t.Helper()
	postgresShop(t)
	return database{"pq", "postgres", postgresDSN(t, "SPOR_POSTGRES_URL", "application_name", "spor_shop_test"), "pq"}
}

// After each transaction, PgBouncer may give the connection to another client. The statements
// that were prepared on the connection stay there. Therefore the next function turns off
// automatic preparing.

func pooledPgxDatabase(t *testing.T) database {
	t.Helper()
	postgresShop(t)
	return database{"pgx by PgBouncer", "pgx", postgresDSN(t, "SPOR_PGBOUNCER_URL", "application_name", "spor_shop_test", "default_query_exec_mode", "exec"), "pgx"}
}

func pooledSimplePgxDatabase(t *testing.T) database {
	t.Helper()
	postgresShop(t)
	return database{"simple pgx by PgBouncer", "pgx", postgresDSN(t, "SPOR_PGBOUNCER_URL", "application_name", "spor_shop_test", "default_query_exec_mode", "simple_protocol"), "pgx"}
}

func pooledPqDatabase(t *testing.T) database {
	t.Helper()
	postgresShop(t)
	return database{"pq by PgBouncer", "postgres", postgresDSN(t, "SPOR_PGBOUNCER_URL", "application_name", "spor_shop_test", "binary_parameters", "yes"), "pq"}
}

func mariaShop(t *testing.T) {
	t.Helper()
	if err := mysql.SetLogger(&mysql.NopLogger{}); err != nil { // without this, the driver logs a line for every lost connection
		t.Fatal(err)
	}
	makeShop(t, "mysql", service(t, "SPOR_MARIADB_DSN"), "DROP DATABASE IF EXISTS "+shopName, "CREATE DATABASE "+shopName)
}

func mariaDatabase(t *testing.T) database {
	t.Helper()
	mariaShop(t)
	return database{"mysql", "mysql", mariaDSN(t, func(*mysql.Config) {}), "mysql"}
}

// interpolatedMariaDatabase returns MariaDB. Its driver writes the arguments into the text of
// the statement.
func interpolatedMariaDatabase(t *testing.T) database {
	t.Helper()
	mariaShop(t)
	dsn := mariaDSN(t, func(c *mysql.Config) { c.InterpolateParams, c.ParseTime = true, true })
	return database{"interpolated mysql", "mysql", dsn, "mysql"}
}

func sqliteDatabase(t *testing.T) database {
	t.Helper()
	return database{"sqlite", "sqlite", "file:" + filepath.Join(t.TempDir(), "shop.db"), "sqlite"}
}

var databases = []func(*testing.T) database{
	pgxDatabase, pqDatabase, pooledPgxDatabase, pooledSimplePgxDatabase, pooledPqDatabase,
	mariaDatabase, interpolatedMariaDatabase, sqliteDatabase,
}

func (d database) isPostgres() bool { return d.driver == "pgx" || d.driver == "postgres" }

func (d database) plain(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsn)
	return d.opened(t, db, err)
}

func (d database) traced(t *testing.T, opts ...sqltrace.Option) *sql.DB {
	t.Helper()
	db, err := sqltrace.Open(d.driver, d.dsn, opts...)
	return d.opened(t, db, err)
}

func (d database) opened(t *testing.T, db *sql.DB, err error) *sql.DB {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// The method fill deletes the tables and creates them again.
func (d database) fill(t *testing.T, db *sql.DB) {
	t.Helper()
	schema, err := os.ReadFile("shop/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	text := string(schema)
	if d.driver == "mysql" {
		text = strings.NewReplacer("text", "varchar(80)", "timestamptz", "datetime", "jsonb", "json", "bytea", "blob").Replace(text)
	}
	_, dropped := db.ExecContext(t.Context(), "DROP TABLE IF EXISTS orders")
	_, made := db.ExecContext(t.Context(), strings.TrimSuffix(strings.TrimSpace(text), ";"))
	if err := errors.Join(dropped, made); err != nil {
		t.Fatal(err)
	}
}
