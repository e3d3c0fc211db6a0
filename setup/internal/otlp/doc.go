// Package otlp encodes ended spans in OTLP's protocol buffer format
// (https://opentelemetry.io/docs/specs/otlp/).
//
// An [Encoder] encodes one span as an element of ScopeSpans.spans. It also returns the
// [ScopeKey] of the span, which identifies its scope and its resource. A [Composer] makes a
// request from encoded spans of any scopes. Apart from the changes that [Rules] make, the
// request decodes to the same message that OpenTelemetry's own exporter sends.
package otlp
