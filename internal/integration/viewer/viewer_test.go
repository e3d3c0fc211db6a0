//go:build integration

package viewer_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer/spantest"
)

// TestViewer tests the viewer in a browser. The tests themselves are in the files *.test.js.
// TestViewer makes the programs and recordings that these tests need, and logs what the tests
// measure. If SPOR_SCREENSHOTS is the path of a folder, the tests write their screenshots to
// this folder.
func TestViewer(t *testing.T) {
	chromium, node := browserPrograms(t)
	programs := t.TempDir()
	build(t, programs, "../../../cmd/spor", ".")
	build(t, programs, "../../../examples", "./quotes")
	installModules(t)
	recordings := t.TempDir()
	for name, requests := range viewerRecordings() {
		record(t, filepath.Join(recordings, name+".jsonl"), requests)
	}
	screenshots := os.Getenv("SPOR_SCREENSHOTS")
	if screenshots == "" {
		screenshots = t.TempDir()
	}
	cmd := exec.CommandContext(t.Context(), node, "--test", "--test-concurrency=1", "--test-reporter=spec")
	cmd.Env = append(os.Environ(), "SPOR_CHROMIUM="+chromium, "SPOR_TEST_PROGRAMS="+programs,
		"SPOR_TEST_RECORDINGS="+recordings, "SPOR_TEST_SCREENSHOTS="+screenshots, "XDG_CACHE_HOME="+t.TempDir())
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

func build(t *testing.T, into, module, pkg string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", into+string(filepath.Separator), pkg)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", pkg, err, out)
	}
}

// browserPrograms returns the paths of the browser and of Node.js. In CI, both programs must be
// installed.
func browserPrograms(t *testing.T) (chromium, node string) {
	t.Helper()
	chromium = os.Getenv("SPOR_CHROMIUM")
	var err error
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if chromium == "" {
			chromium, err = exec.LookPath(name)
		}
	}
	if chromium == "" {
		oteltest.Lacking(t, fmt.Sprintf("%v (run make services-install, or set SPOR_CHROMIUM)", err))
	}
	if node, err = exec.LookPath("node"); err != nil {
		oteltest.Lacking(t, fmt.Sprintf("%v (run make services-install)", err))
	}
	return chromium, node
}

