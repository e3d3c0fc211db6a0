package apm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/recording"
)

const (
	server   = tracepb.Span_SPAN_KIND_SERVER
	client   = tracepb.Span_SPAN_KIND_CLIENT
	producer = tracepb.Span_SPAN_KIND_PRODUCER
	consumer = tracepb.Span_SPAN_KIND_CONSUMER
	internal = tracepb.Span_SPAN_KIND_INTERNAL
)

// attributes converts pairs of key and value to attributes. An int becomes an integer. Every
// other value becomes a string.
func attributes(pairs ...any) []*commonpb.KeyValue {
	var attrs []*commonpb.KeyValue
	for i := 0; i+1 < len(pairs); i += 2 {
		v := &commonpb.AnyValue{}
		switch value := pairs[i+1].(type) {
		case int:
			v.Value = &commonpb.AnyValue_IntValue{IntValue: int64(value)}
		default:
			v.Value = &commonpb.AnyValue_StringValue{StringValue: fmt.Sprint(value)}
		}
		attrs = append(attrs, &commonpb.KeyValue{Key: pairs[i].(string), Value: v})
	}
	return attrs
}

func resourceNamed(name string) *resourcepb.Resource {
	return &resourcepb.Resource{Attributes: attributes(
		"service.name", name, "service.namespace", "examples", "service.instance.id", name+"-1", "telemetry.sdk.language", "go")}
}

// The function span returns a span of trace 1. id is the ID of the span, and parent is the ID of
// its parent. If parent is 0, the span is a root span.
func span(id, parent byte, kind tracepb.Span_SpanKind, name string, attrs ...any) *tracepb.Span {
	s := &tracepb.Span{
		TraceId: make([]byte, 16), SpanId: make([]byte, 8), Kind: kind, Name: name,
		StartTimeUnixNano: 1000 + uint64(id), EndTimeUnixNano: 2000 - uint64(id), Attributes: attributes(attrs...),
	}
	s.TraceId[15], s.SpanId[7] = 1, id
	if parent != 0 {
		s.ParentSpanId = make([]byte, 8)
		s.ParentSpanId[7] = parent
	}
	return s
}

func failed(s *tracepb.Span) *tracepb.Span {
	s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	return s
}

func panicked(s *tracepb.Span) *tracepb.Span {
	s.Events = []*tracepb.Span_Event{{Name: "exception", Attributes: attributes("exception.type", "string", "exception.stacktrace", "main.f(...)")}}
	return failed(s)
}

func traces(service string, spans ...*tracepb.Span) recording.Request {
	return recording.Request{Traces: &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: resourceNamed(service), ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}},
	}}}}
}

func gauge(name, unit string, labels ...any) *metricspb.Metric {
	return &metricspb.Metric{Name: name, Unit: unit, Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{
		DataPoints: []*metricspb.NumberDataPoint{{Attributes: attributes(labels...)}},
	}}}
}

func sum(name, unit string, monotonic bool, labels ...any) *metricspb.Metric {
	return &metricspb.Metric{Name: name, Unit: unit, Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{
		IsMonotonic: monotonic, DataPoints: []*metricspb.NumberDataPoint{{Attributes: attributes(labels...)}},
	}}}
}

func histogram(name, unit string, labels ...any) *metricspb.Metric {
	return &metricspb.Metric{Name: name, Unit: unit, Data: &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{
		DataPoints: []*metricspb.HistogramDataPoint{{Attributes: attributes(labels...)}},
	}}}
}

func metrics(service string, all ...*metricspb.Metric) recording.Request {
	return recording.Request{Metrics: &colmetrics.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: resourceNamed(service), ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: all}},
	}}}}
}

// The function lines returns requests with the lines of text. They look as if the service had
// written the lines to stdout.
func lines(service, text string) []recording.Request {
	var requests []recording.Request
	for line := range strings.Lines(text) {
		l := recording.Line{Stream: recording.Stdout, Text: strings.TrimSuffix(line, "\n"), Time: time.Unix(1, 0)}
		requests = append(requests, l.Request(&resourcepb.Resource{Attributes: attributes("service.name", service)}))
	}
	return requests
}

const (
	traceID = "00000000000000000000000000000001"
	goodLog = `{"time":"t","level":"INFO","message":"order taken","trace_id":"` + traceID + `","span_id":"0000000000000001"}
{"time":"t","level":"ERROR","message":"handler panicked","error":"boom","stack_trace":"main.f(...)","trace_id":"` + traceID + `","span_id":"0000000000000001"}
`
)

// The function whole returns the recording of a service that has the data for every panel, so
// every panel is lit.
func whole() []recording.Request {
	const name = "orders"
	http := func(code int) []any {
		return []any{"http.request.method", "GET", "http.method", "GET", "http.response.status_code", code, "http.status_code", code, "url.path", "/orders/7"}
	}
	rpc := []any{"rpc.system.name", "grpc", "rpc.system", "grpc", "rpc.service", "v1.Orders", "rpc.method", "Get"}
	db := []any{
		"db.system.name", "postgresql", "db.system", "postgresql", "db.namespace", "orders", "db.name", "orders",
		"db.operation.name", "SELECT", "db.operation", "SELECT", "db.collection.name", "orders", "db.sql.table", "orders",
		"db.query.text", "SELECT * FROM orders WHERE id = $1", "db.statement", "SELECT * FROM orders WHERE id = $1", "server.address", "orders-db",
	}
	kafka := []any{"messaging.system", "kafka", "messaging.destination.name", "team.orders", "messaging.operation", "publish"}
	all := []recording.Request{
		traces(name,
			span(1, 0, server, "GET /orders/{id}", append(http(200), "http.route", "/orders/{id}")...),
			span(2, 1, client, "v1.Orders/Get", append(rpc, "server.address", "backend")...),
			span(3, 2, server, "v1.Orders/Get", rpc...),
			span(4, 3, client, "SELECT orders", db...),
			span(5, 1, client, "GET", append(http(200), "server.address", "stock", "url.full", "http://stock/items")...),
			span(6, 1, producer, "team.orders publish", kafka...),
			span(7, 6, consumer, "team.orders process", kafka...),
			span(8, 0, server, "GET", http(404)...),
			panicked(span(9, 0, server, "GET /boom", append(http(500), "http.route", "/boom")...)),
		),
		metrics(name,
			sum("db.client.connections.usage", "{connections}", false, "pool.name", "orders", "state", "used"),
			histogram("db.client.connections.create_time", "ms", "pool.name", "orders"),
			sum("kafka.producer.records_sent_total", "", true, "topic", "team.orders"),
			sum("kafka.consumer.records_consumed_total", "", true, "topic", "team.orders"),
			gauge("kafka.consumer.records_lag_max", "", "topic", "team.orders", "partition", 0),
		),
		metrics(name, goCard()...),
	}
	return append(all, lines(name, goodLog)...)
}

func judge(requests ...recording.Request) []apm.Report {
	var r apm.Recording
	for _, request := range requests {
		r.Add(request)
	}
	return r.Judge()
}

// The function only is like judge, but all requests must come from one service. It returns the
// report on this service.
func only(t *testing.T, requests ...recording.Request) apm.Report {
	t.Helper()
	reports := judge(requests...)
	if len(reports) != 1 {
		t.Fatalf("got %d services, want 1", len(reports))
	}
	return reports[0]
}
