package sqldb

import (
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/sqltext"
)

const longestComment = len(" /*traceparent='00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'*/")

// commentable reports whether a comment at the end of q leaves the meaning of q unchanged.
// Only the statements listed here get a comment, because a database may store the text of
// other statements. For example, MariaDB stores the text of CREATE PROCEDURE. For the same
// reason, a text with several statements gets no comment.
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

// EndOfStatement returns the position in text where a comment is inserted. If text ends with
// semicolons, this is the position before them, because MySQL reads a comment after a
// semicolon as another statement. Otherwise it is the end of text. EndOfStatement does not
// look for literals, because a commentable text does not end inside a literal.
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

// Comment returns a comment with the trace context of span, in the format of sqlcommenter.
// The comment is added to the text of s, so that the trace context is in the log of the
// database. If s is not commentable or the span is not sampled, Comment returns "".
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
