package viewer_test

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer"
	"github.com/nais/spor/internal/viewer/spantest"
)

const ms = time.Millisecond

func tracesOf(spans ...spantest.Span) recording.Request {
	return recording.Request{Traces: spantest.Request(spans...)}
}

func storeOf(spans ...spantest.Span) *viewer.Store {
	s := viewer.NewStore(viewer.Options{})
	s.Add(tracesOf(spans...))
	return s
}

// The function quote returns the spans of one trace. The request goes through three services and
// a Kafka topic.
func quote(trace uint64) []spantest.Span {
	at := time.Duration(trace) * time.Second //nolint:gosec // small
	return []spantest.Span{
		{
			Trace: trace, ID: 1, Service: "gateway", Name: "POST /quotes", Kind: spantest.Server, From: at, To: at + 20*ms,
			Attributes: map[string]any{"http.route": "/quotes", "http.request.method": "POST", "http.response.status_code": 201, "http.status_code": 201},
		},
		{
			Trace: trace, ID: 2, Parent: 1, Service: "gateway", Name: "quotes.v1.Quotes/Create", Kind: spantest.Client, From: at + 2*ms, To: at + 18*ms,
			Attributes: map[string]any{"rpc.system.name": "grpc", "rpc.method": "Create", "rpc.service": "quotes.v1.Quotes"},
		},
		{
			Trace: trace, ID: 3, Parent: 2, Service: "backend", Name: "quotes.v1.Quotes/Create", Kind: spantest.Server, From: at + 4*ms, To: at + 16*ms,
			Attributes: map[string]any{"rpc.system.name": "grpc"},
		},
		{
			Trace: trace, ID: 4, Parent: 3, Service: "backend", Name: "INSERT quotes", Kind: spantest.Client, From: at + 5*ms, To: at + 9*ms,
			Attributes: map[string]any{"db.system.name": "postgresql", "db.system": "postgresql", "server.address": "db.local", "db.query.text": "INSERT INTO quotes VALUES (?)"},
		},
		{
			Trace: trace, ID: 5, Parent: 3, Service: "backend", Name: "quotes publish", Kind: spantest.Producer, From: at + 10*ms, To: at + 12*ms,
			Attributes: map[string]any{"messaging.system": "kafka", "messaging.destination.name": "quotes"},
		},
		{
			Trace: trace, ID: 6, Parent: 5, Service: "worker", Name: "quotes process", Kind: spantest.Consumer, From: at + 11*ms, To: at + 40*ms,
			Attributes: map[string]any{"messaging.system": "kafka", "messaging.destination.name": "quotes"},
			Error:      "no such author",
			Links:      []*tracepb.Span_Link{link(trace, 5), link(99, 1)},
			Events: []*tracepb.Span_Event{{Name: "exception", TimeUnixNano: 1, Attributes: spantest.Attributes(map[string]any{
				"exception.type": "*main.Missing", "exception.message": "no such author", "exception.stacktrace": "main.process()\n\tworker.go:7",
			})}},
		},
	}
}

func link(trace, span uint64) *tracepb.Span_Link {
	t, s := spantest.TraceID(trace), spantest.SpanID(span)
	return &tracepb.Span_Link{TraceId: t[:], SpanId: s[:]}
}

