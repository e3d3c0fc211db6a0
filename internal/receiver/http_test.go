package receiver_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/nais/spor/internal/receiver"
)

// httpAnswer is a response over HTTP.
type httpAnswer struct {
	status int
	header http.Header
	body   string
}

// The function post sends a request over HTTP, with pairs of names and values of headers.
func post(t *testing.T, url string, body []byte, headers ...string) httpAnswer {
	t.Helper()
	return do(t, http.MethodPost, url, body, headers...)
}

func do(t *testing.T, method, url string, body []byte, headers ...string) httpAnswer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.Host = r.Header.Get("Host")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return httpAnswer{resp.StatusCode, resp.Header, string(answer)}
}

func serveHTTP(t *testing.T, sink receiver.Sink) string {
	t.Helper()
	web := httptest.NewServer(listen(t, sink).HTTP())
	t.Cleanup(web.Close)
	return web.URL
}

// TestHTTPReceivesAllSignals sends each signal in each encoding, plain and gzipped.
func TestHTTPReceivesAllSignals(t *testing.T) {
	var got []proto.Message
	url := serveHTTP(t, receiver.Sink{
		Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			got = append(got, r)
			return nil, nil
		},
		Metrics: func(_ context.Context, r *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
			got = append(got, r)
			return nil, nil
		},
		Logs: func(_ context.Context, r *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
			got = append(got, r)
			return nil, nil
		},
	})
	for path, text := range map[string]string{
		"traces":  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"GET"}]}]}]}`,
		"metrics": `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"orders"}]}]}]}`,
		"logs":    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"0102030405060708090a0b0c0d0e0f10","body":{"stringValue":"hello"}}]}]}]}`,
	} {
		got = nil
		answer := post(t, url+"/v1/"+path, []byte(text), "Content-Type", "application/json; charset=utf-8")
		if answer.status != http.StatusOK || answer.body != "{}" || answer.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s in JSON: got %+v", path, answer)
		}
		post(t, url+"/v1/"+path, gzipped(t, []byte(text)), "Content-Type", "application/json", "Content-Encoding", "gzip")
		if len(got) != 2 || !proto.Equal(got[0], got[1]) || strings.Contains(protojson.Format(got[0]), "unknown") {
			t.Fatalf("%s in JSON: got %v", path, got)
		}
		binary, err := proto.Marshal(got[0])
		if err != nil {
			t.Fatal(err)
		}
		answer = post(t, url+"/v1/"+path, binary, "Content-Type", "application/x-protobuf")
		if answer.status != http.StatusOK || answer.body != "" {
			t.Errorf("%s in protobuf: got %+v", path, answer)
		}
		post(t, url+"/v1/"+path, gzipped(t, binary), "Content-Type", "application/x-protobuf", "Content-Encoding", "gzip")
		if len(got) != 4 || !proto.Equal(got[0], got[2]) || !proto.Equal(got[0], got[3]) {
			t.Errorf("%s in protobuf: got %v", path, got)
		}
	}
}

func TestHTTPRefuses(t *testing.T) {
	url := serveHTTP(t, receiver.Sink{
		Metrics: func(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
			return nil, status.Error(codes.Unavailable, "no room")
		},
	})
	for name, tt := range map[string]struct {
		method, path, body string
		headers            []string
		want               int
	}{
		"GET":               {"GET", "/v1/traces", "", nil, http.StatusMethodNotAllowed},
		"another path":      {"POST", "/v2/traces", "{}", nil, http.StatusNotFound},
		"another type":      {"POST", "/v1/traces", "{}", []string{"Content-Type", "text/plain"}, http.StatusUnsupportedMediaType},
		"another coding":    {"POST", "/v1/traces", "{}", []string{"Content-Encoding", "zstd"}, http.StatusUnsupportedMediaType},
		"no JSON":           {"POST", "/v1/traces", "{", nil, http.StatusBadRequest},
		"wrong ID":          {"POST", "/v1/traces", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01"}]}]}]}`, nil, http.StatusBadRequest},
		"no gzip":           {"POST", "/v1/traces", "\x1f\x8b", []string{"Content-Encoding", "gzip"}, http.StatusBadRequest},
		"too large":         {"POST", "/v1/traces", strings.Repeat(" ", 17<<20), nil, http.StatusRequestEntityTooLarge},
		"too many objects":  {"POST", "/v1/traces", `{"resourceSpans":[` + strings.Repeat("{},", 1<<20) + "{}]}", nil, http.StatusRequestEntityTooLarge},
		"the sink refuses":  {"POST", "/v1/metrics", "{}", nil, http.StatusServiceUnavailable},
		"a page elsewhere":  {"POST", "/v1/traces", "{}", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		"a page of a trick": {"POST", "/v1/traces", "{}", []string{"Origin", "http://localhost.evil.example"}, http.StatusForbidden},
		"an opaque page":    {"POST", "/v1/traces", "{}", []string{"Origin", "null"}, http.StatusForbidden},
		"another host":      {"POST", "/v1/traces", "{}", []string{"Host", "evil.example"}, http.StatusMisdirectedRequest},
		"Docker Desktop":    {"POST", "/v1/traces", "{}", []string{"Host", "host.docker.internal:4318"}, http.StatusOK},
		"upper case":        {"POST", "/v1/traces", "{}", []string{"Host", "LOCALHOST"}, http.StatusOK},
		"accepted":          {"POST", "/v1/traces", "{}", nil, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			answer := do(t, tt.method, url+tt.path, []byte(tt.body), append([]string{"Content-Type", "application/json"}, tt.headers...)...)
			if answer.status != tt.want {
				t.Errorf("got %+v, want %d", answer, tt.want)
			}
		})
	}
}

func TestHTTPAllowsLocalPages(t *testing.T) {
	url := serveHTTP(t, receiver.Sink{})
	for _, origin := range []string{"http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080", "https://app.localhost"} {
		answer := do(t, http.MethodOptions, url+"/v1/traces", nil, "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,x-faro-session-id")
		h := answer.header
		if answer.status != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Methods") != "POST" ||
			h.Get("Access-Control-Allow-Credentials") != "true" ||
			h.Get("Access-Control-Allow-Headers") != "content-type,x-faro-session-id" {
			t.Errorf("%s: the preflight got %+v", origin, answer)
		}
		answer = post(t, url+"/v1/traces", []byte("{}"), "Origin", origin, "Content-Type", "application/json")
		if answer.status != http.StatusOK || answer.header.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("%s: got %+v", origin, answer)
		}
	}
}

