package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/nais/spor/internal/db"
)

// Classify returns the outcome of a call under ctx that returned err. [sql.ErrNoRows] is a
// success.
func Classify(ctx context.Context, err error) db.Outcome {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return db.Outcome{}
	}
	return db.Classify(ctx, err, codeOf(err))
}

// codeOf returns the status code in err. It returns "" if err has no code or is an error of
// an unknown driver.
func codeOf(err error) (code string) {
	defer func() {
		if recover() != nil { // a method of the error panicked
			code = ""
		}
	}()
	var standard interface{ SQLState() string } // pgx, lib/pq
	if errors.As(err, &standard) {
		return plain(standard.SQLState())
	}
	var numbered interface{ SQLErrorNumber() int32 } // go-mssqldb
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

// fieldOf returns the number in the error of a driver whose errors have neither of the
// methods SQLState and SQLErrorNumber.
func fieldOf(err error) (number string, found bool) {
	v := reflect.Indirect(reflect.ValueOf(err))
	if v.Kind() != reflect.Struct {
		return "", false
	}
	switch t := v.Type(); {
	case t.Name() == "MySQLError":
		v = v.FieldByName("Number")
	case t.Name() == "Error" && strings.Contains(t.PkgPath(), "sqlite"):
		if coded, ok := err.(interface{ Code() int }); ok { // modernc
			return strconv.Itoa(coded.Code()), true
		}
		v = v.FieldByName("ExtendedCode") // mattn
	default:
		return "", false
	}
	switch {
	case v.IsValid() && v.CanInt():
		return strconv.FormatInt(v.Int(), 10), true
	case v.IsValid() && v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), true
	}
	return "", false
}

// plain returns code if it has the format of an SQLSTATE, and "" otherwise, because errors
// of other kinds may also have a method SQLState.
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
