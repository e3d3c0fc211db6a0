// Package sqltrace traces and measures database/sql.
//
// Replace [database/sql.Open] with [Open]:
//
//	db, err := sqltrace.Open("pgx", os.Getenv("DATABASE_URL"))
//
// Import the driver as before. The options of this package are the last arguments of Open.
// [OpenDB] accepts a connector instead of a name. [Driver] is for programs that register
// drivers.
//
// Each statement makes one CLIENT span. The span is named after the operation and its
// tables, such as SELECT orders. It has the attributes db.system.name, db.namespace,
// db.operation.name, db.collection.name, db.query.summary, db.query.text, server.address
// and server.port, if they are known. The number of rows is db.response.returned_rows or
// db.response.affected_rows. If the statement fails, the span also has error.type. If the
// error has an SQLSTATE or an error code of the driver, the span has this code as
// db.response.status_code. Each statement is also recorded in the histogram
// db.client.operation.duration. Names and attributes follow
// https://opentelemetry.io/docs/specs/semconv/db/ (v1.43.0). By default, the only exception
// is db.response.affected_rows, which the conventions do not define.
//
// A statement makes only one span, even if the driver must prepare the statement first, or
// if database/sql tries the statement again on another connection. If the database reports
// an error or the deadline passes, the status of the span is Error. If the caller cancels
// the context, or if the error is [database/sql.ErrNoRows], the status is not Error.
//
// Connecting, preparing, BEGIN, COMMIT and ROLLBACK make a span only if they fail or take
// at least 100 ms. The span for connecting has the kind INTERNAL. Resets, checks and pings
// of connections never make a span.
//
// The pool is measured until it is closed. Its last values are exported with the next metrics,
// so that a job that ends before its first export also exports them. The number of idle
// connections is then the number before the pool was closed. If another pool with the same name
// is open, only the values of that pool are exported. The metrics are db.client.connection.count,
// .max, .create_time and .wait_time, with times in seconds. The metric .max is recorded
// only if the pool has a maximum. The same values are also recorded under the older names
// that Nais APM reads, such as db.client.connections.usage, with times in milliseconds.
// OTEL_SEMCONV_STABILITY_OPT_IN=database turns the older names off. There is no metric for
// requests that are waiting for a connection or that timed out, because database/sql does
// not report how many there are.
//
// [WithTransactions] adds a span around each transaction. [WithQueryNames] names spans
// after the queries of sqlc. Two more options add attributes that the conventions do not
// define. [WithSlowQueries] sets db.query.slow on the span of a statement that takes long.
// If a trace repeats a statement too often, [WithRepeatedQueries] sets db.query.repeated on
// the parent span. [WithSQLCommenter] adds the trace context to the query text, so that the
// log of the database shows the trace context.
//
// This package never records the arguments, the literals or the comments of a query. The
// only exception is the name that [WithQueryNames] reads from a comment. Of a data source
// name, this package records only the address, the port and the name of the database, and
// never the user or the password. It does not record the text of an error either, because
// databases quote values in this text.
//
// Known limits:
//
//   - A statement without a parent span starts a new trace. This happens if the context has
//     no span, for example in a job without setup.WithRootSpan. It also happens if the
//     program calls a method without a context parameter, such as Query.
//   - Rows that the program does not close keep their connection. Their span does not end,
//     and their duration is not recorded.
//   - [database/sql.Conn.Raw] passes a wrapper to its function. [Unwrap] returns the
//     connection that the driver made.
//   - If a connection of pgx's driver for database/sql is already traced by package
//     pgxtrace, this package does not trace the connection.
//   - If a data source name cannot be read with certainty, the address is not recorded.
//     [WithAttributes] can set the address.
//
// Until an SDK is installed, statements are not traced and cost nothing. If the parent span
// is not recorded and is from the same tracer provider, the statement is not traced either.
// Such a statement costs nothing, unless a meter provider measures it.
package sqltrace
