// Package otlp writes ended spans as the bytes of OTLP's protocol buffers
// (https://opentelemetry.io/docs/specs/otlp/).
//
// An [Encoder] writes one span as an element of ScopeSpans.spans, and names its
// [ScopeKey]: the scope and the resource. A [Composer] puts a request together from
// spans of any scopes. It decodes to the message that OpenTelemetry's own
// exporter makes of the same spans, but for what [Rules] say.
package otlp