func query(t *testing.T, text string) viewer.Query {
	t.Helper()
	values, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	q, err := viewer.ParseQuery(values)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestListFilters(t *testing.T) {
	s := storeOf(quote(1)...)
	s.Add(tracesOf(
		spantest.Span{
			Trace: 2, ID: 1, Service: "gateway", Name: "GET /quotes/{id}", Kind: spantest.Server, From: 2 * time.Second, To: 2*time.Second + 500*ms,
			Attributes: map[string]any{"http.route": "/quotes/{id}", "user.tier": "Gold"},
		},
		spantest.Span{Trace: 3, ID: 1, Service: "cron", Name: "sweep", Kind: spantest.Internal, From: 3 * time.Second, To: 3*time.Second + ms, Error: "disk full"},
	))
	for text, want := range map[string][]uint64{
		"":                                     {3, 2, 1},
		"sort=slowest":                         {2, 1, 3},
		"service=gateway":                      {2, 1},
		"service=worker":                       {1},
		"service=gate":                         nil,
		"status=error":                         {3, 1},
		"status=ok":                            {2},
		"service=gateway&status=error":         nil, // no span of the service gateway failed
		"service=worker&status=error":          {1},
		"kind=internal":                        {3},
		"kind=producer":                        {1},
		"kind=producer&service=worker":         nil,
		"operation=POST+/quotes":               {1},
		"operation=POST":                       nil, // it must be the whole name
		"operation=INSERT+quotes":              nil, // a client span
		"operation=sweep":                      nil, // an internal span
		"operation=quotes+process&kind=server": nil,
		"operation=quotes+process&service=worker&kind=consumer&status=error": {1},
		"operation=POST+/quotes&status=error":                                nil, // another span failed
		"min=100":                                                            {2},
		"min=0.02s":                                                          {2, 1},
		"route=quotes/{":                                                     {2},
		"route=/QUOTES":                                                      {2, 1},
		"route=quotes.v1.Quotes/Create":                                      {1},
		"q=gold":                                                             {2},
		"q=user.tier=gold":                                                   {2},
		"q=insert+values":                                                    {1},
		"q=insert+gold":                                                      nil,
		"q=worker.go":                                                        {1},
		"q=disk+full":                                                        {3},
		"q=" + spantest.TraceID(2).String():                                  {2},
		"q=insert&service=worker&status=error":                               {1},
	} {
		t.Run(text, func(t *testing.T) {
			list := s.List(query(t, text))
			var got []string
			for _, trace := range list.Traces {
				got = append(got, trace.ID)
			}
			var ids []string
			for _, n := range want {
				ids = append(ids, spantest.TraceID(n).String())
			}
			if !slices.Equal(got, ids) || list.Found != len(want) {
				t.Errorf("found %d: %v, want %v", list.Found, got, ids)
			}
		})
	}
}

func TestListTellsOfTrace(t *testing.T) {
	got := storeOf(quote(1)...).List(viewer.Query{Limit: 1}).Traces[0]
	if got.Name != "POST /quotes" || got.Service != "gateway" || got.Status != "201" || got.Spans != 6 || got.Errors != 1 ||
		got.Duration != int64(40*ms) || !slices.Equal(got.Services, []string{"gateway", "backend", "worker"}) {
		t.Errorf("got %+v", got)
	}
}

func TestListLimits(t *testing.T) {
	s := viewer.NewStore(viewer.Options{})
	for i := range uint64(20) {
		s.Add(tracesOf(quote(i)...))
	}
	list := s.List(viewer.Query{Limit: 7})
	if list.Found != 20 || len(list.Traces) != 7 {
		t.Errorf("found %d, returned %d; want 20, 7", list.Found, len(list.Traces))
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for _, text := range []string{"kind=serve", "status=fine", "min=soon", "min=-1", "min=-1s", "limit=x", "limit=-1"} {
		values, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := viewer.ParseQuery(values); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("q=a+b&service=s&kind=server&status=error&min=1.5s&route=/a&sort=slowest&limit=9")
	f.Add("min=1e999&limit=99999999999999999999")
	s := storeOf(quote(1)...)
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		q, err := viewer.ParseQuery(values)
		if err != nil {
			return
		}
		if q.Limit < 0 || q.MinDuration < 0 {
			t.Errorf("got %+v", q)
		}
		if list := s.List(q); list.Found > 1 || len(list.Traces) > list.Found {
			t.Errorf("got %+v", list)
		}
	})
}

func TestStoreDropsOldestTraces(t *testing.T) {
	s := viewer.NewStore(viewer.Options{MaxTraces: 3})
	for i := range uint64(5) {
		s.Add(tracesOf(quote(i)...))
	}
	stats, _ := s.Stats()
	if stats.Traces != 3 || stats.Dropped.Traces != 2 || stats.Spans != 18 {
		t.Errorf("got %+v, want 3 traces of 18 spans, and 2 dropped", stats)
	}
	if _, ok := s.Tree(spantest.TraceID(1)); ok {
		t.Error("the second trace is still there")
	}
	if _, ok := s.Tree(spantest.TraceID(2)); !ok {
		t.Error("the third trace is gone")
	}
}

func TestStoreKeepsTraceThatGrows(t *testing.T) {
	s := viewer.NewStore(viewer.Options{MaxTraces: 2})
	spans := quote(1)
	s.Add(tracesOf(spans[:3]...))
	s.Add(tracesOf(quote(2)...))
	s.Add(tracesOf(spans[3:]...))
	s.Add(tracesOf(quote(3)...))
	if tree, ok := s.Tree(spantest.TraceID(1)); !ok || len(tree.Rows) != 6 {
		t.Errorf("the trace that grew last: %v, %d rows; want 6", ok, len(tree.Rows))
	}
}

func TestStoreBoundsBytes(t *testing.T) {
	const limit = 1 << 20
	s := viewer.NewStore(viewer.Options{MaxBytes: limit})
	for i := range uint64(200) {
		s.Add(tracesOf(spantest.Span{Trace: i, ID: 1, Name: "x", Attributes: map[string]any{"a": strings.Repeat("v", 10_000)}}))
	}
	stats, _ := s.Stats()
	if stats.Traces == 0 || stats.Traces > 30 || stats.Traces+stats.Dropped.Traces != 200 {
		t.Errorf("kept %d traces of 10 kB in %d bytes, dropped %d", stats.Traces, limit, stats.Dropped.Traces)
	}
}

func TestStoreBoundsOneTrace(t *testing.T) {
	s := viewer.NewStore(viewer.Options{MaxBytes: 1 << 20})
	for i := range uint64(200) {
		s.Add(tracesOf(spantest.Span{Trace: 1, ID: i + 1, Name: "x", Attributes: map[string]any{"a": strings.Repeat("v", 10_000)}}))
	}
	tree, _ := s.Tree(spantest.TraceID(1))
	stats, _ := s.Stats()
	if tree.Complete || tree.Dropped == 0 || tree.Dropped != stats.Dropped.Spans || len(tree.Rows)+tree.Dropped != 200 {
		t.Errorf("complete %v, %d rows, %d dropped, %d of the store", tree.Complete, len(tree.Rows), tree.Dropped, stats.Dropped.Spans)
	}
}

func TestStoreTakesSpanOnce(t *testing.T) {
	s := storeOf(quote(1)...)
	s.Add(tracesOf(quote(1)...))
	if stats, _ := s.Stats(); stats.Spans != 6 {
		t.Errorf("%d spans, want 6", stats.Spans)
	}
	if got := s.List(viewer.Query{Limit: 1}).Traces[0].Errors; got != 1 {
		t.Errorf("%d errors, want 1", got)
	}
}

func TestStoreCountsInvalidSpans(t *testing.T) {
	s := viewer.NewStore(viewer.Options{})
	r := spantest.Request(quote(1)...)
	r.ResourceSpans[0].ScopeSpans[0].Spans[0].TraceId = []byte("short")
	s.Add(recording.Request{Traces: r})
	if stats, _ := s.Stats(); stats.Dropped.Invalid != 1 || stats.Spans != 5 {
		t.Errorf("got %+v, want 1 invalid and 5 kept", stats)
	}
}

func TestDetailFoldsTwins(t *testing.T) {
	s := storeOf(quote(1)...)
	d, ok := s.Detail(spantest.TraceID(1), spantest.SpanID(2))
	if !ok {
		t.Fatal("no span")
	}
	var got []string
	for _, a := range d.Attributes {
		text := a.Key + "=" + a.Value
		if a.Twin != nil {
			text += " (" + a.Twin.Key + "=" + a.Twin.Value + ")"
		}
		got = append(got, text)
	}
	want := []string{"rpc.method=Create (rpc.service=quotes.v1.Quotes)", "rpc.system.name=grpc"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	d, _ = s.Detail(spantest.TraceID(1), spantest.SpanID(1))
	for _, a := range d.Attributes {
		if a.Key == "http.status_code" {
			t.Error("http.status_code is also a separate attribute")
		}
		if a.Key == "http.response.status_code" && (a.Type != "int" || a.Twin == nil || a.Twin.Key != "http.status_code") {
			t.Errorf("got %+v, want a twin", a)
		}
	}
}

func TestDetailKeepsOlderNameAlone(t *testing.T) {
	s := storeOf(spantest.Span{Trace: 1, ID: 1, Name: "x", Attributes: map[string]any{"db.system": "redis"}})
	d, _ := s.Detail(spantest.TraceID(1), spantest.SpanID(1))
	if len(d.Attributes) != 1 || d.Attributes[0].Key != "db.system" {
		t.Errorf("got %+v, want db.system", d.Attributes)
	}
}

func TestDetailHasEventsAndLinks(t *testing.T) {
	d, _ := storeOf(quote(1)...).Detail(spantest.TraceID(1), spantest.SpanID(6))
	if d.Status != "error" || d.Message != "no such author" || !d.ParentHere {
		t.Errorf("got %+v", d)
	}
	if len(d.Events) != 1 || d.Events[0].Exception != "*main.Missing: no such author" || !strings.Contains(d.Events[0].Stack, "worker.go:7") {
		t.Errorf("events %+v", d.Events)
	}
	if len(d.Links) != 2 || !d.Links[0].Here || d.Links[0].Name != "quotes publish" || d.Links[0].Service != "backend" || d.Links[1].Here {
		t.Errorf("links %+v", d.Links)
	}
}

func TestExportOpensAgain(t *testing.T) {
	s := storeOf(quote(1)...)
	s.Add(tracesOf(quote(2)...))
	s.Add(logLine(`{"message":"made","level":"INFO","trace_id":"` + spantest.TraceID(1).String() + `"}`))
	s.Add(logLine(`{"message":"not of it","level":"INFO"}`))
	var file bytes.Buffer
	if found, err := s.Export(&file, spantest.TraceID(1)); !found || err != nil {
		t.Fatal(found, err)
	}
	again := viewer.NewStore(viewer.Options{})
	loaded, err := again.Load(&file)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Trace != spantest.TraceID(1).String() {
		t.Errorf("first trace %s", loaded.Trace)
	}
	got, _ := again.Tree(spantest.TraceID(1))
	want, _ := s.Tree(spantest.TraceID(1))
	got.Revision, want.Revision = 0, 0
	if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
	if logs := again.Logs(viewer.LogQuery{Limit: 9}); logs.Found != 1 || logs.Logs[0].Message != "made" {
		t.Errorf("logs %+v", logs)
	}
}

func TestLoadSaysWhatIsNoRecording(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "text": "hello", "half": `{"resourceSpans":[{"scopeSpans":[`} {
		if _, err := viewer.NewStore(viewer.Options{}).Load(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzLoad(f *testing.F) {
	var file bytes.Buffer
	s := storeOf(quote(1)...)
	s.Add(logLine(`{"message":"made","level":"INFO","trace_id":"` + spantest.TraceID(1).String() + `"}`))
	if _, err := s.Export(&file, spantest.TraceID(1)); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"x","histogram":{"dataPoints":[{"timeUnixNano":"1","count":"2","bucketCounts":["1","1"],"explicitBounds":[1]}]}}]}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := viewer.NewStore(viewer.Options{})
		_, _ = s.Load(bytes.NewReader(text))
		for _, trace := range s.List(viewer.Query{Limit: 100}).Traces {
			id, ok := viewer.ParseTraceID(trace.ID)
			tree, found := s.Tree(id)
			if !ok || !found || len(tree.Rows) != trace.Spans {
				t.Fatalf("trace %s: %v, %v, %d rows of %d", trace.ID, ok, found, len(tree.Rows), trace.Spans)
			}
			for i, row := range tree.Rows {
				if row.Parent >= i || row.Start < 0 || row.Duration < 0 {
					t.Fatalf("row %d: %+v", i, row)
				}
			}
		}
		s.ServiceMap()
		s.Metrics("")
		s.Logs(viewer.LogQuery{Limit: 100})
	})
}

