// Package db contains the code that the instrumentation of all databases shares. It covers
// the spans, the durations and the outcomes of operations, the address of a database, and
// the metrics of connection pools.
//
// A package such as sqltrace describes an operation in a [Description], and passes the
// status code of an error to [Classify]. Such a package must not pass a value that a query
// contains, such as a literal or a key, because package db does not mask texts.
//
// Each metric of a pool is recorded in two dialects, that is, under two names. The first
// name is from the semantic conventions v1.43.0: db.client.connection.*, with times in
// seconds. The second name is older and is read by Nais APM: db.client.connections.*, with
// times in milliseconds. OTEL_SEMCONV_STABILITY_OPT_IN=database turns the older names off.
//
// See https://opentelemetry.io/docs/specs/semconv/db/database-spans/ and
// https://opentelemetry.io/docs/specs/semconv/db/database-metrics/.
package db
