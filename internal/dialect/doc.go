// Package dialect gives a span's attributes the older names that NAIS reads
// beside the stable ones: Tempo's span metrics and Nais APM know db.system, not
// db.system.name.
//
// It is a pure function over attributes, applied at export to every span of the
// process, those of third-party instrumentation too, and costs the request
// nothing. An attribute that the span has is never overwritten, but for
// rpc.method, whose meaning changed: it becomes the method alone, by which the
// platform groups; the span's name keeps the whole.
//
// See https://opentelemetry.io/docs/specs/semconv/ (the migration guides of HTTP,
// database, RPC and messaging) for the pairs of names.
package dialect
