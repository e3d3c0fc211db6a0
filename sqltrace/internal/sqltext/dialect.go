package sqltext

import (
	"strings"

	"github.com/DataDog/go-sqllexer"
)

// A Dialect is how a database reads quotes and comments.
type Dialect uint8

// The dialects that are known. Of [Other] no text is given where the others
// disagree about what a literal is.
const (
	Other Dialect = iota
	PostgreSQL
	MySQL
	SQLite
	SQLServer
)

// DialectOf returns the dialect of a value of db.system.name.
func DialectOf(system string) Dialect {
	switch system {
	case "postgresql", "cockroachdb", "aws.redshift":
		return PostgreSQL
	case "mysql", "mariadb":
		return MySQL
	case "sqlite":
		return SQLite
	case "microsoft.sql_server":
		return SQLServer
	}
	return Other
}

// lexer returns a lexer of the dialect nearest to d. Those of SQLite do not take
// a backslash for an escape either; in MySQL's own mode the lexer would rewrite
// the names it finds.
func (d Dialect) lexer(text string) *sqllexer.Lexer {
	switch d {
	case PostgreSQL:
		return sqllexer.New(text, sqllexer.WithDBMS(sqllexer.DBMSPostgres))
	case SQLite, SQLServer:
		return sqllexer.New(text, sqllexer.WithDBMS(sqllexer.DBMSSQLServer))
	default:
		return sqllexer.New(text)
	}
}

// doubtful reports whether where the literals of text are depends on things that
// are not known of d.
func (d Dialect) doubtful(text string) bool {
	return d == Other && strings.ContainsAny(text, "\\#`[$")
}

// nests reports whether a comment of d may hold another.
func (d Dialect) nests() bool { return d == PostgreSQL || d == SQLServer || d == Other }