// installModules installs the modules in package-lock.json, if they are not installed yet.
func installModules(t *testing.T) {
	t.Helper()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	const mark = "node_modules/.spor-lock"
	if have, err := os.ReadFile(mark); err == nil && string(have) == string(lock) {
		return
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.WriteFile(mark, lock, 0o600); err != nil {
		t.Fatal(err)
	}
}

func record(t *testing.T, name string, requests []recording.Request) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := recording.NewWriter(file)
	for _, r := range requests {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(file.Close()); err != nil {
		t.Fatal(err)
	}
}

func viewerRecordings() map[string][]recording.Request {
	return map[string][]recording.Request{
		"known": knownTraces(), "hostile": hostileTraces(), "big": bigTrace(), "shop": shopTraces(), "hub": hubTraces(), "many": manyTraces(), "empty": nil,
		"dark": spans(spantest.Span{Trace: 70, ID: 1, Service: "dark", Name: "work", Kind: spantest.Internal, To: time.Millisecond}),
	}
}

func spans(all ...spantest.Span) []recording.Request {
	return []recording.Request{{Traces: spantest.Request(all...)}}
}

func lines(service string, texts ...string) []recording.Request {
	var requests []recording.Request
	resource := &resourcepb.Resource{Attributes: spantest.Attributes(map[string]any{"service.name": service})}
	for i, text := range texts {
		l := recording.Line{Stream: recording.Stdout, Text: text, Time: spantest.Begin.Add(time.Duration(i) * time.Millisecond)}
		requests = append(requests, l.Request(resource))
	}
	return requests
}

// knownTraces returns three traces. The first goes through three services and a Kafka topic.
// The second is the trace of another request. The third is the trace of a job that failed.
func knownTraces() []recording.Request {
	const ms = time.Millisecond
	other := spantest.TraceID(2)
	root := spantest.SpanID(1)
	requests := spans(
		spantest.Span{Trace: 1, ID: 1, Service: "gateway", Name: "POST /quotes", Kind: spantest.Server, To: 20 * ms, Attributes: map[string]any{
			"http.route": "/quotes", "http.request.method": "POST", "http.response.status_code": 201, "http.status_code": 201,
		}},
		spantest.Span{Trace: 1, ID: 2, Parent: 1, Service: "gateway", Name: "quotes.v1.Quotes/Create", Kind: spantest.Client, From: 2 * ms, To: 18 * ms, Attributes: map[string]any{
			"rpc.system.name": "grpc", "rpc.method": "Create", "rpc.service": "quotes.v1.Quotes",
		}},
		spantest.Span{Trace: 1, ID: 3, Parent: 2, Service: "backend", Name: "quotes.v1.Quotes/Create", Kind: spantest.Server, From: 4 * ms, To: 16 * ms, Attributes: map[string]any{
			"rpc.system.name": "grpc", "rpc.method": "Create",
		}},
		// This span has no attributes with older names, so some panels have no data.
		spantest.Span{Trace: 1, ID: 4, Parent: 3, Service: "backend", Name: "INSERT quotes", Kind: spantest.Client, From: 5 * ms, To: 9 * ms, Attributes: map[string]any{
			"db.system.name": "postgresql", "server.address": "db.local", "db.query.text": "INSERT INTO quotes VALUES (?)",
		}},
		spantest.Span{Trace: 1, ID: 5, Parent: 3, Service: "backend", Name: "quotes publish", Kind: spantest.Producer, From: 10 * ms, To: 12 * ms, Attributes: map[string]any{
			"messaging.system": "kafka", "messaging.destination.name": "quotes",
		}},
		spantest.Span{
			Trace: 1, ID: 6, Parent: 5, Service: "worker", Name: "quotes process", Kind: spantest.Consumer, From: 11 * ms, To: 40 * ms,
			Error: "no such author", Links: []*tracepb.Span_Link{{TraceId: other[:], SpanId: root[:]}},
			Attributes: map[string]any{"messaging.system": "kafka", "messaging.destination.name": "quotes"},
			Events: []*tracepb.Span_Event{{Name: "exception", Attributes: spantest.Attributes(map[string]any{
				"exception.type": "*main.Missing", "exception.message": "no such author", "exception.stacktrace": "main.process()\n\tworker.go:7",
			})}},
		},
		spantest.Span{Trace: 2, ID: 1, Service: "gateway", Name: "GET /quotes/{id}", Kind: spantest.Server, From: time.Second, To: time.Second + 500*ms, Attributes: map[string]any{
			"http.route": "/quotes/{id}", "http.request.method": "GET", "http.response.status_code": 200, "user.tier": "Gold",
		}},
		spantest.Span{Trace: 3, ID: 1, Service: "cron", Name: "sweep", Kind: spantest.Internal, From: 2 * time.Second, To: 2*time.Second + ms, Error: "disk full"},
	)
	return append(requests, lines("backend",
		fmt.Sprintf(`{"level":"INFO","message":"quote created","quote_id":"x1","trace_id":%q,"span_id":%q}`, spantest.TraceID(1), spantest.SpanID(3)),
		`{"level":"ERROR","message":"cannot reach the queue","stack_trace":"main.go:1"}`, "plain text")...)
}

// hostileTraces returns traces with HTML or scripts in every place that the viewer shows.
func hostileTraces() []recording.Request {
	var requests []recording.Request
	for i, text := range []string{
		`<img src=x onerror=window.pwned=1>`, `"><script>window.pwned=1</script>`, `javascript:window.pwned=1`,
		`'-window.pwned=1-'`, `</textarea></svg><svg onload=window.pwned=1>`, `__proto__`, `constructor`, "\u202egnp.exe\x00\x1b[31m", `${window.pwned=1}{{constructor.constructor('window.pwned=1')()}}`,
	} {
		n := uint64(i + 1) //nolint:gosec // small
		values := map[string]any{
			text: text, "http.route": text, "url.full": text, "http.request.method": "GET", "http.response.status_code": text,
			"server.address": text, "db.system.name": text, "db.query.text": text, "messaging.destination.name": text,
		}
		trace, span := spantest.TraceID(n), spantest.SpanID(1)
		events := []*tracepb.Span_Event{
			{Name: text, Attributes: spantest.Attributes(map[string]any{text: text})},
			{Name: "exception", Attributes: spantest.Attributes(map[string]any{"exception.type": text, "exception.message": text, "exception.stacktrace": text})},
		}
		links := []*tracepb.Span_Link{{TraceId: trace[:], SpanId: span[:], Attributes: spantest.Attributes(map[string]any{text: text})}}
		requests = append(requests, spans(
			spantest.Span{Trace: n, ID: 1, Service: text, Name: text, Kind: spantest.Server, To: time.Second, Error: text, Attributes: values, Events: events, Links: links},
			spantest.Span{Trace: n, ID: 2, Parent: 1, Service: text, Name: text, Kind: spantest.Client, To: time.Second, Attributes: values},
			spantest.Span{Trace: n, ID: 3, Parent: 1, Service: text + "2", Name: text, Kind: spantest.Producer, To: time.Second, Attributes: values},
		)...)
		requests = append(requests, lines(text, text, fmt.Sprintf(`{"level":%q,"message":%q,"trace_id":%q,%q:%q,"stack_trace":%q}`, text, text, trace, text, text, text))...)
		for at := range uint64(3) {
			requests = append(requests, recording.Request{Metrics: &colmetrics.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{
				Resource: &resourcepb.Resource{Attributes: spantest.Attributes(map[string]any{"service.name": text})},
				ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{{
					Name: text, Description: text, Unit: text,
					Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{{
						TimeUnixNano: (at + 1) * 1e9, Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: 1}, Attributes: spantest.Attributes(map[string]any{text: text}),
					}}}},
				}}}},
			}}}})
		}
	}
	return requests
}

