//go:build unix

package main_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/viewer/spantest"
)

var (
	fastTrace, slowTrace, jobTrace = spantest.TraceID(1).String(), spantest.TraceID(2).String(), spantest.TraceID(3).String()
	failedSpan                     = spantest.SpanID(5).String()
)

// shopTelemetry returns three traces of two services, with log lines and metrics.
func shopTelemetry() []recording.Request {
	const ms = time.Millisecond
	resource := func(service string) *resourcepb.Resource {
		return &resourcepb.Resource{Attributes: spantest.Attributes(map[string]any{"service.name": service})}
	}
	line := func(service, text string) recording.Request {
		return recording.Line{Stream: recording.Stdout, Text: text, Time: spantest.Begin}.Request(resource(service))
	}
	query := map[string]any{"db.system.name": "postgresql", "db.query.text": "SELECT * FROM lines WHERE id = $1", "server.address": "db"}
	route := func(route string, status int) map[string]any {
		return map[string]any{"http.request.method": "GET", "http.route": route, "http.response.status_code": status}
	}
	exception := &tracepb.Span_Event{Name: "exception", Attributes: spantest.Attributes(map[string]any{
		"exception.type": "*pgconn.PgError", "exception.message": "duplicate key", "exception.stacktrace": "main.insert\n\t/src/main.go:7",
	})}
	traces := spantest.Request(
		spantest.Span{Trace: 1, ID: 1, Service: "gateway", Name: "GET /orders/{id}", Kind: spantest.Server, From: 0, To: 20 * ms, Attributes: route("/orders/{id}", 200)},
		spantest.Span{Trace: 1, ID: 2, Parent: 1, Service: "backend", Name: "SELECT lines", Kind: spantest.Client, From: 2 * ms, To: 8 * ms, Attributes: query},
		spantest.Span{Trace: 1, ID: 3, Parent: 1, Service: "backend", Name: "SELECT lines", Kind: spantest.Client, From: 9 * ms, To: 18 * ms, Attributes: query},
		spantest.Span{Trace: 2, ID: 4, Service: "gateway", Name: "POST /orders", Kind: spantest.Server, From: 100 * ms, To: 300 * ms, Attributes: route("/orders", 500), Error: "boom"},
		spantest.Span{
			Trace: 2, ID: 5, Parent: 4, Service: "backend", Name: "INSERT orders", Kind: spantest.Client, From: 110 * ms, To: 290 * ms, Attributes: query, Error: "duplicate key",
			Events: []*tracepb.Span_Event{exception},
		},
		spantest.Span{Trace: 3, ID: 6, Service: "backend", Name: "orders process", Kind: spantest.Consumer, From: 500 * ms, To: 560 * ms, Attributes: map[string]any{"messaging.system": "kafka"}},
	)
	gauge := &metricspb.Metric{Name: "go_goroutines", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{}}}
	for i, value := range []int64{7, 9, 8} {
		at := uint64(spantest.Begin.Add(time.Duration(i) * time.Second).UnixNano()) //nolint:gosec // after 1970
		gauge.GetGauge().DataPoints = append(gauge.GetGauge().DataPoints, &metricspb.NumberDataPoint{TimeUnixNano: at, Value: &metricspb.NumberDataPoint_AsInt{AsInt: value}})
	}
	other := &metricspb.Metric{Name: "orders_open", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: gauge.GetGauge().GetDataPoints()[:1]}}}
	metrics := func(service string, metrics ...*metricspb.Metric) recording.Request {
		return recording.Request{Metrics: &colmetrics.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{
			Resource: resource(service), ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: metrics}},
		}}}}
	}
	return []recording.Request{
		{Traces: traces},
		line("gateway", `{"time":"2026-06-01T12:00:00.1Z","level":"INFO","message":"order read","trace_id":"`+fastTrace+`"}`),
		line("backend", `{"time":"2026-06-01T12:00:00.2Z","level":"ERROR","message":"insert failed","trace_id":"`+slowTrace+`","fnr":"01017012345"}`),
		metrics("gateway", gauge), metrics("backend", other),
	}
}

