package sqltrace

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// An Option changes the behavior of [Open], [OpenDB] and [Driver].
type Option func(*sqldb.Config)

// WithTracerProvider sets the provider of the tracer. The default, also for nil, is the
// global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *sqldb.Config) { c.TracerProvider = p }
}

// WithMeterProvider sets the provider of the meter. The default, also for nil, is the
// global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *sqldb.Config) { c.MeterProvider = p }
}

// WithAttributes adds attributes to every span and to db.client.operation.duration. By
// default, the driver and the data source name determine db.system.name, db.namespace,
// server.address and server.port. Values given here replace them. With [OpenDB], which gets
// no data source name, only this option can set the last three.
//
// db.client.connection.pool.name sets the name of the pool in its metrics. It is not added
// to spans and durations.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *sqldb.Config) { c.Attributes = append(c.Attributes, attrs...) }
}

// WithoutQueryText leaves out db.query.text. By default, spans have the query text without
// literals and comments.
func WithoutQueryText() Option {
	return func(c *sqldb.Config) { c.WithoutQueryText = true }
}

// WithQueryNames names spans after the names that sqlc writes into comments: GetOrder for a
// query that begins with "-- name: GetOrder :one". By default, spans are named after the
// summary of the query. Queries without such a comment keep that name.
func WithQueryNames() Option {
	return func(c *sqldb.Config) { c.QueryNames = true }
}

// WithTransactions adds an INTERNAL span to each transaction, from BEGIN to COMMIT or
// ROLLBACK. The spans of its statements are children of that span. By default, transactions
// have no span.
func WithTransactions() Option {
	return func(c *sqldb.Config) { c.Transactions = true }
}

// WithSlowQueries sets db.query.slow to true on the span of a statement that takes
// threshold or longer. By default, and if threshold is 0 or less, no span gets the
// attribute.
func WithSlowQueries(threshold time.Duration) Option {
	return func(c *sqldb.Config) { c.SlowQuery = threshold }
}

// WithRepeatedQueries finds statements that run in a loop. It counts the statements of each
// trace by their summary. When one summary occurs more than n times, the parent span of
// statement n+1 gets db.query.repeated with that summary. If a span is the parent for
// several such summaries, the last one stays. The counts are kept in bounded memory, so
// some loops are missed when very many traces run at the same time. By default, and if n is
// 0 or less, no span gets the attribute.
func WithRepeatedQueries(n int) Option {
	return func(c *sqldb.Config) { c.Repeated = n }
}

// WithSQLCommenter adds the trace context of sampled statements to their text, so that the
// log of the database shows the span. It adds the comment /*traceparent='...'*/ at the end
// of the text, before a final semicolon. It adds nothing else, such as baggage. By default,
// texts are not changed.
//
// Only a text with a single statement that reads or changes rows, such as SELECT or UPDATE,
// gets a comment. A text is never changed if the statement is prepared under a name, if the
// text already has a comment, or if a comment at its end could change its meaning.
//
// With database/sql, only the drivers github.com/lib/pq and github.com/go-sql-driver/mysql
// get comments, because they are known to keep no query texts.
func WithSQLCommenter() Option {
	return func(c *sqldb.Config) { c.SQLCommenter = true }
}
