package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/nais/spor/internal/db"
	"github.com/nais/spor/internal/errinfo"
)

// Classify returns the outcome of a call. ctx is the context of the call, and err is the
// error that the call returned. [sql.ErrNoRows] counts as success.
func Classify(ctx context.Context, err error) db.Outcome {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return db.Outcome{}
	}
	o := db.Classify(ctx, err, codeOf(err))
	if o.Type == errinfo.TypeOf(driver.ErrBadConn) && errors.Is(err, driver.ErrBadConn) {
		o.Type = badConnection
	}
	return o
}

// badConnection is the error.type of [driver.ErrBadConn]. Without it, error.type would be the type of
// this error, which is the type of many other errors too.
const badConnection = "database/sql/driver.ErrBadConn"

// codeOf returns the status code in err. If err has no code or the driver is unknown,
// codeOf returns "".
func codeOf(err error) (code string) {
	defer func() {
		if recover() != nil { // a method of the error panicked
			code = ""
		}
	}()
	var standard interface{ SQLState() string } // the errors of pgx and lib/pq
	if errors.As(err, &standard) {
		return plain(standard.SQLState())
	}
	var numbered interface{ SQLErrorNumber() int32 } // the errors of go-mssqldb
	if errors.As(err, &numbered) {
		return strconv.Itoa(int(numbered.SQLErrorNumber()))
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if number, found := fieldOf(err); found {
			return number
		}
	}
	return ""
}

// codeFields contains the fields with the code of an error, by the name of the error's type. The
// drivers are recognized by these names, because this package imports no driver.
var codeFields = map[string][]string{
	"MySQLError":     {"Number"},             // go-sql-driver/mysql
	"OracleError":    {"ErrCode"},            // sijms/go-ora
	"Exception":      {"Code"},               // ClickHouse/clickhouse-go
	"SnowflakeError": {"SQLState", "Number"}, // snowflakedb/gosnowflake
	"VError":         {"SQLState"},           // vertica/vertica-sql-go
	"ErrTrino":       {"ErrorCode"},          // trinodb/trino-go-client
	"Error":          {"ExtendedCode"},       // mattn/go-sqlite3
}

// fieldOf returns the code in err. It is used for drivers whose errors have neither the method
// SQLState nor the method SQLErrorNumber.
func fieldOf(err error) (code string, found bool) {
	v := reflect.Indirect(reflect.ValueOf(err))
	if v.Kind() != reflect.Struct {
		return "", false
	}
	t := v.Type()
	sqlite := t.Name() == "Error" && strings.Contains(t.PkgPath(), "sqlite")
	if coded, ok := err.(interface{ Code() int }); ok && (sqlite || t.Name() == "OraErr") { // modernc.org/sqlite, godror
		return strconv.Itoa(coded.Code()), true
	}
	if t.Name() == "Error" && !sqlite {
		return "", false
	}
	for _, name := range codeFields[t.Name()] {
		if code := textOf(v.FieldByName(name)); code != "" {
			return code, true
		}
	}
	return "", false
}

// textOf returns v as text if v is a number or an SQLSTATE. Otherwise it returns "".
func textOf(v reflect.Value) string {
	switch {
	case !v.IsValid():
		return ""
	case v.IsZero():
		return ""
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	case v.Kind() == reflect.String:
		return plain(v.String())
	}
	return ""
}

// plain returns code if it has the format of an SQLSTATE. Otherwise it returns "". This
// check is necessary because other errors may also have a method SQLState.
func plain(code string) string {
	if len(code) != 5 {
		return ""
	}
	for i := range len(code) {
		if c := code[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return code
}
