package dbcall

import (
	"go.opentelemetry.io/otel/trace"
)

// longestComment is the length of what Comment returns.
const longestComment = len(" /*traceparent='00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'*/")

// Comment returns what is added to the text of s so that the database's own log
// tells the span: the trace context, in the form of sqlcommenter. It is "" unless
// that was asked for, the span is sampled, and s takes a comment.
func (t *Telemetry) Comment(s *Statement, span trace.Span) string {
	if !t.SQLCommenter || !s.Commentable || span == nil || !span.SpanContext().IsSampled() {
		return ""
	}
	sc := span.SpanContext()
	b := make([]byte, 0, longestComment)
	b = append(b, " /*traceparent='00-"...)
	b = append(b, sc.TraceID().String()...)
	b = append(b, '-')
	b = append(b, sc.SpanID().String()...)
	return string(append(b, "-01'*/"...))
}
