package setup

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/privacy"
)

// cleanText is applied to every text that is exported: personal numbers are
// masked, and what is not UTF-8 becomes U+FFFD, since protocol buffers would
// refuse it, and with it the whole request. It returns its argument when there
// is nothing to do.
func cleanText(text string) string {
	return privacy.Mask(strings.ToValidUTF8(text, string(utf8.RuneError)))
}

func isClean(text string) bool { return cleanText(text) == text }

// cleanSpans returns spans with clean text. Neither the slice nor a span is
// changed in place.
func cleanSpans(spans []sdktrace.ReadOnlySpan) []sdktrace.ReadOnlySpan {
	copied := false
	for i, span := range spans {
		if isCleanSpan(span) {
			continue
		}
		if !copied {
			spans = slices.Clone(spans)
			copied = true
		}
		spans[i] = cleanSpan{span}
	}
	return spans
}

// cleanSpan is a span whose texts are cleaned as they are read.
type cleanSpan struct{ sdktrace.ReadOnlySpan }

func (s cleanSpan) Name() string { return cleanText(s.ReadOnlySpan.Name()) }

func (s cleanSpan) Attributes() []attribute.KeyValue {
	return cleanAttributes(s.ReadOnlySpan.Attributes())
}

func (s cleanSpan) Status() sdktrace.Status {
	status := s.ReadOnlySpan.Status()
	status.Description = cleanText(status.Description)
	return status
}

func (s cleanSpan) Events() []sdktrace.Event {
	events := slices.Clone(s.ReadOnlySpan.Events())
	for i := range events {
		events[i].Name = cleanText(events[i].Name)
		events[i].Attributes = cleanAttributes(events[i].Attributes)
	}
	return events
}

func (s cleanSpan) Links() []sdktrace.Link {
	links := slices.Clone(s.ReadOnlySpan.Links())
	for i := range links {
		links[i].Attributes = cleanAttributes(links[i].Attributes)
	}
	return links
}

func (s cleanSpan) InstrumentationScope() instrumentation.Scope {
	scope := s.ReadOnlySpan.InstrumentationScope()
	scope.Name, scope.Version, scope.SchemaURL = cleanText(scope.Name), cleanText(scope.Version), cleanText(scope.SchemaURL)
	scope.Attributes = attribute.NewSet(cleanAttributes(scope.Attributes.ToSlice())...)
	return scope
}

func cleanAttributes(attributes []attribute.KeyValue) []attribute.KeyValue {
	cleaned := make([]attribute.KeyValue, len(attributes))
	for i, a := range attributes {
		cleaned[i] = attribute.KeyValue{Key: attribute.Key(cleanText(string(a.Key))), Value: cleanValue(a.Value)}
	}
	return cleaned
}

func cleanValue(value attribute.Value) attribute.Value {
	switch value.Type() {
	case attribute.STRING:
		return attribute.StringValue(cleanText(value.AsString()))
	case attribute.STRINGSLICE:
		texts := value.AsStringSlice()
		for i := range texts {
			texts[i] = cleanText(texts[i])
		}
		return attribute.StringSliceValue(texts)
	case attribute.SLICE:
		values := value.AsSlice()
		for i := range values {
			values[i] = cleanValue(values[i])
		}
		return attribute.SliceValue(values...)
	case attribute.MAP:
		return attribute.MapValue(cleanAttributes(value.AsMap())...)
	}
	return value
}

func isCleanSpan(span sdktrace.ReadOnlySpan) bool {
	if !isClean(span.Name()) || !isClean(span.Status().Description) ||
		!areClean(span.Attributes()) || !isCleanScope(span.InstrumentationScope()) {
		return false
	}
	for _, event := range span.Events() {
		if !isClean(event.Name) || !areClean(event.Attributes) {
			return false
		}
	}
	for _, link := range span.Links() {
		if !areClean(link.Attributes) {
			return false
		}
	}
	return true
}

func isCleanScope(scope instrumentation.Scope) bool {
	return isClean(scope.Name) && isClean(scope.Version) && isClean(scope.SchemaURL) &&
		(scope.Attributes.Len() == 0 || areClean(scope.Attributes.ToSlice()))
}

func areClean(attributes []attribute.KeyValue) bool {
	for _, a := range attributes {
		if !isClean(string(a.Key)) || !isCleanValue(a.Value) {
			return false
		}
	}
	return true
}

func isCleanValue(value attribute.Value) bool {
	switch value.Type() {
	case attribute.STRING:
		return isClean(value.AsString())
	case attribute.STRINGSLICE:
		return !slices.ContainsFunc(value.AsStringSlice(), func(text string) bool { return !isClean(text) })
	case attribute.SLICE:
		return !slices.ContainsFunc(value.AsSlice(), func(v attribute.Value) bool { return !isCleanValue(v) })
	case attribute.MAP:
		return areClean(value.AsMap())
	}
	return true
}
