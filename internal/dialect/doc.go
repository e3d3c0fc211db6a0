// Package dialect adds attributes with older names to spans, in addition to the attributes
// with stable names. NAIS needs the older names. For example, Tempo's span metrics and Nais
// APM read db.system, not db.system.name.
//
// The functions of this package have no side effects. They are called when a span is
// exported, so they do not slow down a request. They are called for every span of the
// process, including the spans of third-party instrumentation. An attribute that the span
// already has is not changed, with one exception. In the older conventions, rpc.method
// means the method without the service, and the platform groups spans by this value.
// Therefore the value of rpc.method is shortened to the method. The name of the span still
// contains the service and the method.
//
// The pairs of names are in the migration guides for HTTP, database, RPC and messaging at
// https://opentelemetry.io/docs/specs/semconv/.
package dialect