// bigTrace returns one trace with 10,000 spans. Some spans are nested deeply, but most spans
// have the same parent.
func bigTrace() []recording.Request {
	const n = 10_000
	all := make([]spantest.Span, 0, n)
	all = append(all, spantest.Span{Trace: 1, ID: 1, Service: "batch", Name: "nightly", Kind: spantest.Internal, To: n * time.Millisecond})
	for i := uint64(2); i <= n; i++ {
		parent := i - i%20
		if i%20 == 0 || parent == 0 {
			parent = 1
		}
		from := time.Duration(i) * time.Millisecond //nolint:gosec // small
		all = append(all, spantest.Span{
			Trace: 1, ID: i, Parent: parent, Service: fmt.Sprint("service-", i%7), Name: fmt.Sprintf("SELECT table_%d", i%50), Kind: spantest.Client,
			From: from, To: from + 900*time.Microsecond,
			Attributes: map[string]any{
				"db.system.name": "postgresql", "db.query.text": strings.Repeat("SELECT a FROM b ", 8), "server.address": "db.local", "row": int(i), //nolint:gosec // small
			},
		})
	}
	return spans(all...)
}

// manyTraces returns 5,100 traces of eight spans each.
func manyTraces() []recording.Request {
	var requests []recording.Request
	for trace := range uint64(5100) {
		var all []spantest.Span
		begin := time.Duration(trace) * 10 * time.Millisecond //nolint:gosec // small
		for i := range uint64(8) {
			from := begin + time.Duration(i)*time.Millisecond //nolint:gosec // small
			all = append(all, spantest.Span{
				Trace: trace + 1, ID: i + 1, Parent: i, Service: fmt.Sprint("service-", i%4), Name: fmt.Sprintf("GET /orders/{id}/%d", i), Kind: spantest.Server,
				From: from, To: begin + 20*time.Millisecond,
				Attributes: map[string]any{
					"http.route": fmt.Sprintf("/orders/{id}/%d", i), "http.request.method": "GET", "http.response.status_code": 200,
					"url.path": fmt.Sprintf("/orders/%d", trace), "order": fmt.Sprint("order ", trace), "region": []string{"north", "south"}[trace%2],
					"user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
				},
			})
		}
		requests = append(requests, spans(all...)...)
	}
	return requests
}