func logLine(text string) recording.Request {
	line := recording.Line{Stream: recording.Stdout, Text: text, Time: spantest.Begin}
	return line.Request(&resourcepb.Resource{Attributes: spantest.Attributes(map[string]any{"service.name": "gateway"})})
}

func TestLogsReadLines(t *testing.T) {
	s := storeOf(quote(1)...)
	id, span := spantest.TraceID(1), spantest.SpanID(2)
	s.Add(logLine(`{"time":"2026-06-01T12:00:01.003Z","level":"ERROR","message":"refused","trace_id":"` + id.String() + `","span_id":"` + span.String() + `","stack_trace":"main.go:1","user":{"tier":2}}`))
	s.Add(logLine("plain text"))
	s.Add(logLine(`{"msg":"careful","level":"warning"}`))
	s.Add(logLine(`{broken`))
	all := s.Logs(viewer.LogQuery{Limit: 10})
	if all.Found != 4 {
		t.Fatalf("found %d, want 4", all.Found)
	}
	of := s.Logs(viewer.LogQuery{Limit: 10, Trace: id})
	if of.Found != 1 {
		t.Fatalf("of the trace: found %d, want 1", of.Found)
	}
	got := of.Logs[0]
	if got.Level != "error" || got.Message != "refused" || got.Span != span.String() || got.Stack != "main.go:1" || !got.Here ||
		got.Offset != int64(3*ms) || len(got.Fields) != 1 || got.Fields[0].Value != `{"tier":2}` || got.Source != "stdout" || got.Service != "gateway" {
		t.Errorf("got %+v", got)
	}
	if found := s.Logs(viewer.LogQuery{Limit: 10, Level: "warn"}).Found; found != 2 {
		t.Errorf("warn and worse: %d, want 2", found)
	}
	if found := s.Logs(viewer.LogQuery{Limit: 10, Words: []string{"tier"}}).Found; found != 1 {
		t.Errorf("with a word of a field: %d, want 1", found)
	}
	tree, _ := s.Tree(id)
	if tree.Rows[1].Logs != 1 {
		t.Errorf("logs of the span: %d, want 1", tree.Rows[1].Logs)
	}
}

