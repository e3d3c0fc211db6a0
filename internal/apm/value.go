package apm

import (
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// attributesOf returns attributes by key, as text. Of two with one key the last
// counts.
func attributesOf(attrs []*commonpb.KeyValue) map[string]string {
	m := make(map[string]string, len(attrs))
	for _, a := range attrs {
		m[a.GetKey()] = textOf(a.GetValue())
	}
	return m
}

// textOf returns a value as text: numbers in decimal, lists joined by commas.
func textOf(v *commonpb.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BytesValue:
		return string(v.BytesValue)
	case *commonpb.AnyValue_ArrayValue:
		var items []string
		for _, item := range v.ArrayValue.GetValues() {
			items = append(items, textOf(item))
		}
		return strings.Join(items, ",")
	case *commonpb.AnyValue_KvlistValue:
		var items []string
		for _, item := range v.KvlistValue.GetValues() {
			items = append(items, item.GetKey()+"="+textOf(item.GetValue()))
		}
		return strings.Join(items, ",")
	}
	return ""
}
