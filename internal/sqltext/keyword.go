package sqltext

// A keyword is the meaning that a word has for the type [summarizer]. Most words have the
// keyword none.
type keyword uint8

const (
	none keyword = iota
	// These are the operations. A statement begins with one of these words.
	operation // other operations, for which no table is recorded
	kwSelect
	kwWith
	kwExplain
	kwInsert // INSERT and REPLACE: the table follows INTO
	kwUpdate
	kwDelete
	kwMerge
	kwTruncate
	kwRoutine // CALL and similar words: the name of a routine follows
	kwDefine  // CREATE, ALTER, DROP
	kwAssign  // SET, PRAGMA: the value may be unquoted
	kwAccount // GRANT, REVOKE, REASSIGN: names of users follow
	// These words stand before a table.
	kwFrom
	kwInto
	kwJoin
	kwUsing
	kwOn
	// These words may stand between one of the words above and the table.
	filler
	// These words are kinds of objects. They follow CREATE, ALTER or DROP.
	object
	user
	// These words end a list of tables.
	clause
	kwValues
	// These words change the meaning of the text that follows.
	kwIn
	kwAs
	kwDistinct
	kwIs
	plain
)

const lastOperation = kwAccount

var keywords = map[string]keyword{
	"SELECT": kwSelect, "WITH": kwWith, "EXPLAIN": kwExplain,
	"INSERT": kwInsert, "REPLACE": kwInsert, "UPSERT": kwInsert, "UPDATE": kwUpdate, "DELETE": kwDelete, "MERGE": kwMerge,
	"TRUNCATE": kwTruncate, "LOCK": kwTruncate, "COPY": kwTruncate,
	"CALL": kwRoutine, "EXEC": kwRoutine, "EXECUTE": kwRoutine, "REFRESH": kwTruncate,
	"CREATE": kwDefine, "ALTER": kwDefine, "DROP": kwDefine,
	"SET": kwAssign, "PRAGMA": kwAssign, "GRANT": kwAccount, "REVOKE": kwAccount, "REASSIGN": kwAccount,

	"ABORT": operation, "ANALYZE": operation, "ATTACH": operation, "BEGIN": operation, "CHECKPOINT": operation,
	"CLOSE": operation, "COMMENT": operation, "COMMIT": operation, "DBCC": operation, "DEALLOCATE": operation,
	"DECLARE": operation, "DESC": operation, "DESCRIBE": operation, "DETACH": operation, "DISCARD": operation,
	"DO": operation, "END": operation, "FETCH": operation, "FLUSH": operation, "KILL": operation,
	"LISTEN": operation, "LOAD": operation, "MOVE": operation, "NOTIFY": operation, "OPTIMIZE": operation,
	"PREPARE": operation, "REINDEX": operation, "RELEASE": operation, "RESET": operation, "ROLLBACK": operation,
	"SAVEPOINT": operation, "SHOW": operation, "START": operation, "UNLISTEN": operation, "UNLOCK": operation,
	"USE": operation, "VACUUM": operation,

	"FROM": kwFrom, "INTO": kwInto, "JOIN": kwJoin, "STRAIGHT_JOIN": kwJoin, "USING": kwUsing, "ON": kwOn,

	"ONLY": filler, "LATERAL": filler, "IF": filler, "NOT": filler, "EXISTS": filler, "CONCURRENTLY": filler,
	"IGNORE": filler, "LOW_PRIORITY": filler, "DELAYED": filler, "QUICK": filler, "HIGH_PRIORITY": filler,
	"OR": filler, "TEMP": filler, "TEMPORARY": filler, "UNLOGGED": filler, "UNIQUE": filler, "VIRTUAL": filler,
	"MATERIALIZED": filler, "GLOBAL": filler, "LOCAL": filler, "RECURSIVE": filler, "FOREIGN": filler,
	"BULK": filler, "OVERWRITE": filler, "CLUSTERED": filler, "NONCLUSTERED": filler, "FULLTEXT": filler,

	"TABLE": object, "VIEW": object, "INDEX": object, "SEQUENCE": object, "SCHEMA": object, "DATABASE": object,
	"FUNCTION": object, "PROCEDURE": object, "PROC": object, "TRIGGER": object, "TYPE": object,
	"EXTENSION": object, "DOMAIN": object, "TABLES": object,
	"USER": user, "ROLE": user, "LOGIN": user,

	"WHERE": clause, "GROUP": clause, "ORDER": clause, "HAVING": clause, "LIMIT": clause, "WINDOW": clause,
	"UNION": clause, "INTERSECT": clause, "EXCEPT": clause, "FOR": clause, "RETURNING": clause, "OFFSET": clause,
	"OUTPUT": clause, "OUTFILE": clause, "DUMPFILE": clause,

	"VALUES": kwValues, "IN": kwIn, "AS": kwAs, "DISTINCT": kwDistinct, "IS": kwIs,

	// These words are listed here so that the type [summarizer] treats none of them as a part
	// of a number or as a table.
	"AND": plain, "BETWEEN": plain, "LIKE": plain, "CASE": plain, "WHEN": plain, "THEN": plain, "ELSE": plain,
	"INNER": plain, "LEFT": plain, "RIGHT": plain, "FULL": plain, "CROSS": plain, "NATURAL": plain,
	"OUTER": plain, "BY": plain, "ALL": plain, "NULL": plain,
}

const longestKeyword = len("STRAIGHT_JOIN")

// lookup returns the keyword for text, and a copy of text in upper case. text may be in
// upper or lower case. If text is not a keyword, the copy is "".
func lookup(text string) (k keyword, upper string) {
	if len(text) > longestKeyword {
		return none, ""
	}
	var buf [longestKeyword]byte
	for i := range len(text) {
		c := text[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		buf[i] = c
	}
	k, found := keywords[string(buf[:len(text)])]
	if !found {
		return none, ""
	}
	return k, string(buf[:len(text)])
}
