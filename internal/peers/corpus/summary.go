package corpus

import "strings"

// operations are the words in upper case that are operations in a summary.
var operations = set(`ABORT ALTER ANALYZE ATTACH BEGIN CALL CHECKPOINT CLOSE COMMENT COMMIT COPY
	CREATE DBCC DEALLOCATE DECLARE DELETE DESC DESCRIBE DETACH DISCARD DO DROP END EXEC EXECUTE
	EXPLAIN FETCH FLUSH GRANT HANDLER INSERT KILL LISTEN LOAD LOCK MERGE MOVE NOTIFY OPTIMIZE
	PRAGMA PREPARE REASSIGN REFRESH REINDEX RELEASE RENAME REPLACE RESET REVOKE ROLLBACK
	SAVEPOINT SELECT SET SHOW START TABLE TRUNCATE UNLISTEN UNLOCK UPDATE UPSERT USE VACUUM
	VALUES`)

// objects are the words that may follow CREATE, ALTER or DROP in a summary.
var objects = set(`DATABASE DOMAIN EXTENSION FUNCTION INDEX PROC PROCEDURE SCHEMA SEQUENCE TABLE
	TABLES TRIGGER TYPE VIEW`)

func set(words string) map[string]bool {
	s := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		s[word] = true
	}
	return s
}

// namesIn returns the words of a summary that are not operations. Operations are written in
// upper case. The kind of object, such as TABLE, belongs to the operation.
func namesIn(summary string) (names []string) {
	previous := ""
	for word := range strings.FieldsSeq(summary) {
		switch {
		case operations[word]:
		case objects[word] && (previous == "CREATE" || previous == "ALTER" || previous == "DROP"):
		default:
			names = append(names, word)
		}
		previous = word
	}
	return names
}
