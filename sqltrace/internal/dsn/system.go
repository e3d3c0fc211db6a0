package dsn

import (
	"reflect"
	"strings"
)

// systems maps a part of a driver's name or import path to the database system of the
// driver. The first match is used.
var systems = []struct{ part, system string }{
	{"cockroach", "cockroachdb"},
	{"redshift", "aws.redshift"},
	{"postgres", "postgresql"},
	{"pgx", "postgresql"},
	{"lib/pq", "postgresql"},
	{"mariadb", "mariadb"},
	{"mysql", "mysql"},
	{"sqlite", "sqlite"},
	{"sqlserver", "microsoft.sql_server"},
	{"mssql", "microsoft.sql_server"},
	{"azuresql", "microsoft.sql_server"},
	{"oracle", "oracle.db"},
	{"godror", "oracle.db"},
	{"go-ora", "oracle.db"},
	{"clickhouse", "clickhouse"},
	{"snowflake", "snowflake"},
	{"trino", "trino"},
	{"spanner", "gcp.spanner"},
}

// SystemOf returns the db.system.name of a driver. name is the name under which the driver
// is registered, or "". SystemOf first looks for a known part in name, and then in the
// import path of the driver's type. If neither contains a known part, it returns "".
func SystemOf(name string, driver any) string {
	if system := systemIn(name); system != "" {
		return system
	}
	t := reflect.TypeOf(driver)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return ""
	}
	return systemIn(t.PkgPath())
}

func systemIn(text string) string {
	text = strings.ToLower(text)
	for _, s := range systems {
		if strings.Contains(text, s.part) {
			return s.system
		}
	}
	return ""
}
