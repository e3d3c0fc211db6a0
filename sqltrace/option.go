package sqltrace

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// An Option changes the behavior of [Open], [OpenDB] and [Driver]. The functions of package
// pgxtrace accept the same options.
type Option func(*sqldb.Config)

// WithTracerProvider sets the provider of the tracer. If the option is not used or p is
// nil, the global provider is used.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *sqldb.Config) { c.TracerProvider = p }
}

// WithMeterProvider sets the provider of the meter. If the option is not used or p is nil,
// the global provider is used.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *sqldb.Config) { c.MeterProvider = p }
}

// WithAttributes adds attributes to every span and to db.client.operation.duration. By
// default, db.system.name, db.namespace, server.address and server.port are read from the
// driver and the data source name. If attrs contains one of these attributes, its value is
// used instead. [OpenDB] gets no data source name. With OpenDB, therefore, db.namespace,
// server.address and server.port are recorded only if this option sets them.
//
// If attrs contains db.client.connection.pool.name, its value is used as the name of the
// pool in the pool metrics. This attribute is not added to spans and durations.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *sqldb.Config) { c.Attributes = append(c.Attributes, attrs...) }
}

// WithoutQueryText leaves out db.query.text. By default, spans have the query text without
// literals and comments.
func WithoutQueryText() Option {
	return func(c *sqldb.Config) { c.WithoutQueryText = true }
}

// WithQueryNames names spans after the names that sqlc writes into comments. For example,
// the span of a query that begins with "-- name: GetOrder :one" is named GetOrder. By
// default, spans are named after the summary of the query. A query without such a comment
// still has the default name.
func WithQueryNames() Option {
	return func(c *sqldb.Config) { c.QueryNames = true }
}

// WithTransactions adds an INTERNAL span to each transaction. The span lasts from BEGIN to
// COMMIT or ROLLBACK. It is the parent of the spans of the statements in the transaction.
// The exception is a statement whose context contains another span than the context of
// BEGIN. The parent is then the span in the context of the statement. By default,
// transactions have no span.
func WithTransactions() Option {
	return func(c *sqldb.Config) { c.Transactions = true }
}

// WithBatchStatements adds a CLIENT span for each statement of a batch of pgx, with its own duration.
// Their parent is then an INTERNAL span for the batch. By default, a batch of two or more statements
// is one CLIENT span and one measurement, because the program waits for it once. Package sqltrace
// itself has no batches.
func WithBatchStatements() Option {
	return func(c *sqldb.Config) { c.BatchStatements = true }
}

// WithSlowQueries sets db.query.slow to true on the span of a statement that takes
// threshold or longer. If the option is not used or threshold is 0 or less, no span gets
// the attribute.
func WithSlowQueries(threshold time.Duration) Option {
	return func(c *sqldb.Config) { c.SlowQuery = threshold }
}

// WithRepeatedQueries finds statements that run in a loop. It counts the statements of each
// trace by their summary. When a trace has more than n statements with the same summary,
// the parent span of statement n+1 gets the attribute db.query.repeated. Its value is the
// summary. If several summaries are repeated under one parent span, the span has the last
// of these summaries. The counts are kept in bounded memory. Therefore some loops are not
// found when very many traces are active at the same time. If the option is not used or n
// is 0 or less, no span gets the attribute.
func WithRepeatedQueries(n int) Option {
	return func(c *sqldb.Config) { c.Repeated = n }
}

// WithSQLCommenter adds the trace context to the text of each sampled statement. Therefore
// the log of the database shows which span the statement belongs to. The comment
// /*traceparent='...'*/ is inserted at the end of the text, before a final semicolon. Other
// data, such as baggage, is not added. By default, texts are not changed.
//
// A text gets a comment only if it consists of a single statement that reads or changes
// rows, such as SELECT or UPDATE. A text is never changed in these three cases:
//   - The statement is prepared: by database/sql, or under a name by pgx.
//   - The text already has a comment.
//   - A comment at the end of the text could change the meaning of the text.
//
// With database/sql, only statements of the drivers github.com/lib/pq and
// github.com/go-sql-driver/mysql get comments, because these drivers keep no query texts.
func WithSQLCommenter() Option {
	return func(c *sqldb.Config) { c.SQLCommenter = true }
}
