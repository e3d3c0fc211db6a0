// Package pgxtrace traces and measures pgx v5 and its pools.
//
// Replace [pgxpool.New] with [NewPool]:
//
//	pool, err := pgxtrace.NewPool(ctx, os.Getenv("DATABASE_URL"))
//
// [NewPoolWithConfig] accepts a configuration. For a connection without a pool, set a
// [Tracer]:
//
//	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
//	config.Tracer = pgxtrace.Tracer()
//	conn, err := pgx.ConnectConfig(ctx, config)
//
// The functions of this package accept the options of package sqltrace.
//
// Each statement makes one CLIENT span, even if its context has no span. The span is named
// after the operation and its tables, such as SELECT orders. Its attributes are described
// in the documentation of package sqltrace. Each statement is also recorded in the
// histogram db.client.operation.duration. The span ends when the server has answered.
// Therefore it does not include the time that the program uses between two rows. If a
// prepared statement is executed by its name, the span has the text of the statement.
// CopyFrom makes a span such as COPY orders. This span lasts until the COPY is complete,
// and therefore includes the time that the program uses to produce the rows.
//
// A batch of two or more statements is one CLIENT span and one measurement. The name of the
// span is BATCH, followed by the summaries of the different statements, as in BATCH INSERT
// orders. The attribute db.operation.batch.size contains the number of statements. If a
// statement fails, the span has the error of this statement.
//
// With sqltrace.WithBatchStatements, each statement of a batch has its own CLIENT span and
// measurement, and the span of the batch is INTERNAL. The server may send the answers to
// several statements together. The span of each of these statements then lasts until the
// common answer arrives.
//
// Connecting, preparing a statement, BEGIN, COMMIT, ROLLBACK and the statements for
// savepoints make a span only if they fail or take at least 100 ms. With
// sqltrace.WithBatchStatements, statements of a batch that control a transaction make a span
// only if they fail. The span for connecting has the kind INTERNAL. The span for preparing
// also has the kind INTERNAL if pgx itself prepares a statement before it executes the
// statement. Acquiring a connection from a pool never makes a span.
//
// A pool is measured until it is closed. Its last values are exported with the next metrics, as
// in package sqltrace. Connections that were used when Close was called count as idle when they
// have been released. The metrics of a pool are db.client.connection.count, .max,
// .idle.min, .idle.max, .pending_requests, .timeouts, .create_time, .wait_time and
// .use_time, with times in seconds. The same values are also recorded under the older names
// that Nais APM reads, such as db.client.connections.usage, with times in milliseconds.
// OTEL_SEMCONV_STABILITY_OPT_IN=database turns the older names off.
//
// The documentation of package sqltrace lists the data that is never recorded. This package
// does not record this data either.
//
// Known limits:
//
//   - If the parent span is not recorded and is from the same tracer provider, a statement
//     is measured but makes no span. Therefore requests that are not sampled cost almost
//     nothing.
//   - If package sqltrace wraps a database/sql pool that uses a traced pgx pool, only
//     package pgxtrace makes spans.
//   - Notifications and pings make no spans, because pgx does not report them to tracers.
//   - The span of a transaction (see [sqltrace.WithTransactions]) ends when the transaction
//     ends, when COMMIT or ROLLBACK fails, or when the connection is released to a pool. If
//     none of these happens, the span does not end.
//   - [sqltrace.WithSQLCommenter] adds the trace context only to unnamed statements, and to
//     statements with QueryExecModeExec or QueryExecModeSimpleProtocol. Statements in a
//     batch do not get the trace context. Statements that pgx caches on the server do not
//     get it either.
package pgxtrace
