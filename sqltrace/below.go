package sqltrace

import (
	"database/sql/driver"
	"reflect"
	"strings"

	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// tracedBelow reports whether package pgxtrace traces the pgx connection inside raw. If so,
// pgxtrace records the statements, because it has more information about the connection.
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

// noStatementCache lists the packages of drivers that do not cache the texts that they
// execute without preparing, and whose database does not cache them either. A comment
// that differs in each text costs nothing there.
var noStatementCache = map[string]bool{
	"github.com/lib/pq":              true,
	"github.com/go-sql-driver/mysql": true,
}
