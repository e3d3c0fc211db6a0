// Package dialect adds older attribute names to spans, beside the stable names. NAIS needs
// the older names: Tempo's span metrics and Nais APM read db.system, not db.system.name.
//
// The package has only functions without side effects. They are applied when a span is
// exported, so they cost a request nothing. They are applied to every span of the process,
// also to those of third-party instrumentation. An attribute that the span already has is
// not overwritten. There is one exception: rpc.method has another meaning in the older
// conventions. Its value becomes only the method, because the platform groups by that
// value. The name of the span still has the service and the method.
//
// See https://opentelemetry.io/docs/specs/semconv/ (the migration guides of HTTP,
// database, RPC and messaging) for the pairs of names.
package dialect
