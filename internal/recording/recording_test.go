package recording_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/recording"
)

var (
	traceID = []byte{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36}
	spanID  = []byte{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}
	rootID  = []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
)

func text(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}

func traces() recording.Request {
	return recording.Request{Traces: &coltrace.ExportTraceServiceRequest{
		ResourceSpans: []*tracepb.ResourceSpans{{
			Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "service.name", Value: text("quotes")}}},
			ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{
				TraceId:           traceID,
				SpanId:            spanID,
				ParentSpanId:      rootID,
				Name:              "GET",
				Kind:              tracepb.Span_SPAN_KIND_CLIENT,
				StartTimeUnixNano: 1544712660000000000,
				EndTimeUnixNano:   1544712661000000000,
				Attributes: []*commonpb.KeyValue{
					{Key: "raw", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: []byte{0xfb, 0xff}}}},
				},
				Links:  []*tracepb.Span_Link{{TraceId: traceID, SpanId: rootID}},
				Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "boom"},
			}}}},
		}},
	}}
}

func metrics() recording.Request {
	exemplars := func() []*metricspb.Exemplar {
		return []*metricspb.Exemplar{{TraceId: traceID, SpanId: spanID, Value: &metricspb.Exemplar_AsInt{AsInt: 1}}}
	}
	return recording.Request{Metrics: &colmetrics.ExportMetricsServiceRequest{
		ResourceMetrics: []*metricspb.ResourceMetrics{{ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{
			{Name: "gauge", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{
				DataPoints: []*metricspb.NumberDataPoint{{Exemplars: exemplars()}},
			}}},
			{Name: "sum", Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{
				AggregationTemporality: metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE,
				DataPoints:             []*metricspb.NumberDataPoint{{Exemplars: exemplars()}},
			}}},
			{Name: "histogram", Data: &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{
				DataPoints: []*metricspb.HistogramDataPoint{{Count: 1, Exemplars: exemplars()}},
			}}},
			{Name: "exponential", Data: &metricspb.Metric_ExponentialHistogram{ExponentialHistogram: &metricspb.ExponentialHistogram{
				DataPoints: []*metricspb.ExponentialHistogramDataPoint{{Exemplars: exemplars()}},
			}}},
		}}}}},
	}}
}

func logs() recording.Request {
	return recording.Request{Logs: &collogs.ExportLogsServiceRequest{
		ResourceLogs: []*logspb.ResourceLogs{{ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{{
			TraceId:        traceID,
			SpanId:         spanID,
			SeverityNumber: logspb.SeverityNumber_SEVERITY_NUMBER_WARN,
			Body:           text("careful"),
		}}}}}},
	}}
}

func TestWriterWritesOTLPJSON(t *testing.T) {
	var file bytes.Buffer
	r := traces()
	if err := recording.NewWriter(&file).Write(r); err != nil {
		t.Fatal(err)
	}
	want := `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"quotes"}}]},` +
		`"scopeSpans":[{"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7",` +
		`"parentSpanId":"ffffffffffffffff","name":"GET","kind":3,"startTimeUnixNano":"1544712660000000000",` +
		`"endTimeUnixNano":"1544712661000000000","attributes":[{"key":"raw","value":{"bytesValue":"+/8="}}],` +
		`"links":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"ffffffffffffffff"}],` +
		`"status":{"message":"boom","code":2}}]}]}]}` + "\n"
	if got := file.String(); got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
	if !proto.Equal(r.Traces, traces().Traces) {
		t.Error("the request was changed")
	}
}

