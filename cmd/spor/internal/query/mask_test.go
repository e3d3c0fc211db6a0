package query_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
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

	"github.com/nais/spor/cmd/spor/internal/query"
	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer/spantest"
)

// A leak is telemetry that contains a personal number or a credential in every place.
type leak struct {
	text string             // for the places of text
	key  string             // for the places of keys
	attr *commonpb.KeyValue // for the places of attributes
	line string             // a line of the output
	body *commonpb.AnyValue // of a log record
}

func (l leak) attributes() []*commonpb.KeyValue {
	list := &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{
		Values: []*commonpb.AnyValue{otlpattr.StringValue("first"), l.attr.GetValue(), otlpattr.StringValue("last")},
	}}}
	return []*commonpb.KeyValue{
		l.attr,
		otlpattr.String("text", l.text),
		otlpattr.String(l.key, "key"),
		{Key: "x_" + l.attr.GetKey(), Value: list},
		{Key: "map", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{
			Values: []*commonpb.KeyValue{otlpattr.String("a", "first"), l.attr, {Key: "b", Value: list}, otlpattr.String(l.key, l.text)},
		}}}},
	}
}

// The method requests returns the telemetry. Each span shows other attributes in its details.
func (l leak) requests() []recording.Request {
	attributes := l.attributes()
	resource := &resourcepb.Resource{Attributes: append([]*commonpb.KeyValue{otlpattr.String("service.name", l.text)}, attributes...)}
	scope := &commonpb.InstrumentationScope{Name: l.text}
	trace := spantest.TraceID(1)
	spans := &tracepb.ScopeSpans{Scope: scope}
	begin := uint64(spantest.Begin.UnixNano()) //nolint:gosec // the time is after 1970
	for i, first := range [][]*commonpb.KeyValue{
		{otlpattr.String("http.request.method", "GET"), otlpattr.String("url.full", l.text), otlpattr.String("http.route", l.text)},
		{otlpattr.String("http.request.method", l.text), otlpattr.String("url.path", l.text)},
		{otlpattr.String("db.system.name", l.text), otlpattr.String("db.query.text", l.text)},
		{otlpattr.String("rpc.system.name", "grpc"), otlpattr.String("server.address", l.text), otlpattr.String("rpc.response.status_code", l.text)},
		{otlpattr.String("messaging.system", "kafka"), otlpattr.String("messaging.destination.name", l.text)},
		{l.attr},
		{otlpattr.String(l.key, "key")},
		{attributes[3]},
		{attributes[4]},
	} {
		id := spantest.SpanID(uint64(i + 1))
		span := &tracepb.Span{
			TraceId: trace[:], SpanId: id[:], Name: l.text, Kind: tracepb.Span_SPAN_KIND_SERVER, TraceState: "a=" + l.text,
			StartTimeUnixNano: begin, EndTimeUnixNano: begin + 1e6, Attributes: append(first, attributes...),
			Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: l.text},
			Events: []*tracepb.Span_Event{{Name: l.text, Attributes: attributes}, {Name: "exception", Attributes: []*commonpb.KeyValue{
				otlpattr.String("exception.type", l.text), otlpattr.String("exception.message", l.text), otlpattr.String("exception.stacktrace", "at\n"+l.text+"\n"),
			}}},
			Links: []*tracepb.Span_Link{{TraceId: trace[:], SpanId: id[:], Attributes: attributes}},
		}
		if i == 2 || i == 4 {
			span.Kind = tracepb.Span_SPAN_KIND_CLIENT
		}
		spans.Spans = append(spans.Spans, span)
	}
	record := &logspb.LogRecord{
		TimeUnixNano: begin, TraceId: trace[:], Body: otlpattr.StringValue(l.text), SeverityText: l.text,
		Attributes: append([]*commonpb.KeyValue{otlpattr.String("exception.stacktrace", l.text)}, attributes...),
	}
	other := &logspb.LogRecord{TimeUnixNano: begin, TraceId: trace[:], Body: l.body}
	metric := &metricspb.Metric{Name: l.text, Description: l.text, Unit: l.text, Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{
		DataPoints: []*metricspb.NumberDataPoint{{TimeUnixNano: begin, Attributes: attributes, Value: &metricspb.NumberDataPoint_AsInt{AsInt: 1}}},
	}}}
	return []recording.Request{
		{Traces: &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{Resource: resource, ScopeSpans: []*tracepb.ScopeSpans{spans}}}}},
		{Logs: &collogs.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{Resource: resource, ScopeLogs: []*logspb.ScopeLogs{{Scope: scope, LogRecords: []*logspb.LogRecord{record, other}}}}}}},
		{Metrics: &colmetrics.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{Resource: resource, ScopeMetrics: []*metricspb.ScopeMetrics{{Scope: scope, Metrics: []*metricspb.Metric{metric}}}}}}},
		recording.Line{Stream: recording.Stdout, Text: l.line, Time: spantest.Begin}.Request(resource),
		recording.Line{Stream: recording.Stdout, Text: "not JSON: " + l.text, Time: spantest.Begin}.Request(resource),
	}
}

