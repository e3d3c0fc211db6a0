//go:build integration

package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/internal/oteltest"
)

type table struct {
	sections []string
	spans    map[string][]sdktrace.ReadOnlySpan
	shared   map[string]string // attributes that all spans share
}

func newTable() *table { return &table{spans: map[string][]sdktrace.ReadOnlySpan{}} }

func (tb *table) add(section string, spans []sdktrace.ReadOnlySpan) {
	tb.sections = append(tb.sections, section)
	tb.spans[section] = spans
	for _, span := range spans {
		attrs := tableAttributes(span)
		if tb.shared == nil {
			tb.shared = maps.Clone(attrs)
		}
		maps.DeleteFunc(tb.shared, func(key, value string) bool { return attrs[key] != value })
	}
}

// tableAttributes returns the attributes of a span. It leaves out attributes that are different
// in each run.
func tableAttributes(span sdktrace.ReadOnlySpan) map[string]string {
	attrs := oteltest.Map(span.Attributes())
	if attrs["server.port"] != "" {
		attrs["server.port"] = "(the port)"
	}
	return attrs
}

func (tb *table) text() string {
	var b strings.Builder
	b.WriteString("== every span\n" + lines(tb.shared))
	for _, section := range tb.sections {
		b.WriteString("== " + section + "\n")
		last, times := "", 0
		for _, span := range tb.spans[section] {
			text := tb.span(span)
			if times++; text != last {
				writeTimes(&b, last, times-1)
				last, times = text, 1
			}
		}
		writeTimes(&b, last, times)
	}
	return b.String()
}

func (tb *table) span(span sdktrace.ReadOnlySpan) string {
	text := fmt.Sprintf("%s %q", span.SpanKind(), span.Name())
	if span.Status().Code != codes.Unset {
		text += fmt.Sprintf(" %s %q", span.Status().Code, span.Status().Description)
	}
	for _, event := range span.Events() {
		text += fmt.Sprintf("\n    event %s %v", event.Name, event.Attributes)
	}
	attrs := tableAttributes(span)
	maps.DeleteFunc(attrs, func(key, _ string) bool { return tb.shared[key] != "" })
	return text + "\n" + lines(attrs)
}

func lines(attrs map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		fmt.Fprintf(&b, "    %s=%s\n", key, strings.ReplaceAll(attrs[key], "\n", `\n`))
	}
	return b.String()
}

// writeTimes writes the text of equal spans only once. If there is more than one such span,
// writeTimes writes the number of spans before the text.
func writeTimes(b *strings.Builder, text string, times int) {
	if times > 1 {
		fmt.Fprintf(b, "%d times ", times)
	}
	b.WriteString(text)
}