func TestLogsOfOTLP(t *testing.T) {
	s := viewer.NewStore(viewer.Options{})
	id := spantest.TraceID(1)
	s.Add(recording.Request{Logs: &collogs.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{{
		TimeUnixNano: 5, SeverityNumber: logspb.SeverityNumber_SEVERITY_NUMBER_ERROR2, TraceId: id[:],
		Attributes: spantest.Attributes(map[string]any{"exception.stacktrace": "main.go:2"}),
	}}}}}}}})
	got := s.Logs(viewer.LogQuery{Limit: 1}).Logs[0]
	if got.Level != "error" || got.Source != "otlp" || got.Trace != id.String() || got.Stack != "main.go:2" || got.Here {
		t.Errorf("got %+v", got)
	}
}

func TestLogsAreBounded(t *testing.T) {
	s := viewer.NewStore(viewer.Options{MaxLogs: 10})
	for i := range 25 {
		s.Add(logLine(fmt.Sprint("line ", i)))
	}
	list := s.Logs(viewer.LogQuery{Limit: 100})
	stats, _ := s.Stats()
	if list.Found != 10 || list.Logs[0].Message != "line 15" || stats.Dropped.Logs != 15 {
		t.Errorf("found %d from %q, dropped %d; want 10 from line 15, 15", list.Found, list.Logs[0].Message, stats.Dropped.Logs)
	}
	s = viewer.NewStore(viewer.Options{LogBytes: 100_000})
	for range 100 {
		s.Add(logLine(strings.Repeat("x", 10_000)))
	}
	if stats, _ := s.Stats(); stats.Logs == 0 || stats.Logs > 5 {
		t.Errorf("%d records of 10 kB in 100 kB", stats.Logs)
	}
}

