package sqltext

import "github.com/DataDog/go-sqllexer"

// A Dialect selects how a database reads quotes and comments.
type Dialect uint8

// These are the known dialects. [Other] is SQL with unknown rules. If the dialect is Other,
// the text of a query is cut at the first place that two databases could read differently.
// [Opaque] is not SQL, so the text of the query is not recorded.
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

// DialectOf returns the dialect for a value of db.system.name.
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

// rules define how a dialect reads characters that begin a literal, a name or a comment. If
// a field has the zero value, the rule is unknown. A rule that depends on a mode of the
// server is also unknown. If an unknown rule applies at some place, the text is doubtful
// from this place on.
type rules struct {
	single, double, back quote
	bracket              kind // how […] is read; symbol if brackets do not quote names
	hash                 kind // how # is read: comment, symbol or word
	dashes               kind // how -- without a space after it is read: comment or symbol
	comments             nesting
	// separators contains characters that are not part of a name in the dialect, although
	// the lexer reads them as part of a name.
	separators string
	// heredoc is true if a tag such as $tag$ begins a literal, and the same tag ends it.
	heredoc bool
	// hints is true if a database may read some block comments as code or as hints. These
	// comments begin with /*! or with /*+.
	hints bool
	// foreign is true if unquoted data or code of another language may follow a statement.
	foreign bool
	// bare is true if a statement that begins with an unknown word may have unquoted
	// literals.
	bare bool
}

// The type quote defines the meaning of a text between two quotation marks.
type quote struct {
	kind kind
	// escapes is true if a backslash may be an escape character.
	escapes bool
}

// nesting defines whether a comment can contain other comments.
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
	PostgreSQL: { // some rules depend on standard_conforming_strings
		single: quote{literal, true}, double: quote{quoted, false},
		bracket: symbol, hash: symbol, dashes: comment, comments: nested, separators: "#@", heredoc: true,
	},
	MySQL: { // some rules depend on NO_BACKSLASH_ESCAPES and ANSI_QUOTES
		single: quote{literal, true}, double: quote{literal, true}, back: quote{quoted, false},
		hash: comment, dashes: symbol, comments: flat, separators: "#@", hints: true,
	},
	SQLite: { // some rules depend on SQLITE_DBCONFIG_DQS_DML
		single: quote{literal, false}, double: quote{ambiguous, false}, back: quote{quoted, false},
		bracket: quoted, dashes: comment, comments: flat, separators: "#@",
	},
	SQLServer: { // some rules depend on QUOTED_IDENTIFIER
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

// lexer returns a lexer for text. The lexer uses the dialect that is most similar to d.
// SQLite uses the lexer for SQL Server, because in both dialects a backslash is not an
// escape character. MySQL uses the default lexer, because the lexer for MySQL changes the
// names in the text.
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
