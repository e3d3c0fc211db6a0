package apm

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/stock"
)

// underSetup returns the service with the spans that setup would export: setup completes the spans
// of other libraries, and adds older names.
func (s *service) underSetup() *service {
	if s.under == nil {
		under := *s
		under.spans = nil
		var completer stock.Completer
		names := dialect.New(0)
		for _, one := range s.spans {
			under.spans = append(under.spans, one.completed(&completer, names))
		}
		s.under = &under
	}
	return s.under
}

func (s *span) completed(completer *stock.Completer, names *dialect.Dialect) *span {
	from := finished{s, s.keyValues()}
	name, added := completer.Complete(s.scope, from)
	done := *s
	if name != s.GetName() {
		done.Span = proto.CloneOf(s.Span)
		done.Name = name
	}
	done.attrs = map[string]string{}
	for _, a := range names.Append(nil, append(from.attrs, added...)) {
		done.attrs[string(a.Key)] = a.Value.AsString()
	}
	return &done
}

// keyValues returns the attributes of s. All values are strings.
func (s *span) keyValues() []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, len(s.attrs))
	for key, value := range s.attrs {
		attrs = append(attrs, attribute.String(key, value))
	}
	return attrs
}

// finished is a span in the form that package stock reads.
type finished struct {
	span  *span
	attrs []attribute.KeyValue
}

func (f finished) Name() string                     { return f.span.GetName() }
func (f finished) SpanKind() trace.SpanKind         { return trace.SpanKind(f.span.GetKind()) }
func (f finished) Attributes() []attribute.KeyValue { return f.attrs }
