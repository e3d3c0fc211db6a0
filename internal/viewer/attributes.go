package viewer

import (
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// attributes are values by key.
type attributes map[string]*commonpb.AnyValue

func attributesOf(list []*commonpb.KeyValue) attributes {
	attrs := make(attributes, len(list))
	for _, kv := range list {
		attrs[kv.GetKey()] = kv.GetValue()
	}
	return attrs
}

// first returns the value of the first of keys that there is.
func (a attributes) first(keys ...string) string {
	for _, key := range keys {
		if v, ok := a[key]; ok {
			return textOf(v)
		}
	}
	return ""
}

func nameOf(s *tracetree.Span) string {
	if name := strings.ToValidUTF8(s.GetName(), "\uFFFD"); name != "" {
		return name
	}
	return "(no name)"
}

func kindOf(s *tracetree.Span) string {
	if s.GetKind() == tracepb.Span_SPAN_KIND_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_"))
}