func TestServiceMap(t *testing.T) {
	s := storeOf(quote(1)...)
	s.Add(tracesOf(quote(2)...))
	s.Add(tracesOf(
		spantest.Span{
			Trace: 3, ID: 1, Service: "gateway", Name: "GET", Kind: spantest.Client, To: 3 * ms, Error: "503",
			Attributes: map[string]any{"http.request.method": "GET", "server.address": "example.com"},
		},
		spantest.Span{
			Trace: 4, ID: 1, Service: "gateway", Name: "audit publish", Kind: spantest.Producer, To: ms,
			Attributes: map[string]any{"messaging.system": "kafka", "messaging.destination.name": "audit"},
		},
	))
	var got []string
	for _, e := range s.ServiceMap().Edges {
		got = append(got, fmt.Sprintf("%s > %s by %s: %d, %d errors, p95 %s", e.From, e.To, e.Label, e.Calls, e.Errors, time.Duration(e.P95)))
	}
	want := []string{
		"callers > service:gateway by http: 2, 0 errors, p95 20ms",
		"service:backend > database:db.local by postgresql: 2, 0 errors, p95 4ms",
		"service:backend > service:worker by kafka: 2, 2 errors, p95 29ms",
		"service:gateway > external:example.com by http: 1, 1 errors, p95 3ms",
		"service:gateway > messaging:audit by kafka: 1, 0 errors, p95 1ms",
		"service:gateway > service:backend by grpc: 2, 0 errors, p95 12ms",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func gauge(name string, at int, value float64, attributes map[string]any) *metricspb.Metric {
	return &metricspb.Metric{Name: name, Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{{
		TimeUnixNano: uint64(at) * 1e9, Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: value}, Attributes: spantest.Attributes(attributes), //nolint:gosec // small
	}}}}}
}