func TestReadGivesBackWhatWasWritten(t *testing.T) {
	want := []recording.Request{traces(), metrics(), logs()}
	var file bytes.Buffer
	w := recording.NewWriter(&file)
	for _, r := range want {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := strings.Count(file.String(), hex.EncodeToString(traceID)), 2+4+1; got != want {
		t.Errorf("the file contains the trace ID in hex %d times, want %d", got, want)
	}
	var got []recording.Request
	for r, err := range recording.Read(&file) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if len(got) != len(want) {
		t.Fatalf("read %d requests, want %d", len(got), len(want))
	}
	for i := range got {
		if !equal(got[i], want[i]) {
			t.Errorf("request %d: read %v, want %v", i, got[i], want[i])
		}
	}
}

func TestReadCollectorFile(t *testing.T) {
	file, err := os.Open("testdata/collector.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var got recording.Request
	for r, err := range recording.Read(file) {
		if err != nil {
			t.Fatal(err)
		}
		proto.Merge(first(&got.Traces), r.Traces)
		proto.Merge(first(&got.Metrics), r.Metrics)
		proto.Merge(first(&got.Logs), r.Logs)
	}
	span := got.Traces.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0]
	if got, want := hex.EncodeToString(span.GetTraceId()), "5b8efff798038103d269b633813fc60c"; got != want {
		t.Errorf("trace ID %s, want %s", got, want)
	}
	point := got.Metrics.GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics()[0].GetGauge().GetDataPoints()[0]
	if got, want := point.GetAsInt(), int64(7); got != want {
		t.Errorf("data point %d, want %d", got, want)
	}
	record := got.Logs.GetResourceLogs()[0].GetScopeLogs()[0].GetLogRecords()[0]
	if got, want := record.GetSeverityNumber(), logspb.SeverityNumber_SEVERITY_NUMBER_INFO; got != want {
		t.Errorf("severity %v, want %v", got, want)
	}
}

func TestReadErrors(t *testing.T) {
	const good = `{"resourceSpans":[]}` + "\n"
	for name, tt := range map[string]struct{ file, want string }{
		"no JSON":        {"{nope\n", "recording: line 1, column 2: invalid character 'n'"},
		"cut short":      {good + `{"resourceSpans":[{`, "recording: line 2, column 19: unexpected end of JSON input"},
		"array":          {good + "\n[1]", "recording: line 3: not an export request (want one of resourceSpans, resourceMetrics, resourceLogs)"},
		"other kind":     {`{"resourceProfiles":[]}`, "recording: line 1: not an export request"},
		"two kinds":      {`{"resourceSpans":[],"resourceLogs":[]}`, "recording: line 1: not an export request"},
		"wrong type":     {good + `{"resourceSpans":[{"scopeSpans":7}]}`, "recording: line 2, column 33: "},
		"base64 ID":      {`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"S/kvNXezTaajzpKdDg5HNg=="}]}]}]}`, `recording: line 1: trace ID "S/kvNXezTaajzpKdDg5HNg==" (want 32 hex digits)`},
		"short ID":       {`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"spanId":"abcd"}]}]}]}`, `recording: line 1: span ID "abcd" (want 16 hex digits)`},
		"ID not base64":  {`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"#"}]}]}]}`, "recording: line 1, column 55: "},
		"null in a list": {`{"resourceSpans":[null]}`, "recording: line 1, column 19: "},
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			for _, err := range recording.Read(strings.NewReader(tt.file)) {
				last = err
			}
			if last == nil {
				t.Fatal("got no error")
			}
			if got := last.Error(); !strings.HasPrefix(got, tt.want) {
				t.Errorf("error %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWriterRefusesMalformedID(t *testing.T) {
	r := traces()
	r.Traces.ResourceSpans[0].ScopeSpans[0].Spans[0].SpanId = spanID[:5]
	var file bytes.Buffer
	err := recording.NewWriter(&file).Write(r)
	if got, want := errText(err), "recording: span ID of 5 bytes (want 8)"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	if file.Len() != 0 {
		t.Errorf("wrote %q, want nothing", file.String())
	}
}

func TestWriterLeavesEmptyRequestsOut(t *testing.T) {
	var file bytes.Buffer
	if err := recording.NewWriter(&file).Write(recording.Request{Logs: &collogs.ExportLogsServiceRequest{}}); err != nil {
		t.Fatal(err)
	}
	if file.Len() != 0 {
		t.Errorf("wrote %q, want nothing", file.String())
	}
}

// The type full is a writer. Its first write fails, and all later writes succeed.
type full struct{ writes int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if f.writes++; f.writes > 1 {
		return len(p), nil
	}
	return 0, errFull
}

func TestWriterStopsAtWriteErrors(t *testing.T) {
	var file full
	w := recording.NewWriter(&file)
	for range 2 {
		if err := w.Write(logs()); !errors.Is(err, errFull) {
			t.Errorf("error %v, want %v", err, errFull)
		}
	}
	if got, want := file.writes, 1; got != want {
		t.Errorf("wrote %d times, want %d", got, want)
	}
}

func TestLineIsALogRecord(t *testing.T) {
	var file bytes.Buffer
	resource := &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "service.name", Value: text("quotes")}}}
	line := recording.Line{Stream: recording.Stderr, Text: "h\xffi", Continued: true, Time: time.Unix(1544712660, 7)}
	if err := recording.NewWriter(&file).Write(line.Request(resource)); err != nil {
		t.Fatal(err)
	}
	want := `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"quotes"}}]},` +
		`"scopeLogs":[{"scope":{"name":"spor.stdout"},"logRecords":[{"timeUnixNano":"1544712660000000007",` +
		`"observedTimeUnixNano":"1544712660000000007","body":{"stringValue":"h` + "\uFFFD" + `i"},"attributes":[{"key":"log.iostream","value":{"stringValue":"stderr"}},` +
		`{"key":"spor.line.continued","value":{"boolValue":true}}]}]}]}]}` + "\n"
	if got := file.String(); got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}

// FuzzRead checks every request that Read returns. It must be possible to write the request, and
// to read the same request again.
func FuzzRead(f *testing.F) {
	collector, err := os.ReadFile("testdata/collector.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(collector)
	for _, r := range []recording.Request{traces(), metrics(), logs()} {
		var file bytes.Buffer
		if err := recording.NewWriter(&file).Write(r); err != nil {
			f.Fatal(err)
		}
		f.Add(file.Bytes())
	}
	f.Add([]byte(`{"resourceSpans":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for r, err := range recording.Read(bytes.NewReader(data)) {
			if err != nil {
				if !strings.HasPrefix(err.Error(), "recording: line ") {
					t.Errorf("error %q does not name a line", err)
				}
				return
			}
			var file bytes.Buffer
			if err := recording.NewWriter(&file).Write(r); err != nil {
				t.Fatalf("write of a request that was read: %v", err)
			}
			for again, err := range recording.Read(&file) {
				if err != nil {
					t.Fatalf("read of a request that was written: %v", err)
				}
				if !equal(again, r) {
					t.Errorf("read %v, then %v", r, again)
				}
			}
		}
	})
}

func equal(a, b recording.Request) bool {
	return proto.Equal(a.Traces, b.Traces) && proto.Equal(a.Metrics, b.Metrics) && proto.Equal(a.Logs, b.Logs)
}

func first[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
