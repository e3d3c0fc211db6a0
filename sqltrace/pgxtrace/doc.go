// Package pgxtrace traces and measures pgx v5 and its pools.
//
// Replace [pgxpool.New] with [NewPool]:
//
//	pool, err := pgxtrace.NewPool(ctx, os.Getenv("DATABASE_URL"))
//
// [NewPoolWithConfig] takes a configuration. For a connection without a pool, set a
// [Tracer]:
//
//	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
//	config.Tracer = pgxtrace.Tracer()
//	conn, err := pgx.ConnectConfig(ctx, config)
//
// The options are those of package sqltrace.
//
// Each statement makes one CLIENT span, even if its context has no span. The span is named
// after the operation and its tables, such as SELECT orders, and has the attributes that
// package sqltrace documents. Each statement is also recorded in the histogram
// db.client.operation.duration. The span ends when the server has answered, so the time that
// the program takes between two rows is not included. If a prepared statement is executed by
// its name, the span has the text of the statement. CopyFrom makes a span such as COPY
// orders, which lasts until the program has no more rows to copy.
//
// Each statement of a batch has its own span. If a batch has several statements, their
// parent is an INTERNAL span named BATCH, which has db.operation.batch.size. The server may
// send the answers of several statements of a batch together. The span of each of these
// statements then lasts until those answers come.
//
// Connecting, preparing a statement, BEGIN, COMMIT and ROLLBACK make a span only if they fail
// or take at least 100 ms. The span of connecting is INTERNAL. The span of preparing is
// INTERNAL if pgx itself prepares a statement to execute it. Acquiring a connection from a
// pool never makes a span.
//
// A pool is measured until it is closed. Its metrics are db.client.connection.count, .max,
// .idle.min, .idle.max, .pending_requests, .timeouts, .create_time, .wait_time and
// .use_time, with times in seconds. Nais APM reads older names, so
// db.client.connections.usage and the like are recorded as well, with times in milliseconds.
// OTEL_SEMCONV_STABILITY_OPT_IN=database turns the older names off.
//
// The data that package sqltrace never records is not recorded by this package either.
//
// Known limits:
//
//   - A statement is measured but makes no span if the parent span is not recorded and is
//     from the same tracer provider. Therefore unsampled requests cost almost nothing.
//   - If package sqltrace wraps a database/sql pool that uses a traced pgx pool, only this
//     package makes spans.
//   - pgx does not report notifications and pings to tracers, so they make no spans.
//   - The span of a transaction (see [sqltrace.WithTransactions]) does not end if the
//     transaction is not ended and its connection is not released to a pool.
//   - [sqltrace.WithSQLCommenter] adds the trace context only to unnamed statements, and to
//     statements with QueryExecModeExec or QueryExecModeSimpleProtocol. Statements in a batch,
//     and statements that pgx caches on the server, do not get it.
package pgxtrace