// answers returns all answers about the telemetry in source as JSON, except the panels.
func answers(t *testing.T, source *query.Source) string {
	t.Helper()
	var all []any
	list := func(answer any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, answer)
	}
	trace := spantest.TraceID(1).String()
	list(source.Traces(t.Context(), query.TraceFilter{}))
	list(source.Trace(t.Context(), query.TraceID{ID: trace}))
	for i := range uint64(9) {
		list(source.Span(t.Context(), query.SpanID{Trace: trace, ID: spantest.SpanID(i + 1).String()}))
	}
	list(source.Logs(t.Context(), query.LogFilter{}))
	list(source.Metrics(t.Context(), query.MetricFilter{Points: 10}))
	return jsonOf(t, all)
}

func jsonOf(t *testing.T, answer any) string {
	t.Helper()
	text, err := json.MarshalIndent(answer, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sourceOf(t *testing.T, requests ...recording.Request) *query.Source {
	t.Helper()
	name := filepath.Join(t.TempDir(), "recording.jsonl")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := recording.NewWriter(file)
	for _, r := range requests {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	return &query.Source{File: name}
}

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

// leaks returns one leak per form of docs/privacy.md that is masked in a text, and one per form
// of a number and per name of a credential.
func leaks(t *testing.T) map[string]leak {
	t.Helper()
	page, err := os.ReadFile("../../../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]leak{}
	for _, row := range regexp.MustCompile("(?m)^\\| .* \\| (`.*`) \\| (masked|redacted) \\|").FindAllStringSubmatch(string(page), -1) {
		for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			text := strings.Replace(quoted[1], "eyJ…", jwt, 1)
			all["text "+text] = withText(t, text)
		}
	}
	if len(all) < 12 {
		t.Fatalf("docs/privacy.md has only %d forms: %v", len(all), all)
	}
	for name, value := range map[string]*commonpb.AnyValue{
		"31129912345":      {Value: &commonpb.AnyValue_IntValue{IntValue: 31129912345}},
		"-31129912345":     {Value: &commonpb.AnyValue_IntValue{IntValue: -31129912345}},
		"1017012345":       {Value: &commonpb.AnyValue_IntValue{IntValue: 1017012345}},
		"31129912345.0":    {Value: &commonpb.AnyValue_DoubleValue{DoubleValue: 31129912345}},
		"1.017012345e+09":  {Value: &commonpb.AnyValue_DoubleValue{DoubleValue: 1017012345}},
		"-1.017012345e+09": {Value: &commonpb.AnyValue_DoubleValue{DoubleValue: -1017012345}},
	} {
		key := "1017012345" // a key may have lost its zero
		all["number "+name] = leak{
			text: "text", key: key, attr: &commonpb.KeyValue{Key: "id", Value: value}, body: value,
			line: `{"message":"m","id":` + name + `,"list":[1,` + name + `],"map":{"id":` + name + `,"1017012345":1},"1017012345":2}`,
		}
	}
	for _, name := range []string{"token", "client_secret", "X-Api-Key", "password2", "http.request.header.authorization"} {
		attr := otlpattr.String(name, "my hunter2, x=hunter2")
		body := &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: []*commonpb.KeyValue{attr}}}}
		all["name "+name] = leak{
			text: "text", key: "key", attr: attr, body: body,
			line: `{"message":"m","` + name + `":"my hunter2","map":{"` + name + `":"hunter2"},"` + name + `x":[{"` + name + `":"hunter2"}],"` + strings.ToUpper(name) + `":{"a":"hunter2"},"` + name + `1":["hunter2"]}`,
		}
	}
	return all
}

func withText(t *testing.T, text string) leak {
	t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	q := string(quoted)
	return leak{
		text: text, key: text, attr: otlpattr.String("id", text), body: otlpattr.StringValue(text),
		line: `{"message":` + q + `,"level":` + q + `,"stack_trace":` + q + `,"id":` + q + `,"list":[` + q + `],"map":{"id":` + q + `,` + q + `:1},` + q + `:2}`,
	}
}

// The function around returns the text around each place where text contains one of words.
func around(text string, words ...string) (places []string) {
	for _, word := range words {
		for rest := text; ; {
			at := strings.Index(rest, word)
			if at < 0 {
				break
			}
			places = append(places, rest[max(0, at-60):min(len(rest), at+60)])
			rest = rest[at+len(word):]
		}
	}
	return places
}

