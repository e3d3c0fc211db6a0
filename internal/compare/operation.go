package compare

import (
	"cmp"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/display"
	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/privacy"
	"github.com/nais/spor/internal/tracetree"
)

// An Operation is what the spans with the same name do. The name of a call to a database is the
// summary of its statement, if the span has one.
type Operation struct {
	Service string `json:"service"`
	Name    string `json:"operation"`
	Kind    string `json:"kind"` // server, client, producer, consumer or internal
}

func operationOf(s *tracetree.Span) Operation {
	return Operation{
		Service: cmp.Or(clean(s.Service()), "unknown_service"),
		Name:    cmp.Or(clean(otlpattr.First(s.GetAttributes(), "db.query.summary")), clean(s.GetName()), "(no name)"),
		Kind:    kindOf(s.GetKind()),
	}
}

// The function clean returns text without personal numbers, credentials, and characters that are not
// safe to print.
func clean(text string) string {
	return privacy.Text(display.Line(strings.ToValidUTF8(text, "\uFFFD")))
}

func kindOf(kind tracepb.Span_SpanKind) string {
	if kind == tracepb.Span_SPAN_KIND_UNSPECIFIED {
		kind = tracepb.Span_SPAN_KIND_INTERNAL // OTLP allows receivers to assume this kind
	}
	return strings.ToLower(strings.TrimPrefix(kind.String(), "SPAN_KIND_"))
}

func (o Operation) order(other Operation) int {
	return cmp.Or(cmp.Compare(o.Service, other.Service), cmp.Compare(o.Name, other.Name), cmp.Compare(o.Kind, other.Kind))
}

// isQuery reports whether s is a statement that a client sent to a database.
func isQuery(s *tracetree.Span) bool {
	return s.GetKind() == tracepb.Span_SPAN_KIND_CLIENT && otlpattr.First(s.GetAttributes(), "db.system.name") != ""
}

// isRequest reports whether s is a request: a server or consumer span, or the first span of a
// trace. A span whose parent did not arrive is not a request.
func isRequest(s *tracetree.Span, depth int) bool {
	switch s.GetKind() {
	case tracepb.Span_SPAN_KIND_SERVER, tracepb.Span_SPAN_KIND_CONSUMER:
		return true
	default:
		return depth == 0 && !s.Orphan
	}
}
