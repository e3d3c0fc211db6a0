package sqldb

import (
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/sqltrace/internal/sqltext"
)

// longestComment is the length of the comment that Comment returns.
const longestComment = len(" /*traceparent='00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'*/")

// commentable reports whether a comment changes nothing that the text of q does. Other
// statements than these have none: a database may keep the text, as MariaDB keeps that of
// CREATE PROCEDURE. Neither has one of several statements, for the same reason.
func commentable(q sqltext.Query) bool {
	if !q.Commentable || strings.Contains(q.Text[:EndOfStatement(q.Text)], ";") {
		return false
	}
	switch q.Operation {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "UPSERT", "VALUES", "TABLE":
		return true
	}
	return false
}

// EndOfStatement returns where in text a comment goes: at the end, or before the
// semicolons there. Behind a semicolon, MySQL takes a comment for one more statement. A
// text that takes a comment ends with no literal that could hold the semicolon.
func EndOfStatement[T string | []byte](text T) int {
	end := len(text)
	for i := end - 1; i >= 0; i-- {
		switch c := text[i]; {
		case c == ';':
			end = i
		case c != ' ' && (c < '\t' || '\r' < c):
			return end
		}
	}
	return end
}

// Comment returns the comment that is added to the text of s, so that the database's
// own log has the trace context, in the form of sqlcommenter. It is "" unless s is
// commentable and the span is sampled.
func (s *Statement) Comment(span trace.Span) string {
	if !s.Commentable || span == nil || !span.SpanContext().IsSampled() {
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
