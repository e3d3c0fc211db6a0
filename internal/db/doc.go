// Package db holds what the families for databases share: operations as spans and
// measurements, their outcomes, where a database is, and metrics of connection pools.
//
// A family supplies facts: it describes an operation in a [Description], and passes
// the status code of an error to [Classify]. It never passes a value that a query has,
// such as a literal or a key: db does not mask texts.
//
// Pools are measured in both dialects: that of the semantic conventions v1.43.0
// (db.client.connection.*, seconds) and the one before it that Nais APM reads
// (db.client.connections.*, milliseconds), which
// OTEL_SEMCONV_STABILITY_OPT_IN=database switches off.
//
// See https://opentelemetry.io/docs/specs/semconv/db/database-spans/ and
// https://opentelemetry.io/docs/specs/semconv/db/database-metrics/.
package db
