// Package otlp encodes ended spans in OTLP's protocol buffer format
// (https://opentelemetry.io/docs/specs/otlp/).
//
// An [Encoder] encodes one span as an element of ScopeSpans.spans. It also returns the
// [ScopeKey] of the span. The ScopeKey identifies the scope and the resource of the span. A
// [Composer] makes a request from encoded spans. The spans may have different scopes.
// Except for the changes that [Rules] make, the request contains the same message as a
// request from OpenTelemetry's own exporter.
package otlp