// TestHTTPBoundsItsMemory sends small requests that decompress to many values, several at the
// same time.
func TestHTTPBoundsItsMemory(t *testing.T) {
	within := func(head, fill, tail string) []byte {
		return []byte(head + strings.TrimSuffix(strings.Repeat(fill, (8<<20)/len(fill)), ",") + tail)
	}
	const span = `{"resourceSpans":[{"scopeSpans":[{"spans":[`
	for name, body := range map[string][]byte{
		"spans":         within(span, `{},`, `]}]}]}`),
		"attributes":    within(span+`{"attributes":[`, `{"value":{"arrayValue":{}}},`, `]}]}]}]}`),
		"numbers":       within(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[`, `1,`, `]}]}}]}]}]}`),
		"a long name":   within(span+`{"name":"`, `x`, `"}]}]}]}`),
		"unknown names": within(`{"unknown":[`, `[],`, `]}`),
	} {
		t.Run(name, func(t *testing.T) {
			_, web, end := startReceiver(t)
			path := "/v1/traces"
			if name == "numbers" {
				path = "/v1/metrics"
			}
			bomb := gzipped(t, body)
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() { post(t, web+path, bomb, "Content-Type", "application/json", "Content-Encoding", "gzip") })
				all.Go(func() { post(t, web+path, body, "Content-Type", "application/json") })
			}
			all.Wait()
			if answer := post(t, web+path, []byte("{}"), "Content-Type", "application/json"); answer.status != http.StatusOK {
				t.Errorf("afterwards: got %+v", answer)
			}
			if got := end(); got > heapLimit {
				t.Errorf("got a heap of %d MiB, want %d at most", got>>20, heapLimit>>20)
			} else {
				t.Logf("a heap of %d MiB", got>>20)
			}
		})
	}
}

// TestHTTPSlowClients has clients that announce long bodies and send little of them.
func TestHTTPSlowClients(t *testing.T) {
	url := serveHTTP(t, receiver.Sink{})
	for range 20 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan int, 1)
	go func() { done <- post(t, url+"/v1/traces", []byte("{}"), "Content-Type", "application/json").status }()
	select {
	case got := <-done:
		if got != http.StatusOK {
			t.Errorf("got %d", got)
		}
	case <-time.After(8 * time.Second): // bodies have 10 seconds
		t.Error("no answer while other clients are slow")
	}
}

// TestStopWaitsForHTTP checks that the sink is not called after Stop.
func TestStopWaitsForHTTP(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	s := listen(t, receiver.Sink{Traces: func(ctx context.Context, _ *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		close(started)
		<-ctx.Done()
		<-time.After(100 * time.Millisecond)
		close(ended)
		return nil, ctx.Err()
	}})
	web := httptest.NewServer(s.HTTP())
	go func() {
		r, err := http.NewRequest(http.MethodPost, web.URL+"/v1/traces", strings.NewReader("{}"))
		if err != nil {
			return
		}
		r.Header.Set("Content-Type", "application/json")
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	<-started
	_ = web.Config.Close()
	s.Stop()
	select {
	case <-ended:
	default:
		t.Error("Stop has returned while the sink runs")
	}
}