func TestAnswersAreMasked(t *testing.T) {
	for name, l := range leaks(t) {
		t.Run(name, func(t *testing.T) {
			source := sourceOf(t, l.requests()...)
			panels, err := source.Panels(t.Context(), query.PanelFilter{})
			if err != nil {
				t.Fatal(err)
			}
			text := answers(t, source) + jsonOf(t, panels)
			for _, found := range around(text, "12345", "hunter2", "dXNlcjpodW50ZXIy", "eyJ") {
				t.Errorf("the answers contain %s", found)
			}
			if !strings.Contains(text, "***********") && !strings.Contains(text, "REDACTED") && !strings.Contains(text, "99999999999") {
				t.Errorf("nothing is masked in %s", text)
			}
		})
	}
}

// TestTextsAreMaskedBeforeTheyAreCut moves a personal number over each place where a text is cut.
func TestTextsAreMaskedBeforeTheyAreCut(t *testing.T) {
	for _, limit := range []int{256, 1024, 8192} {
		for before := limit - 13; before < limit; before += 4 {
			text := strings.Repeat("x ", before)[:before] + " 01017012345"
			l := leak{text: text, key: "key", attr: otlpattr.String("id", text), body: otlpattr.StringValue(text), line: text}
			if found := around(answers(t, sourceOf(t, l.requests()...)), "0101"); found != nil {
				t.Fatalf("%d characters before the number: the answers contain %q", before, found)
			}
		}
	}
}

func TestErrorsAreMasked(t *testing.T) {
	source := sourceOf(t, leak{attr: otlpattr.String("a", "b")}.requests()...)
	const id = "01017012345"
	for _, err := range []error{
		second(source.Traces(t.Context(), query.TraceFilter{Kind: id})),
		second(source.Traces(t.Context(), query.TraceFilter{Duration: id + "x"})),
		second(source.Trace(t.Context(), query.TraceID{ID: id})),
		second(source.Span(t.Context(), query.SpanID{Trace: id, ID: id})),
		second(source.Logs(t.Context(), query.LogFilter{Level: id})),
		second(source.Logs(t.Context(), query.LogFilter{Trace: id})),
		second(source.Panels(t.Context(), query.PanelFilter{State: id})),
		second((&query.Source{File: "/" + id}).Panels(t.Context(), query.PanelFilter{})),
	} {
		if err == nil || !strings.Contains(err.Error(), "***********") || strings.Contains(err.Error(), id) {
			t.Errorf("got %v", err)
		}
	}
}

func second(_ any, err error) error { return err }

// TestOtherTextsStay checks that masking leaves what is neither a personal number nor a credential.
func TestOtherTextsStay(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC).Unix()
	text := "SELECT id FROM sessions WHERE user_id = $1 AND token_type = $2"
	l := leak{text: text, key: "messages", attr: &commonpb.KeyValue{Key: "epoch", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: now}}}, body: otlpattr.StringValue("stays"), line: `{"message":"line","n":12,"ok":true,"f":1.5}`}
	got := answers(t, sourceOf(t, l.requests()...))
	for _, want := range []string{text, `"epoch": "1780315200"`, `"x_epoch": "[first, 1780315200, last]"`, `"epoch=1780315200, map={a=first, epoch=1780315200, b=[first, 1780315200, last], messages=` + text + `}, messages=key, text=` + text + `, x_epoch=[first, 1780315200, last]"`, `"message": "line"`, `"n": "12"`, `"ok": "true"`, `"f": "1.5"`, `"message": "stays"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	for _, mask := range []string{"***", "REDACTED", "99999999999"} {
		if strings.Contains(got, mask) {
			t.Errorf("%s is in %s", mask, got)
		}
	}
}

// TestDisguisedTextIsMasked has secrets with colours and invisible characters in them, as loggers
// write them to a terminal. What is removed when a text is shown must not hide the secret before.
func TestDisguisedTextIsMasked(t *testing.T) {
	for text, secret := range map[string]string{
		"\x1b[36mpassword=\x1b[0mhunter2":  "hunter2",
		"\x1b[36mpassword\x1b[0m=hunter2":  "hunter2",
		"ident 010170\u200b12345 was seen": "01017012345",
		"ident 010170\x1b[0m12345":         "01017012345",
		"ident 0101\x0070\u202e12345":      "01017012345",
	} {
		l := leak{text: text, key: text, attr: otlpattr.String("note", text), line: `{"level":"INFO","message":` + jsonOf(t, text) + `}`, body: otlpattr.StringValue(text)}
		if got := answers(t, sourceOf(t, l.requests()...)); strings.Contains(got, secret) || strings.Contains(got, "\\u001b") {
			i := max(0, strings.Index(got, secret))
			t.Errorf("%q: got …%s…", text, got[max(0, i-100):min(len(got), i+100)])
		}
	}
}
