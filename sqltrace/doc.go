// Package sqltrace traces and measures database/sql.
//
// Put [Open] where [database/sql.Open] was:
//
//	db, err := sqltrace.Open("pgx", os.Getenv("DATABASE_URL"))
//
// The driver is imported as before, and the options of this package come last.
// [OpenDB] takes a connector, [Driver] is for programs that register drivers.
//
// Each statement makes one CLIENT span named after what it does and to which
// tables, such as SELECT orders, with db.system.name, db.namespace,
// db.operation.name, db.collection.name, db.query.summary, db.query.text,
// server.address, server.port, the rows returned or affected and, if it fails,
// error.type and db.response.status_code (the SQLSTATE or the driver's code). It is
// counted in db.client.operation.duration. Names and attributes are those of
// https://opentelemetry.io/docs/specs/semconv/db/ (v1.43.0); affected rows, which
// that does not have, are db.response.affected_rows.
//
// A statement that the driver wants prepared first, or that is tried again on
// another connection, is still one span. It is an Error when the database or the
// deadline says so, not when the caller canceled, and not for [database/sql.ErrNoRows].
// Connecting (INTERNAL), preparing, BEGIN, COMMIT and ROLLBACK make spans only when
// they fail or take 100 ms; resets, checks and pings never do.
//
// The pool is measured until it is closed: db.client.connection.count, .max,
// .create_time and .wait_time in seconds, and db.client.connections.usage and the
// like in milliseconds, which Nais APM reads;
// OTEL_SEMCONV_STABILITY_OPT_IN=database leaves those out. database/sql tells
// neither who is waiting nor who gave up, so there is no number of either.
//
// By option: spans around transactions, names of queries as sqlc has them, and three
// things that the conventions do not have: db.query.slow on the spans of statements
// that take long ([WithSlowQueries]), db.query.repeated on the span above those that
// a trace repeats ([WithRepeatedQueries]), and the trace context in the text that the
// database logs ([WithSQLCommenter]).
//
// Never recorded: arguments, literals and comments of queries, users, passwords and
// other parameters of data source names, and the text of errors, which quotes
// values.
//
// Traps: methods without a context, such as Query, and those with one that has no
// span, as in a job without setup.WithRootSpan, make each statement a trace of its own.
// Rows that are not closed keep their connection; their span ends after
// five seconds without a number of rows. [database/sql.Conn.Raw] passes a
// wrapper: see [Unwrap]. What package pgxtrace traces already, under pgx's driver for
// database/sql, is left to that. Where a data source name cannot be read for certain, the
// address is left out; see [WithAttributes]. What an SDK does, it does from when it
// is installed: until then statements cost nothing. Neither do those under a span that
// the same tracer provider does not record, unless they are measured.
package sqltrace
