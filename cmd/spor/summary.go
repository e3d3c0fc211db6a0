package main

import (
	"fmt"
	"strings"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

func (s *session) summarize() {
	stats := s.traces.Stats()
	s.say(fmt.Sprintf("%s, %s, %s, %s received", count(stats.Traces, "trace"), count(stats.Spans, "span"),
		count(int(s.points.Load()), "metric data point"), count(int(s.logs.Load()), "log record")))
	if stats.DroppedSpans > 0 {
		s.say(fmt.Sprintf("%s not drawn, among them all spans of %s, because spor keeps at most %d MiB",
			count(stats.DroppedSpans, "span"), count(stats.DroppedTraces, "trace"), maxTraceBytes>>20))
	}
	if stats.Repeated > 0 {
		s.say(count(stats.Repeated, "span") + " received more than once, but drawn only once")
	}
	if stats.Invalid > 0 {
		s.say(count(stats.Invalid, "span") + " without a valid trace ID and span ID, not drawn")
	}
	if stats.Spans == 0 {
		s.say(s.whyNoSpans())
	}
}

// whyNoSpans returns a message about variables in the environment of the command. The message
// names the variables that prevent the command from sending spans.
func (s *session) whyNoSpans() string {
	var reasons []string
	set := func(key string) { reasons = append(reasons, key+"="+s.env[key]) }
	choice := func(key string) string { return strings.ToLower(strings.TrimSpace(s.env[key])) }
	if choice("OTEL_SDK_DISABLED") == "true" {
		set("OTEL_SDK_DISABLED")
	}
	if e := choice("OTEL_TRACES_EXPORTER"); e != "" && e != "otlp" {
		set("OTEL_TRACES_EXPORTER")
	}
	if strings.HasSuffix(choice("OTEL_TRACES_SAMPLER"), "always_off") {
		set("OTEL_TRACES_SAMPLER")
	}
	if s.env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] != "" {
		set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	}
	if s.env["OTEL_EXPORTER_OTLP_ENDPOINT"] != s.endpoint {
		set("OTEL_EXPORTER_OTLP_ENDPOINT")
	}
	if len(reasons) > 0 {
		return "no spans, because " + strings.Join(reasons, ", ") + " is set"
	}
	return "no spans (does the program start telemetry, and shut it down before it exits?)"
}

// The function count returns a number with the name of a thing, for example "1 span" or "2
// spans".
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

func dataPoints(r *colmetrics.ExportMetricsServiceRequest) int {
	n := 0
	for _, resource := range r.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				n += pointsOf(m)
			}
		}
	}
	return n
}

func pointsOf(m *metricspb.Metric) int {
	return len(m.GetGauge().GetDataPoints()) + len(m.GetSum().GetDataPoints()) +
		len(m.GetHistogram().GetDataPoints()) + len(m.GetExponentialHistogram().GetDataPoints()) +
		len(m.GetSummary().GetDataPoints())
}

func logRecords(r *collogs.ExportLogsServiceRequest) int {
	n := 0
	for _, resource := range r.GetResourceLogs() {
		for _, scope := range resource.GetScopeLogs() {
			n += len(scope.GetLogRecords())
		}
	}
	return n
}