// shopRecording writes shopTelemetry to a file, one request per line.
func shopRecording(t *testing.T) (name string) {
	t.Helper()
	var text bytes.Buffer
	w := recording.NewWriter(&text)
	for _, r := range shopTelemetry() {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	name = filepath.Join(t.TempDir(), "shop.jsonl")
	if err := os.WriteFile(name, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// The method send sends the telemetry in a recording to the listener.
func (l listener) send(t *testing.T, file string) {
	t.Helper()
	endpoint := httpEndpoint.FindStringSubmatch(readAll(t, l.stderr))[1]
	for line := range strings.Lines(readAll(t, file)) {
		path := "/v1/traces"
		if strings.HasPrefix(line, `{"resourceLogs"`) {
			path = "/v1/logs"
		} else if strings.HasPrefix(line, `{"resourceMetrics"`) {
			path = "/v1/metrics"
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint+path, strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(r)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %v, %v", path, response, err)
		}
		response.Body.Close()
	}
}

// TestQueries compares the answers about a recording with those about a listener that has received
// the same telemetry.
func TestQueries(t *testing.T) {
	file := shopRecording(t)
	startListener(t, anyPort...).send(t, file)
	for _, tt := range []struct {
		args string
		code int
		want []string // parts of the output, in this order
		not  string   // not in the output
	}{
		{"traces", 0, []string{jobTrace, "60ms", "orders process (backend; 1 span)\n", slowTrace, "POST /orders (gateway, backend; 2 spans, 2 errors)\n", fastTrace, "GET /orders/{id}"}, "more"},
		{"traces --limit 1", 0, []string{jobTrace, "… 2 more (--limit N shows more)\n"}, slowTrace},
		{"traces --slowest --limit 1", 0, []string{slowTrace, "200ms", "2 more"}, fastTrace},
		{"traces --status error", 0, []string{slowTrace}, fastTrace},
		{"traces --status ok", 0, []string{jobTrace, fastTrace}, slowTrace},
		{"traces --service gateway", 0, []string{slowTrace, fastTrace}, jobTrace},
		{"traces --route /orders/{", 0, []string{fastTrace}, slowTrace},
		{"traces --kind consumer", 0, []string{jobTrace}, fastTrace},
		{"traces --min-duration 100ms", 0, []string{slowTrace}, jobTrace},
		{"traces --text duplicate", 0, []string{slowTrace}, fastTrace},
		{"traces --text absent", 0, []string{"no trace matches\n"}, fastTrace},
		{"traces --limit 1 --json", 0, []string{`"trace_id": "` + jobTrace + `"`, `"duration_ms": 60,`, `"more": 2`}, slowTrace},
		{"traces " + slowTrace, 0, []string{
			"POST /orders (gateway, server) ERROR", failedSpan, "+10ms", "180ms", "INSERT orders (backend, client) ERROR  postgresql SELECT * FROM lines",
			"Critical path", "180ms  INSERT orders (backend, 1 span)", "20ms  POST /orders", "Logs", "ERROR backend: insert failed fnr=*********** trace_id=" + slowTrace,
		}, "more"},
		{"traces --limit 2 " + fastTrace, 0, []string{"SELECT lines", "… 1 span more", "15ms  SELECT lines (backend, 2 spans)"}, ""},
		{"traces --json " + slowTrace, 0, []string{`"critical_path": [`, `"name": "INSERT orders"`, `"time_ms": 180`, `"critical_ms": 20`, `"more_spans": 0`, `"message": "insert failed"`, `"more_logs": 0`}, "01017012345"},
		{"traces " + slowTrace + " " + failedSpan, 0, []string{"status: error duplicate key", "db.query.text = SELECT * FROM lines", "Event exception at +0s *pgconn.PgError: duplicate key", "      /src/main.go:7", "service.name = backend"}, ""},
		{"traces --json " + slowTrace + " " + failedSpan, 0, []string{`"status": "error"`, `"db.system.name": "postgresql"`, `"exception": "*pgconn.PgError: duplicate key"`}, ""},
		{"logs", 0, []string{"2026-06-01T12:00:00.100Z INFO  gateway: order read trace_id=" + fastTrace, "ERROR backend: insert failed fnr=***********"}, "more"},
		{"logs --level error", 0, []string{"insert failed"}, "order read"},
		{"logs --service gateway", 0, []string{"order read"}, "insert failed"},
		{"logs --trace " + slowTrace, 0, []string{"insert failed"}, "order read"},
		{"logs --text order", 0, []string{"order read"}, "insert failed"},
		{"logs --limit 1", 0, []string{"insert failed", "… 1 more"}, "order read"},
		{"logs --json", 0, []string{`"message": "order read"`, `"fnr": "***********"`, `"more": 0`}, ""},
		{"metrics", 0, []string{"go_goroutines (gauge)\n  8 (7 to 9)", "gateway\n", "orders_open (gauge)\n  7 (7 to 7)", "backend\n"}, "more"},
		{"metrics --service backend", 0, []string{"orders_open"}, "go_goroutines"},
		{"metrics --text GOROUTINES --points 2", 0, []string{"2026-06-01T12:00:01.000Z  9\n", "2026-06-01T12:00:02.000Z  8\n"}, "12:00:00"},
		{"metrics --limit 1", 0, []string{"… 1 more"}, "orders_open"},
		{"metrics --json", 0, []string{`"newest": 8`, `"min": 7`, `"max": 9`}, "points"},
		{"panels", 0, []string{"backend: ", "dark", "cure: ", "gateway: ", "lit"}, ""},
		{"panels --service gateway --state dark", 0, []string{"gateway: ", "dark "}, "backend: "},
		{"panels --service gateway --state dark --json", 0, []string{`"service": "gateway"`, `"panels": [`}, "findings"},
		{"panels --state dark --json", 0, []string{`"service": "backend"`, `"state": "dark"`, `"cures": [`}, `"lit"`},

		{"traces --kind banana", 2, []string{`spor traces: kind "banana" (want server, client`}, ""},
		{"traces --status bad", 2, []string{`status "bad" (want error or ok)`}, ""},
		{"traces --min-duration long", 2, []string{`duration "long"`}, ""},
		{"traces --limit -1", 2, []string{`limit "-1" (want a number)`}, ""},
		{"traces --limit -1 " + slowTrace, 2, []string{`limit "-1" (want a number)`}, ""},
		{"traces 5b00", 2, []string{`trace ID "5b00" (want 32 hex digits)`}, ""},
		{"traces " + slowTrace + " 5b", 2, []string{`want 32 and 16 hex digits`}, ""},
		{"traces --status error " + slowTrace, 2, []string{"--status selects from a list"}, ""},
		{"traces main.go", 2, []string{`"main.go" is not the ID of a trace (to read a recording: --file main.go)`}, ""},
		{"traces " + strings.Repeat("ab", 16), 1, []string{"spor traces: trace abab", "not found"}, ""},
		{"traces " + slowTrace + " " + strings.Repeat("ab", 8), 1, []string{"spor traces: span abab", "not found"}, ""},
		{"logs --level loud", 2, []string{`level "loud" (want debug, info, warn or error)`}, ""},
		{"logs --trace 5b", 2, []string{`trace "5b" (want 32 hex digits)`}, ""},
		{"metrics --limit -1", 2, []string{`limit "-1"`}, ""},
		{"panels --state grey", 2, []string{`state "grey" (want lit, dark or 'not used')`}, ""},
	} {
		t.Run(tt.args, func(t *testing.T) {
			args := strings.Fields(tt.args)
			live, recorded := finish(t, spor(t, args...)), finish(t, spor(t, slices.Insert(args, 1, "--file", file)...))
			if live != recorded {
				t.Errorf("the listener and the recording differ:\n%+v\n%+v", live, recorded)
			}
			if live.code != tt.code {
				t.Errorf("exit code %d, want %d: %s", live.code, tt.code, live.stderr)
			}
			rest := live.stdout + live.stderr
			if tt.not != "" && strings.Contains(rest, tt.not) {
				t.Errorf("%q is in %s", tt.not, rest)
			}
			if strings.Contains(tt.args, "--json") && !json.Valid([]byte(live.stdout)) {
				t.Errorf("not JSON: %s", live.stdout)
			}
			for _, want := range tt.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("%q is not in %s", want, rest)
				}
				rest = after
			}
		})
	}
}

// TestQueriesReadKeptRuns asks about the newest run of spor run.
func TestQueriesReadKeptRuns(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, name := range []string{"older", "newest"} {
		if got := finish(t, spor(t, running("traces", "--name", name)...)); got.code != 0 {
			t.Fatalf("spor run: %+v", got)
		}
	}
	got := finish(t, spor(t, "traces", "--file", "1", "--status", "error"))
	if got.code != 0 || !strings.Contains(got.stdout, "GET /quotes/{id} (newest; 3 spans, 1 error)") || strings.Contains(got.stdout, "older") {
		t.Errorf("got %+v", got)
	}
}

func TestQueriesWithoutSource(t *testing.T) {
	for _, command := range []string{"traces", "logs", "metrics", "panels"} {
		got := finish(t, spor(t, command))
		if want := "spor " + command + ": spor listen does not run (start it, or read a recording with --file FILE; --file 1 is the newest run)\n"; got.code != 125 || got.stderr != want || got.stdout != "" {
			t.Errorf("got %+v, want %q", got, want)
		}
	}
	whole := shopRecording(t)
	cut := filepath.Join(t.TempDir(), "cut.jsonl")
	if err := os.WriteFile(cut, []byte(readAll(t, whole)+`{"resourceSpans":[{`), 0o600); err != nil {
		t.Fatal(err)
	}
	got := finish(t, spor(t, "traces", "--file", cut))
	if got.code != 0 || !strings.Contains(got.stdout, slowTrace) || !strings.Contains(got.stderr, "(the part before the error is used)") {
		t.Errorf("a part of a recording: %+v", got)
	}
	for _, name := range []string{"main.go", "absent.jsonl", "7"} {
		if got := finish(t, spor(t, "logs", "--file", name)); got.code != 125 || !strings.Contains(got.stderr, name) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
