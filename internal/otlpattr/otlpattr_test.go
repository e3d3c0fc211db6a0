package otlpattr_test

import (
	"maps"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/nais/spor/internal/otlpattr"
)

func values(items ...*commonpb.AnyValue) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: items}}}
}

func number(n int64) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: n}}
}

func TestText(t *testing.T) {
	for want, v := range map[string]*commonpb.AnyValue{
		"":            nil,
		"a":           otlpattr.StringValue("a"),
		"bad \uFFFD":  otlpattr.StringValue("bad \xff"),
		"-7":          number(-7),
		"true":        {Value: &commonpb.AnyValue_BoolValue{BoolValue: true}},
		"0.5":         {Value: &commonpb.AnyValue_DoubleValue{DoubleValue: 0.5}},
		"3 bytes":     {Value: &commonpb.AnyValue_BytesValue{BytesValue: []byte("abc")}},
		"[]":          values(),
		"[a, [1, 2]]": values(otlpattr.StringValue("a"), values(number(1), number(2))),
		"{k=a, l=[1]}": {Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: []*commonpb.KeyValue{
			otlpattr.String("k", "a"), {Key: "l", Value: values(number(1))},
		}}}},
	} {
		if got := otlpattr.Text(v); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLookup(t *testing.T) {
	attrs := []*commonpb.KeyValue{
		otlpattr.String("a", "before"), otlpattr.String("empty", ""),
		{Key: "none"},
		{Key: "n", Value: number(7)},
		otlpattr.String("b", "before"), otlpattr.String("a", "after"), otlpattr.String("b", ""), nil,
		otlpattr.String("db.system", "older"), otlpattr.String("rpc.service", "s"),
		otlpattr.String("http.method", "older"), otlpattr.String("http.request.method", "GET"),
	}
	for _, tt := range []struct {
		keys []string
		want string
	}{
		{nil, ""},
		{[]string{"missing"}, ""},
		{[]string{"a", "n"}, "after"},
		{[]string{"missing", "empty", "none", "b", "n"}, "7"},
		{[]string{"db.system.name", "a"}, "older"},
		{[]string{"http.request.method"}, "GET"},
		{[]string{"rpc.method"}, ""},
	} {
		if got := otlpattr.First(attrs, tt.keys...); got != tt.want {
			t.Errorf("first of %v: got %q, want %q", tt.keys, got, tt.want)
		}
	}
	want := map[string]string{
		"a": "after", "b": "", "empty": "", "none": "", "n": "7", "": "",
		"db.system": "older", "rpc.service": "s", "http.method": "older", "http.request.method": "GET",
	}
	if got := otlpattr.Map(attrs); !maps.Equal(got, want) {
		t.Errorf("map: got %v, want %v", got, want)
	}
}
