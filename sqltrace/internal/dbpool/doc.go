// Package dbpool measures pools of connections in both dialects: that of the
// semantic conventions v1.43.0 (db.client.connection.*, seconds) and the one
// before it that Nais APM reads (db.client.connections.*, milliseconds), which
// OTEL_SEMCONV_STABILITY_OPT_IN=database switches off.
//
// See https://opentelemetry.io/docs/specs/semconv/db/database-metrics/.
package dbpool
