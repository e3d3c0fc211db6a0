// Package otlpattr reads and writes the attributes of OTLP messages.
package otlpattr

import (
	"slices"
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/nais/spor/internal/dialect"
)

// Map returns the values of the attributes as text, by key. If a key occurs more than once,
// the last value is used.
func Map(attrs []*commonpb.KeyValue) map[string]string {
	m := make(map[string]string, len(attrs))
	for _, a := range attrs {
		m[a.GetKey()] = Text(a.GetValue())
	}
	return m
}

// First looks up the attributes with the given keys, in this order, and returns the first
// text that is not empty. If there is no such text, it returns "". If a key is a stable
// name, First also looks up the older name from package dialect. If several attributes have
// the same key, the last value is used.
func First(attrs []*commonpb.KeyValue, keys ...string) string {
	for _, key := range keys {
		if text := last(attrs, key); text != "" {
			return text
		}
		if older, found := dialect.Older(key); found {
			if text := last(attrs, older); text != "" {
				return text
			}
		}
	}
	return ""
}

func last(attrs []*commonpb.KeyValue, key string) string {
	for _, a := range slices.Backward(attrs) {
		if a.GetKey() == key {
			return Text(a.GetValue())
		}
	}
	return ""
}

// Text returns v as valid UTF-8. Numbers are decimal. A list is written as [a, b], and a
// map as {a=1, b=2}. If the value is a byte slice, the text contains only the number of
// bytes, such as "3 bytes".
func Text(v *commonpb.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return strings.ToValidUTF8(v.StringValue, "\uFFFD")
	case *commonpb.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BytesValue:
		return strconv.Itoa(len(v.BytesValue)) + " bytes"
	case *commonpb.AnyValue_ArrayValue:
		parts := make([]string, 0, len(v.ArrayValue.GetValues()))
		for _, item := range v.ArrayValue.GetValues() {
			parts = append(parts, Text(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *commonpb.AnyValue_KvlistValue:
		parts := make([]string, 0, len(v.KvlistValue.GetValues()))
		for _, a := range v.KvlistValue.GetValues() {
			parts = append(parts, a.GetKey()+"="+Text(a.GetValue()))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return ""
}

// String returns an attribute with a text value.
func String(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: StringValue(value)}
}

// StringValue returns a text value.
func StringValue(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}
