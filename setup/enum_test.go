package setup_test

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/diagnosis"
)

// enums contains the environment variables that accept only certain words. For each variable, it
// contains examples of valid values.
var enums = map[string][]string{
	"OTEL_SDK_DISABLED":             {"true", "false"},
	"OTEL_TRACES_EXPORTER":          {"otlp", "console", "logging", "none", "otlp,console"},
	"OTEL_METRICS_EXPORTER":         {"otlp", "prometheus", "console", "none"},
	"OTEL_LOGS_EXPORTER":            {"otlp", "console", "none"},
	"OTEL_PROPAGATORS":              {"tracecontext", "baggage", "none", "tracecontext,baggage"},
	"OTEL_TRACES_SAMPLER":           {"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"},
	"OTEL_METRICS_EXEMPLAR_FILTER":  {"always_on", "always_off", "trace_based"},
	"OTEL_SEMCONV_STABILITY_OPT_IN": {"http", "database", "rpc", "messaging", "http/dup", "http,database"},
	"OTEL_EXPORTER_PROTOCOL":        {"grpc"},
	"OTEL_EXPORTER_OTLP_PROTOCOL":   {"grpc"}, "OTEL_EXPORTER_TRACES_PROTOCOL": {"grpc"}, "OTEL_EXPORTER_METRICS_PROTOCOL": {"grpc"},
	"OTEL_EXPORTER_LOGS_PROTOCOL": {"grpc"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": {"grpc"}, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": {"grpc"},
	"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": {"grpc"}, "OTEL_EXPORTER_OTLP_COMPRESSION": {"gzip", "none"},
	"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": {"gzip", "none"}, "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION": {"gzip", "none"},
	"OTEL_EXPORTER_OTLP_LOGS_COMPRESSION": {"gzip", "none"}, "OTEL_EXPORTER_OTLP_INSECURE": {"true"},
	"OTEL_EXPORTER_OTLP_TRACES_INSECURE": {"true"}, "OTEL_EXPORTER_OTLP_METRICS_INSECURE": {"true"}, "OTEL_EXPORTER_OTLP_LOGS_INSECURE": {"true"},
	"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE":        {"cumulative", "delta", "lowmemory"},
	"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": {"explicit_bucket_histogram", "base2_exponential_bucket_histogram"},
}

// spellings returns other ways to write word: with upper-case letters, with lower-case letters,
// and with spaces around it.
func spellings(word string) []string {
	mixed := strings.Map(func(r rune) rune {
		if r%2 == 0 {
			return []rune(strings.ToUpper(string(r)))[0]
		}
		return r
	}, word)
	return []string{strings.ToUpper(word), strings.ToUpper(word[:1]) + word[1:], mixed, "  " + word + "\t", " " + strings.ToUpper(word) + " "}
}

// diagnosed sets one variable in an environment, and returns the effective settings as one text.
// The text contains the effective value of the variable, which can differ from the value that
// was set.
func diagnosed(t *testing.T, name, value string) string {
	t.Helper()
	env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317", "OTEL_LOGS_EXPORTER": "otlp", name: value}
	report := diagnosis.Read(func(name string) string { return env[name] }, nil)
	var effective []string
	read := false
	for _, v := range report.Variables {
		read = read || v.Name == name
		if v.Name != "OTEL_RESOURCE_ATTRIBUTES" { // its effective value contains a random ID
			effective = append(effective, v.Name+"="+v.Effective)
		}
	}
	if !read {
		t.Errorf("%s is not read", name)
	}
	if len(report.Problems) > 0 && !strings.HasPrefix(name, "OTEL_LOGS_EXPORTER") {
		t.Errorf("%s=%q: problems: %q", name, value, report.Problems)
	}
	return fmt.Sprint(report.Disabled, report.Sampler, report.Traces, report.Metrics, report.Logs, len(report.Problems), effective)
}

func TestEnumsIgnoreCaseAndSpace(t *testing.T) {
	for name, words := range enums {
		for _, word := range words {
			want := diagnosed(t, name, word)
			for _, value := range spellings(word) {
				if got := diagnosed(t, name, value); got != want {
					t.Errorf("%s=%q: got\n%s, want the same as for %q\n%s", name, value, got, word, want)
				}
			}
		}
	}
}

func measure(t *testing.T, m metric.Meter, name string) {
	t.Helper()
	histogram, err := m.Int64Histogram(name)
	if err != nil {
		t.Fatal(err)
	}
	histogram.Record(t.Context(), 1)
}

// TestEnumsDoWhatTheySay checks the effect of some variables by exporting telemetry, because
// diagnosis.Read does not report the effect of these variables.
func TestEnumsDoWhatTheySay(t *testing.T) {
	for _, value := range spellings("delta") {
		c := pushed(t, func(m metric.Meter) { count(t, m, "orders") }, nil, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", value)
		if got := c.metric("orders").GetSum().GetAggregationTemporality().String(); !strings.HasSuffix(got, "DELTA") {
			t.Errorf("temporality %q: got %s", value, got)
		}
	}
	for word, want := range map[string]int{"always_on": 1, "always_off": 0, "trace_based": 0} {
		for _, value := range spellings(word) {
			c := pushed(t, func(m metric.Meter) { count(t, m, "orders") }, nil, "OTEL_METRICS_EXEMPLAR_FILTER", value)
			if got := len(c.metric("orders").GetSum().GetDataPoints()[0].GetExemplars()); got != want {
				t.Errorf("exemplar filter %q: got %d exemplars, want %d", value, got, want)
			}
		}
	}
	for _, value := range spellings("base2_exponential_bucket_histogram") {
		c := pushed(t, func(m metric.Meter) { measure(t, m, "sizes") }, nil, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", value)
		if c.metric("sizes").GetExponentialHistogram() == nil {
			t.Errorf("aggregation %q: got %v", value, c.metric("sizes"))
		}
	}
	for _, value := range spellings("http") {
		span := exported(t, trace.SpanKindClient, []attribute.KeyValue{attribute.Int("http.response.status_code", 404)}, "OTEL_SEMCONV_STABILITY_OPT_IN", value)
		if got := attributeOf(span, "http.status_code"); got != "" {
			t.Errorf("opt-in %q: got the older name with %s", value, got)
		}
	}
	for _, value := range spellings("grpc") {
		c := listen(t, ":0")
		if got, err := delivered(t, c, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_EXPORTER_OTLP_PROTOCOL", value); !got || err != nil {
			t.Errorf("protocol %q: delivered %t, %v", value, got, err)
		}
	}
}
