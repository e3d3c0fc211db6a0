package sqltrace_test

import "github.com/nais/spor/internal/conformance/reference"

// These are rows in the table. All statements of queries are SELECT, and all of updates are UPDATE. The
// program reads all rows in readsAll.
const (
	queries  = "sql/*query*"
	updates  = "sql/*exec*|sql/*committed|sql/*rolled back*|sql/not reset"
	readsAll = "sql/query|sql/prepared query|sql/query without a parent|sql/query that must be prepared|sql/query*skipped|sql/query*bad once"
)

// knownDifferences contains the differences between otelsql and spor that are right. A reason begins
// with the source of the rule: semconv (the semantic conventions, version 1.43), database/sql (what a
// driver gets without a wrapper), privacy, or Nais APM (a panel needs the data).
var knownDifferences = []reference.Line{
	// One span and one measurement for each statement.
	{"sql/*", "span connect*", reference.Exists, "yes", reference.Absent, "Nais APM: a page shows the statements; connecting has a span if it fails or takes long"},
	{"sql/*", "span BEGIN", reference.Exists, "yes", reference.Absent, "Nais APM: a page shows the statements; BEGIN has a span if it fails or takes long"},
	{"sql/*", "span COMMIT", reference.Exists, "yes", reference.Absent, "Nais APM: see BEGIN"},
	{"sql/*", "span ROLLBACK", reference.Exists, "yes", reference.Absent, "Nais APM: see BEGIN"},
	{"sql/*", "span prepare", reference.Exists, "yes", reference.Absent, "Nais APM: see BEGIN; a failed one has the name of the statement"},
	{"sql/not prepared", "span", reference.Exists, reference.Absent, "yes", "semconv: the name is {db.query.summary}, also if the statement cannot be prepared"},
	{"sql/*", "span reset", reference.Exists, "yes", reference.Absent, "semconv: a span for a call of the database; most drivers only look at the connection"},
	{"sql/*", "span rows", reference.Exists, "yes", reference.Absent, "semconv: one span for a query; reading the rows is work of the program"},
	{"sql/*", "duration ?*", reference.Exists, "yes", reference.Absent, "semconv: one measurement for each operation of the program, not for each method of the driver"},
	{"sql/*skipped", "span 2", reference.Exists, "yes", reference.Absent, "database/sql: ErrSkip only asks it to prepare the statement; the program makes one call"},
	{"sql/*skipped", "span", "status", "Error", "Unset", "database/sql: ErrSkip is no error"},
	{"sql/*skipped", "duration", "error.type", "database/sql/driver.ErrSkip", reference.Absent, "database/sql: ErrSkip is no error"},
	{"sql/*bad*", "span [23]", reference.Exists, "yes", reference.Absent, "semconv: one span for each call of the program; earlier attempts are events"},
	{"sql/*bad once", "span", "status", "Error", "Unset", "semconv: the call has succeeded with its second attempt"},
	{"sql/*bad once", "duration", "error.type", "database/sql/driver.ErrBadConn", reference.Absent, "semconv: the call has succeeded with its second attempt"},
	{"sql/*always bad", "duration", "count", "3", "1", "semconv: one measurement for each call of the program"},
	{"sql/*bad*", "span", "event", "exception", "retry", "semconv: an attempt that is repeated is no exception of the call"},
	{"sql/*bad*", "span", "event error.type", reference.Absent, "database/sql/driver.ErrBadConn", "semconv: error.type says why the attempt has failed"},
	{"sql/*always bad", "span", "event 2", reference.Absent, "retry", "semconv: see the first event"},
	{"sql/*always bad", "span", "event 2 error.type", reference.Absent, "database/sql/driver.ErrBadConn", "semconv: see the first event"},

	// What spans and measurements say about the statement.
	{queries, "span*", "name", "sql.*", "SELECT orders", "semconv: the name is {db.query.summary}"},
	{queries, "span*", "db.query.summary", reference.Absent, "SELECT orders", "semconv: Recommended if the text was parsed"},
	{queries, "duration", "db.operation.name", "sql.*", "SELECT", "semconv: the operation, not the method of the driver"},
	{queries, "span", "db.operation.name", reference.Absent, "SELECT", "semconv: Recommended if the text was parsed"},
	{updates, "span*", "name", "sql.*", "UPDATE orders", "semconv: the name is {db.query.summary}"},
	{updates, "span*", "db.query.summary", reference.Absent, "UPDATE orders", "semconv: Recommended if the text was parsed"},
	{updates, "duration", "db.operation.name", "sql.*", "UPDATE", "semconv: the operation, not the method of the driver"},
	{updates, "span*", "db.operation.name", reference.Absent, "UPDATE", "semconv: Recommended if the text was parsed"},
	{"sql/*", "*", "db.collection.name", reference.Absent, "orders", "semconv: Recommended if the text was parsed"},
	{"sql/not *", "span [BCRc]*", "name", "sql.*", "*", "semconv: the operation, or the activity if there is no operation"},
	{"sql/not *", "span [BCR]*", "db.operation.name|db.query.summary", reference.Absent, "*", "semconv: Recommended if the operation is known"},
	{queries, "span", "db.query.text", referenceQuery, referenceMasked, "semconv: the text SHOULD be sanitized"},
	{readsAll, "span", "db.response.returned_rows", reference.Absent, "2", "semconv: Opt-In, the number of rows"},
	{"sql/query of one row|sql/*rows fail", "span", "db.response.returned_rows", reference.Absent, "1", "semconv: Opt-In, the number of rows"},
	{"sql/*not read|sql/*no rows|sql/*rows are canceled|sql/*be closed", "span", "db.response.returned_rows", reference.Absent, "0", "semconv: Opt-In, the number of rows"},
	{updates, "span*", "db.response.affected_rows", reference.Absent, "3", "Nais APM: the number of rows that a statement has changed"},
	{"sql/not connected", "span connect", "kind", "client", "internal", "Nais APM: a CLIENT span is a statement"},

	// Errors.
	{"sql/*", "span*", "error.type", reference.Absent, "*", "semconv: Conditionally Required if the operation failed"},
	{"sql/*", "span*", "db.response.status_code", reference.Absent, "23505", "semconv: Conditionally Required if the operation failed and there is a code"},
	{"sql/*", "duration", "db.response.status_code", reference.Absent, "23505", "semconv: Conditionally Required if the operation failed and there is a code"},
	{"sql/*", "duration", "error.type", "*stateError", "23505", "semconv: the db.response.status_code that the database returned"},
	{"sql/*", "span*", "description", reference.Absent, "*", "semconv: the description of the error"},
	{"sql/*", "span*", "event", "exception", reference.Absent, "privacy: the message of a database quotes values"},
	{"sql/*", "span*", "event exception.message|event exception.type", "*", reference.Absent, "privacy: the message of a database quotes values"},
	{"sql/*canceled", "duration", "error.type", "*errors.errorString", "canceled", "semconv: a low-cardinality identifier; this type is the type of many errors"},
	{"sql/*canceled", "span", "status", "Error", "Unset", "semconv: a call that the program has canceled is no error"},
	{"sql/*too long", "duration", "error.type", "context.deadlineExceededError", "timeout", "semconv: timeout is its example"},
	{"sql/*rows fail|sql/*rows cannot be closed", "span", "status", "Unset", "Error", "semconv: the query has failed, although it returned rows"},
	{"sql/*rows fail|sql/*rows cannot be closed", "duration", "error.type", reference.Absent, "23505", "semconv: the query has failed, although it returned rows"},
	{"sql/*rows are canceled", "duration", "error.type", reference.Absent, "canceled", "semconv: the query has not completed"},
	{"sql/*panics", "span", "status", "Unset", "Error", "semconv: an operation that panics has failed"},
	{"sql/*panics", "duration", "error.type", reference.Absent, "panic", "semconv: an operation that panics has failed"},

	// What the driver gets.
	{"sql/*must be prepared", "answer", "driver", "*", "*", "database/sql: the converter of the driver's statement is used for the arguments"},
}
