package sqltrace

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/sqltrace/internal/dbconf"
)

// An Option changes what [Open], [OpenDB] and [Driver] do.
type Option func(*dbconf.Config)

// WithTracerProvider sets the provider of the tracer. The default is the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *dbconf.Config) { c.TracerProvider = p }
}

// WithMeterProvider sets the provider of the meter. The default is the global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *dbconf.Config) { c.MeterProvider = p }
}

// WithAttributes adds attributes to every span and to the durations of calls. The
// default is what the driver and the data source name tell. db.system.name,
// db.namespace, server.address and server.port given here win; with
// [OpenDB], to which no data source name is given, this is how to tell them.
// db.client.connection.pool.name names the pool in its metrics, and is not added
// to anything else.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return func(c *dbconf.Config) { c.Attributes = append(c.Attributes, attrs...) }
}

// WithoutQueryText leaves out db.query.text. The default is the text without
// literals and comments.
func WithoutQueryText() Option {
	return func(c *dbconf.Config) { c.WithoutQueryText = true }
}

// WithQueryNames names spans as the comments of sqlc do: GetOrder for a query that
// begins with "-- name: GetOrder :one". The default is the summary of the query,
// which those without a name still have.
func WithQueryNames() Option {
	return func(c *dbconf.Config) { c.QueryNames = true }
}

// WithTransactions adds an INTERNAL span to each transaction, from BEGIN to COMMIT
// or ROLLBACK, with the statements under it. The default has none.
func WithTransactions() Option {
	return func(c *dbconf.Config) { c.Transactions = true }
}
