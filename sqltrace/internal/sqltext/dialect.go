package sqltext

import "github.com/DataDog/go-sqllexer"

// A Dialect is how a database reads quotes and comments.
type Dialect uint8

// The dialects that are known. [Other] is SQL with rules that are not known: its
// text ends at the first place that two databases could read differently. [Opaque]
// is not SQL: it has no text.
const (
	Other Dialect = iota
	PostgreSQL
	MySQL
	SQLite
	SQLServer
	Oracle
	ClickHouse
	Opaque
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
	case "oracle.db":
		return Oracle
	case "clickhouse":
		return ClickHouse
	case "cassandra", "couchdb", "elasticsearch", "geode", "hbase", "influxdb", "instantdb", "memcached",
		"mongodb", "neo4j", "opensearch", "redis":
		return Opaque
	}
	return Other
}

// rules are how a dialect reads what begins or hides a literal. The zero value of
// each field means that it is not known: the text is doubtful from there on. What
// a mode of the server decides is not known either.
type rules struct {
	single, double, back quote
	bracket              kind // what […] is, symbol if it is no quote
	hash                 kind // what # begins: a comment, a symbol or a name
	dashes               kind // what -- begins without a space behind: a comment, or a symbol (a minus sign)
	comments             nesting
	// separators are the characters that the lexer takes for parts of names, and the
	// dialect does not.
	separators string
	// heredoc is set where $tag$ begins a literal that ends with the same tag.
	heredoc bool
	// hints is set where /*! may begin code, and /*+ something with quotes.
	hints bool
	// foreign is set where data or code of another language may follow a statement
	// without quotes.
	foreign bool
	// bare is set where a statement that begins with an unknown word may have
	// literals without quotes.
	bare bool
}

// A quote is what a text between two quotes of one kind is.
type quote struct {
	kind kind
	// escapes is set where a backslash may be an escape.
	escapes bool
}

// nesting is whether a comment holds others.
type nesting uint8

const (
	nestingUnknown nesting = iota
	flat
	nested
)

var dialects = [...]rules{
	Other: {
		single: quote{literal, true}, double: quote{ambiguous, true}, back: quote{ambiguous, true},
		separators: "#@$", hints: true, foreign: true, bare: true,
	},
	PostgreSQL: { // standard_conforming_strings
		single: quote{literal, true}, double: quote{quoted, false},
		bracket: symbol, hash: symbol, dashes: comment, comments: nested, separators: "#@", heredoc: true,
	},
	MySQL: { // NO_BACKSLASH_ESCAPES, ANSI_QUOTES
		single: quote{literal, true}, double: quote{literal, true}, back: quote{quoted, false},
		hash: comment, dashes: symbol, comments: flat, separators: "#@", hints: true,
	},
	SQLite: { // SQLITE_DBCONFIG_DQS_DML
		single: quote{literal, false}, double: quote{ambiguous, false}, back: quote{quoted, false},
		bracket: quoted, dashes: comment, comments: flat, separators: "#@",
	},
	SQLServer: { // QUOTED_IDENTIFIER
		single: quote{literal, false}, double: quote{ambiguous, false},
		bracket: quoted, hash: word, dashes: comment, comments: nested, bare: true,
	},
	Oracle: {
		single: quote{literal, false}, double: quote{quoted, false},
		bracket: symbol, hash: symbol, dashes: comment, comments: flat, separators: "@", foreign: true,
	},
	ClickHouse: {
		single: quote{literal, true}, double: quote{quoted, true}, back: quote{quoted, true},
		bracket: symbol, dashes: comment, separators: "#@", heredoc: true, foreign: true,
	},
	Opaque: {},
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
	case Oracle:
		return sqllexer.New(text, sqllexer.WithDBMS(sqllexer.DBMSOracle))
	default:
		return sqllexer.New(text)
	}
}