func counter(name string, at int, value float64, temporality metricspb.AggregationTemporality) *metricspb.Metric {
	return &metricspb.Metric{Name: name, Unit: "s", Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{
		IsMonotonic: true, AggregationTemporality: temporality,
		DataPoints: []*metricspb.NumberDataPoint{{TimeUnixNano: uint64(at) * 1e9, Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: value}}}, //nolint:gosec // small
	}}}
}

func histogramOf(name string, at int, counts ...uint64) *metricspb.Metric {
	p := &metricspb.HistogramDataPoint{TimeUnixNano: uint64(at) * 1e9, BucketCounts: counts, ExplicitBounds: []float64{1, 2, 4}} //nolint:gosec // small
	for _, c := range counts {
		p.Count += c
	}
	return &metricspb.Metric{Name: name, Data: &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{
		AggregationTemporality: metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, DataPoints: []*metricspb.HistogramDataPoint{p},
	}}}
}

func addMetrics(s *viewer.Store, metrics ...*metricspb.Metric) {
	s.Add(recording.Request{Metrics: &colmetrics.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: metrics}}}}}})
}

func TestMetricsFillCards(t *testing.T) {
	const cumulative, delta = metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE, metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
	s := viewer.NewStore(viewer.Options{})
	for i := 1; i <= 3; i++ {
		addMetrics(s,
			gauge("go_goroutines", i, float64(10*i), nil),
			counter("process_cpu_seconds_total", i, float64(i*i), cumulative),
			counter("app.seconds", i, 7, delta),
			gauge("db.client.connections.usage", i, 2, map[string]any{"state": "used"}),
			gauge("db.client.connections.usage", i, 3, map[string]any{"state": "idle"}),
			gauge("db.client.connection.count", i, 5, nil), // the same metric, but under its stable name
			gauge("kafka.consumer.records_lag_max", i, 4, nil),
			histogramOf("http.server.request.duration", i, uint64(100*i), 0, 0, 0), //nolint:gosec // small
		)
	}
	got := map[string]string{}
	for _, card := range s.Metrics("").Cards {
		for _, p := range card.Plots {
			for _, line := range p.Lines {
				got[card.Title+"/"+p.Title+"/"+line.Labels] = fmt.Sprint(line.Points)
			}
		}
	}
	want := map[string]string{
		"Go/Goroutines/": "[[1 10] [2 20] [3 30]]",
		"Go/CPU/":        "[[2 3] [3 5]]",
		"Connection pool/Connections by state/state=idle": "[[1 3] [2 3] [3 3]]",
		"Connection pool/Connections by state/state=used": "[[1 2] [2 2] [3 2]]",
		"Kafka/Lag/":                 "[[1 4] [2 4] [3 4]]",
		"Requests/HTTP served/":      "[[1 0.95] [2 0.95] [3 0.95]]",
		"Other metrics/app.seconds/": "[[2 7] [3 7]]",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestMetricsAreBounded(t *testing.T) {
	s := viewer.NewStore(viewer.Options{MaxSeries: 10})
	for i := range 30 {
		addMetrics(s, gauge("g", 1, 1, map[string]any{"i": i}))
	}
	for i := range 1000 {
		addMetrics(s, gauge("g", 2+i, 1, map[string]any{"i": 0}))
	}
	stats, _ := s.Stats()
	if stats.Series != 10 || stats.Dropped.Series != 20 {
		t.Errorf("%d series, %d dropped; want 10, 20", stats.Series, stats.Dropped.Series)
	}
	if points := len(s.Metrics("").Cards[0].Plots[0].Lines[0].Points); points != 360 {
		t.Errorf("%d points, want 360", points)
	}
}

func TestAnswersSayWhatIsMissing(t *testing.T) {
	s := viewer.NewStore(viewer.Options{MaxTraces: 2, MaxLogs: 3})
	for i := range 20 {
		addMetrics(s, gauge("g", 1, 1, map[string]any{"i": i}))
		s.Add(tracesOf(quote(uint64(i + 1))...)) //nolint:gosec // small
		s.Add(recording.Line{Stream: recording.Stdout, Text: "line"}.Request(nil))
	}
	if plot := s.Metrics("").Cards[0].Plots[0]; len(plot.Lines) != 12 || plot.More != 8 {
		t.Errorf("%d lines, %d more; want 12, 8", len(plot.Lines), plot.More)
	}
	if cards := s.Metrics("absent").Cards; len(cards) != 0 {
		t.Errorf("cards of a service without metrics: %+v", cards)
	}
	if list := s.List(viewer.Query{Limit: 10}); list.Found != 2 || list.Dropped != 18 {
		t.Errorf("%d traces found, %d dropped; want 2, 18", list.Found, list.Dropped)
	}
	if list := s.Logs(viewer.LogQuery{Limit: 10}); list.Found != 3 || list.Dropped != 17 {
		t.Errorf("%d log records found, %d dropped; want 3, 17", list.Found, list.Dropped)
	}
	if list := s.Logs(viewer.LogQuery{Limit: 10, Service: "absent"}); list.Found != 0 {
		t.Errorf("log records of a service without any: %+v", list)
	}
}

func TestStatsWake(t *testing.T) {
	s := viewer.NewStore(viewer.Options{})
	before, changed := s.Stats()
	s.Add(tracesOf(quote(1)...))
	select {
	case <-changed:
	default:
		t.Error("Add did not close the channel")
	}
	if after, _ := s.Stats(); after.Revision == before.Revision || after.Traces != 1 {
		t.Errorf("got %+v", after)
	}
}
