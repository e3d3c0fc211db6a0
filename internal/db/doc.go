// Package db contains the code that the instrumentation of all databases shares: spans
// and durations of operations, the outcomes of operations, the address of a database, and
// metrics of connection pools.
//
// A family, such as package sqltrace, describes an operation in a [Description], and
// passes the status code of an error to [Classify]. It must not pass a value that a query
// contains, such as a literal or a key, because db does not mask texts.
//
// Pools are measured in two dialects, that is, under two sets of names. One is that of
// the semantic conventions v1.43.0 (db.client.connection.*, in seconds). The other is the
// older one that Nais APM reads (db.client.connections.*, in milliseconds);
// OTEL_SEMCONV_STABILITY_OPT_IN=database turns it off.
//
// See https://opentelemetry.io/docs/specs/semconv/db/database-spans/ and
// https://opentelemetry.io/docs/specs/semconv/db/database-metrics/.
package db
