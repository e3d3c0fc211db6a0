package dbcall

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// codeOf returns the code by which the database tells err, "" when it has none
// or it is not known where the driver keeps it.
func codeOf(err error) (code string) {
	defer func() {
		if recover() != nil { // a method of the error did
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

// fieldOf returns the number in an error of drivers whose errors have neither
// method.
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

// plain returns code if it has the form of an SQLSTATE: an error of another kind
// may have the method too.
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
