package viewer

import (
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

// An origin is a resource and an instrumentation scope. In a request, spans, metrics and log
// records belong to such a pair.
type origin struct {
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
}

func traceRequest(spans []*tracetree.Span) *coltrace.ExportTraceServiceRequest {
	r := &coltrace.ExportTraceServiceRequest{}
	byOrigin := map[origin]*tracepb.ScopeSpans{}
	for _, span := range spans {
		from := origin{span.Resource, span.Scope}
		if byOrigin[from] == nil {
			byOrigin[from] = &tracepb.ScopeSpans{Scope: span.Scope}
			r.ResourceSpans = append(r.ResourceSpans, &tracepb.ResourceSpans{
				Resource: span.Resource, ScopeSpans: []*tracepb.ScopeSpans{byOrigin[from]},
			})
		}
		byOrigin[from].Spans = append(byOrigin[from].Spans, span.Span)
	}
	return r
}

func logRequest(records []*logRecord) *collogs.ExportLogsServiceRequest {
	r := &collogs.ExportLogsServiceRequest{}
	byOrigin := map[origin]*logspb.ScopeLogs{}
	for _, record := range records {
		from := origin{record.resource, record.scope}
		if byOrigin[from] == nil {
			byOrigin[from] = &logspb.ScopeLogs{Scope: record.scope}
			r.ResourceLogs = append(r.ResourceLogs, &logspb.ResourceLogs{
				Resource: record.resource, ScopeLogs: []*logspb.ScopeLogs{byOrigin[from]},
			})
		}
		byOrigin[from].LogRecords = append(byOrigin[from].LogRecords, record.LogRecord)
	}
	return r
}

func metricRequest(metrics map[metricKey]newestMetric) *colmetrics.ExportMetricsServiceRequest {
	r := &colmetrics.ExportMetricsServiceRequest{}
	byOrigin := map[origin]*metricspb.ScopeMetrics{}
	for _, m := range metrics {
		if byOrigin[m.origin] == nil {
			byOrigin[m.origin] = &metricspb.ScopeMetrics{Scope: m.scope}
			r.ResourceMetrics = append(r.ResourceMetrics, &metricspb.ResourceMetrics{
				Resource: m.resource, ScopeMetrics: []*metricspb.ScopeMetrics{byOrigin[m.origin]},
			})
		}
		byOrigin[m.origin].Metrics = append(byOrigin[m.origin].Metrics, m.Metric)
	}
	return r
}
