// Package pgxtrace traces and measures pgx v5 and its pools.
//
// Put [NewPool] where [pgxpool.New] was:
//
//	pool, err := pgxtrace.NewPool(ctx, os.Getenv("DATABASE_URL"))
//
// [NewPoolWithConfig] takes a configuration. A connection without a pool has a
// [Tracer]:
//
//	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
//	config.Tracer = pgxtrace.Tracer()
//	conn, err := pgx.ConnectConfig(ctx, config)
//
// The options are those of package sqltrace.
//
// Each statement makes one CLIENT span named after what it does and to which
// tables, such as SELECT orders, with the attributes that package sqltrace tells
// of, whether or not there is a span around it, and is counted in
// db.client.operation.duration. It ends when the server has answered: what the
// program does between reading two rows is not part of it. One that is executed by
// the name under which it was prepared is known by its text. CopyFrom is COPY
// orders, and lasts until the program has no more rows.
//
// In a batch each statement has its span, under an INTERNAL one, BATCH, with
// db.operation.batch.size. The server sends the answers of a batch when it has
// enough of them, or all: statements whose answers came together take as long as
// that took, each of them.
//
// Connecting and preparing for a statement (INTERNAL), preparing for the program,
// BEGIN, COMMIT, ROLLBACK and the like make spans only when they fail or take
// 100 ms; getting a connection never does.
//
// A pool is measured until it is closed: db.client.connection.count, .max,
// .idle.min, .idle.max, .pending_requests, .timeouts and, in seconds, .create_time,
// .wait_time and .use_time, and db.client.connections.usage and the like in
// milliseconds, which Nais APM reads; OTEL_SEMCONV_STABILITY_OPT_IN=database leaves
// those out.
//
// Never recorded: what package sqltrace never records.
//
// Traps: under a span that the same tracer provider does not record no spans are
// started, so that unsampled requests cost nothing; measurements are made. Wrapping a database/sql pool that is on top of a traced pgx pool makes no
// second span; this package's stays. Listening for notifications and pings are not
// told to tracers. A transaction that is neither ended nor given back to a pool has
// a span (see [sqltrace.WithTransactions]) that does not end. The trace context that
// [sqltrace.WithSQLCommenter] asks for goes into the text on its way to the server,
// and so only to statements that are not in a batch and that no mode of pgx caches
// on the server: QueryExecModeExec, QueryExecModeSimpleProtocol and those without a
// name.
package pgxtrace
