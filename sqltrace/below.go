package sqltrace

import (
	"database/sql/driver"
	"reflect"
	"strings"

	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// tracedBelow reports whether package pgxtrace traces the pgx connection inside raw. If it
// does, pgxtrace records the statements and this package does not. The reason is that
// pgxtrace has more information about the connection.
func tracedBelow(raw driver.Conn) (traced bool) {
	defer func() { _ = recover() }() // the driver may have a different structure
	if !strings.Contains(packageOf(raw), "jackc/pgx") {
		return false
	}
	native := reflect.ValueOf(raw).MethodByName("Conn").Call(nil)[0]
	protocol, ok := reflect.TypeAssert[interface{ CustomData() map[string]any }](native.MethodByName("PgConn").Call(nil)[0])
	if !ok {
		return false
	}
	_, traced = protocol.CustomData()[sqldb.SessionKey]
	return traced
}

// noStatementCache lists driver packages. If a program executes a statement without
// preparing it, neither the driver nor its database caches the text of the statement.
// Therefore a comment that is different in each text does not fill a cache.
var noStatementCache = map[string]bool{
	"github.com/lib/pq":              true,
	"github.com/go-sql-driver/mysql": true,
}
