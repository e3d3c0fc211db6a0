package sqltrace

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/sqltrace/internal/sqldb"
)

// An Option changes what [Open], [OpenDB] and [Driver] do.
type Option func(*sqldb.Config)

// WithTracerProvider sets the provider of the tracer. The default is the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *sqldb.Config) { c.TracerProvider = p }
}

// WithMeterProvider sets the provider of the meter. The default is the global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *sqldb.Config) { c.MeterProvider = p }
}

// WithAttributes adds attributes to every span and to the durations of calls. The
// default is what the driver and the data source name tell. db.system.name,
// db.namespace, server.address and server.port given here win; with
// [OpenDB], to which no data source name is given, this is how to tell them.
// db.client.connection.pool.name names the pool in its metrics, and is not added
// to anything else.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *sqldb.Config) { c.Attributes = append(c.Attributes, attrs...) }
}

// WithoutQueryText leaves out db.query.text. The default is the text without
// literals and comments.
func WithoutQueryText() Option {
	return func(c *sqldb.Config) { c.WithoutQueryText = true }
}

// WithQueryNames names spans as the comments of sqlc do: GetOrder for a query that
// begins with "-- name: GetOrder :one". The default is the summary of the query,
// which those without a name still have.
func WithQueryNames() Option {
	return func(c *sqldb.Config) { c.QueryNames = true }
}

// WithTransactions adds an INTERNAL span to each transaction, from BEGIN to COMMIT
// or ROLLBACK, with the statements under it. The default has none.
func WithTransactions() Option {
	return func(c *sqldb.Config) { c.Transactions = true }
}

// WithSlowQueries marks the span of a statement that takes threshold or longer
// with db.query.slow. The default marks none.
func WithSlowQueries(threshold time.Duration) Option {
	return func(c *sqldb.Config) { c.SlowQuery = threshold }
}

// WithRepeatedQueries tells of statements in loops: when a trace makes statements
// of one summary more than n times, the span that the next is made under gets
// db.query.repeated, which is that summary (the last one, of several). Of very many
// traces at once some are not told of. The default tells of none.
func WithRepeatedQueries(n int) Option {
	return func(c *sqldb.Config) { c.Repeated = n }
}

// WithSQLCommenter adds the trace context of sampled statements to their text, so
// that the log of the database tells the span: /*traceparent='...'*/ at the end, before
// a semicolon, and nothing else, such as baggage. Only a text of one statement that
// reads or changes rows, such as SELECT or UPDATE, gets a comment. The text of a
// statement that is prepared under a name is never changed, nor one that has a comment,
// or that a comment could not follow. The default adds nothing.
//
// With database/sql this is done for the drivers github.com/lib/pq and
// github.com/go-sql-driver/mysql alone, which are known to remember no text.
func WithSQLCommenter() Option {
	return func(c *sqldb.Config) { c.SQLCommenter = true }
}
