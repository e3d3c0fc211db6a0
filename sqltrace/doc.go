// Package sqltrace traces and measures database/sql.
//
// Replace [database/sql.Open] with [Open]:
//
//	db, err := sqltrace.Open("pgx", os.Getenv("DATABASE_URL"))
//
// Import the driver as before. The options of this package are the last arguments. [OpenDB]
// takes a connector. [Driver] is for programs that register drivers.
//
// Each statement makes one CLIENT span. The span is named after the operation and its
// tables, such as SELECT orders. Its attributes are db.system.name, db.namespace,
// db.operation.name, db.collection.name, db.query.summary, db.query.text, server.address,
// server.port, and the number of rows: db.response.returned_rows or
// db.response.affected_rows. If the statement fails, the span also has error.type and
// db.response.status_code (the SQLSTATE or the driver's error code). Each statement is also
// recorded in the histogram db.client.operation.duration. Names and attributes follow
// https://opentelemetry.io/docs/specs/semconv/db/ (v1.43.0), except
// db.response.affected_rows, which the conventions do not have.
//
// A statement makes only one span, even if the driver requires that it is prepared first,
// or if database/sql tries it again on another connection. The status of the span is Error
// if the database reports an error or the deadline passes. The status is not Error if the
// caller cancels the context, or if the error is [database/sql.ErrNoRows].
//
// Connecting, preparing, BEGIN, COMMIT and ROLLBACK make a span only if they fail or take
// at least 100 ms. The span of connecting is INTERNAL. Resets, checks and pings of
// connections never make a span.
//
// The pool is measured until it is closed. Its metrics are db.client.connection.count,
// .max, .create_time and .wait_time, with times in seconds. Nais APM reads older names, so
// db.client.connections.usage and the like are recorded as well, with times in
// milliseconds. OTEL_SEMCONV_STABILITY_OPT_IN=database turns the older names off. There is
// no metric for requests that wait for a connection or that time out, because database/sql
// does not report their number.
//
// Options add spans around transactions ([WithTransactions]) and name spans after the
// queries of sqlc ([WithQueryNames]). Three more options record data that the conventions
// do not have. [WithSlowQueries] sets db.query.slow on the spans of statements that take
// long. [WithRepeatedQueries] sets db.query.repeated on the parent span of statements that
// a trace repeats. [WithSQLCommenter] adds the trace context to the query text that the
// database logs.
//
// This package never records arguments, literals and comments of queries, nor users,
// passwords and other parameters of data source names. It does not record the text of
// errors either, because databases quote values in it.
//
// Known limits:
//
//   - A statement makes a new trace if its context has no span, as in a job without
//     setup.WithRootSpan, or if its method takes no context, such as Query.
//   - Rows that are not closed keep their connection. If rows are not closed within five
//     seconds, their span ends without the number of rows.
//   - [database/sql.Conn.Raw] passes a wrapper to its function. [Unwrap] returns the
//     driver's own connection.
//   - If package pgxtrace already traces a connection of pgx's driver for database/sql,
//     this package does not trace that connection.
//   - If a data source name cannot be read with certainty, the address is not recorded.
//     [WithAttributes] can set it.
//
// Statements are not traced, and cost nothing, until an SDK is installed. A statement under
// a span that the same tracer provider does not record also costs nothing, unless a
// meter provider measures it.
package sqltrace