// shopTraces returns an hour of traffic of two services. The backend calls itself in three ways, so
// the map has loops. The newest trace is the slowest. There is one data point of each metric.
func shopTraces() []recording.Request {
	const ms = time.Millisecond
	var requests []recording.Request
	trace := uint64(100)
	request := func(at, took time.Duration, failure string) {
		trace++
		requests = append(requests, spans(
			spantest.Span{Trace: trace, ID: 1, Service: "gateway", Name: "GET /orders", Kind: spantest.Server, From: at, To: at + took, Error: failure, Attributes: map[string]any{
				"http.route": "/orders", "http.request.method": "GET",
			}},
			spantest.Span{Trace: trace, ID: 2, Parent: 1, Service: "gateway", Name: "GET", Kind: spantest.Client, From: at, To: at + took/2, Attributes: map[string]any{"http.request.method": "GET"}},
			spantest.Span{Trace: trace, ID: 3, Parent: 2, Service: "backend", Name: "GET /stock/{id}", Kind: spantest.Server, From: at, To: at + took/2, Attributes: map[string]any{
				"http.route": "/stock/{id}", "http.request.method": "GET",
			}},
			spantest.Span{Trace: trace, ID: 4, Parent: 3, Service: "backend", Name: "GET", Kind: spantest.Client, From: at, To: at + 3*ms, Attributes: map[string]any{"http.request.method": "GET"}},
			spantest.Span{Trace: trace, ID: 5, Parent: 4, Service: "backend", Name: "GET /prices", Kind: spantest.Server, From: at, To: at + 2*ms, Attributes: map[string]any{"http.request.method": "GET"}},
			spantest.Span{Trace: trace, ID: 6, Parent: 3, Service: "backend", Name: "shop.Stock/Count", Kind: spantest.Client, From: at, To: at + 3*ms, Attributes: map[string]any{"rpc.system.name": "grpc"}},
			spantest.Span{Trace: trace, ID: 7, Parent: 6, Service: "backend", Name: "shop.Stock/Count", Kind: spantest.Server, From: at, To: at + 2*ms, Attributes: map[string]any{"rpc.system.name": "grpc"}},
			spantest.Span{Trace: trace, ID: 8, Parent: 3, Service: "backend", Name: "views publish", Kind: spantest.Producer, From: at, To: at + ms, Attributes: map[string]any{"messaging.system": "kafka"}},
			spantest.Span{Trace: trace, ID: 9, Parent: 8, Service: "backend", Name: "views process", Kind: spantest.Consumer, From: at, To: at + 4*ms, Attributes: map[string]any{"messaging.system": "kafka"}},
			spantest.Span{Trace: trace, ID: 10, Parent: 3, Service: "backend", Name: "SELECT stock", Kind: spantest.Client, From: at, To: at + ms, Attributes: map[string]any{"db.system.name": "postgresql", "server.address": "db.local"}},
			spantest.Span{Trace: trace, ID: 11, Parent: 1, Service: "gateway", Name: "GET", Kind: spantest.Client, From: at, To: at + ms, Attributes: map[string]any{"http.request.method": "GET", "server.address": "example.com"}},
		)...)
		line := recording.Line{Stream: recording.Stdout, Text: fmt.Sprint("order ", trace), Time: spantest.Begin.Add(at)}
		requests = append(requests, line.Request(&resourcepb.Resource{Attributes: spantest.Attributes(map[string]any{"service.name": "gateway"})}))
	}
	for i := range 4 {
		request(time.Duration(i)*time.Minute, 10*ms, "")
	}
	request(50*time.Minute, 20*ms, "no stock")
	request(57*time.Minute, 20*ms, "")
	request(59*time.Minute+50*time.Second, 200*ms, "no stock")
	return append(requests, shopMetrics(trace))
}

