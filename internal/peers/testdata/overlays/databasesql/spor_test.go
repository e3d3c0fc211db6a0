package sql_test

import (
	"database/sql"
	"database/sql/driver"
	"os"
	"testing"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/sqltrace"
)

func TestMain(m *testing.M) {
	if probe.On() {
		var opts []sqltrace.Option
		if probe.Has("commenter") {
			opts = append(opts, sqltrace.WithSQLCommenter())
		}
		if probe.Has("transactions") {
			opts = append(opts, sqltrace.WithTransactions())
		}
		sql.SporOpen = func(c driver.Connector) *sql.DB { return sqltrace.OpenDB(c, opts...) }
		sql.SporUnwrap = sqltrace.Unwrap
	}
	os.Exit(probe.Run(m))
}