// hubTraces returns the traces of five services that call a hub. The hub calls itself in two ways,
// and it calls five other hosts. So many edges of the map end at a node with loops.
func hubTraces() []recording.Request {
	const ms = time.Millisecond
	http := map[string]any{"http.request.method": "GET"}
	var all []spantest.Span
	for i := range uint64(5) {
		all = append(all,
			spantest.Span{Trace: 200 + i, ID: 1, Service: fmt.Sprint("caller-", i), Name: "GET", Kind: spantest.Client, To: 9 * ms, Attributes: http},
			spantest.Span{Trace: 200 + i, ID: 2, Parent: 1, Service: "hub", Name: "GET /", Kind: spantest.Server, To: 8 * ms, Attributes: http},
			spantest.Span{Trace: 200 + i, ID: 3, Parent: 2, Service: "hub", Name: "GET", Kind: spantest.Client, To: ms, Attributes: map[string]any{
				"http.request.method": "GET", "server.address": fmt.Sprint(i, ".example.com"),
			}},
			spantest.Span{Trace: 200 + i, ID: 4, Parent: 2, Service: "hub", Name: "GET", Kind: spantest.Client, To: 5 * ms, Attributes: http},
			spantest.Span{Trace: 200 + i, ID: 5, Parent: 4, Service: "hub", Name: "GET /self", Kind: spantest.Server, To: 4 * ms, Attributes: http},
			spantest.Span{Trace: 200 + i, ID: 6, Parent: 2, Service: "hub", Name: "jobs publish", Kind: spantest.Producer, To: 5 * ms, Attributes: map[string]any{"messaging.system": "kafka"}},
			spantest.Span{Trace: 200 + i, ID: 7, Parent: 6, Service: "hub", Name: "jobs process", Kind: spantest.Consumer, To: 4 * ms, Attributes: map[string]any{"messaging.system": "kafka"}},
		)
	}
	return spans(all...)
}

// shopMetrics returns one data point of a histogram, and one of a gauge of 45 MiB. The histogram
// has an exemplar in the given trace. Its value is higher than the 95th percentile.
func shopMetrics(trace uint64) recording.Request {
	id, span := spantest.TraceID(trace), spantest.SpanID(1)
	at := uint64(spantest.Begin.Add(time.Hour).UnixNano()) //nolint:gosec // positive
	metric := func(name, unit string, data any) *metricspb.Metric {
		m := &metricspb.Metric{Name: name, Unit: unit}
		switch data := data.(type) {
		case *metricspb.Histogram:
			m.Data = &metricspb.Metric_Histogram{Histogram: data}
		case *metricspb.Gauge:
			m.Data = &metricspb.Metric_Gauge{Gauge: data}
		}
		return m
	}
	return recording.Request{Metrics: &colmetrics.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: &resourcepb.Resource{Attributes: spantest.Attributes(map[string]any{"service.name": "gateway"})},
		ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{
			metric("http.server.request.duration", "s", &metricspb.Histogram{DataPoints: []*metricspb.HistogramDataPoint{{
				TimeUnixNano: at, Count: 7, BucketCounts: []uint64{4, 2, 1}, ExplicitBounds: []float64{0.01, 0.25},
				Exemplars: []*metricspb.Exemplar{{
					TraceId: id[:], SpanId: span[:], TimeUnixNano: at - 9e9, Value: &metricspb.Exemplar_AsDouble{AsDouble: 0.4},
				}},
			}}}),
			metric("go.memstats.alloc.bytes", "By", &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{{
				TimeUnixNano: at, Value: &metricspb.NumberDataPoint_AsInt{AsInt: 45 << 20},
			}}}),
		}}},
	}}}}
}
