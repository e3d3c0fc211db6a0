package setup_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
)

func faulty(t *testing.T, answer func(ctx context.Context, spans int) (*coltrace.ExportTraceServiceResponse, error)) *receiver.Server {
	t.Helper()
	server, err := receiver.Listen(":0", receiver.Sink{
		Traces: func(ctx context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			spans := 0
			for _, rs := range r.GetResourceSpans() {
				for _, ss := range rs.GetScopeSpans() {
					spans += len(ss.GetSpans())
				}
			}
			return answer(ctx, spans)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

// settled waits at most two seconds until no more than allowed goroutines run. Otherwise, it
// fails the test.
func settled(t *testing.T, allowed int) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Second)
	for runtime.NumGoroutine() > allowed {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("goroutines: got %d, want %d\n%s", runtime.NumGoroutine(), allowed, stacks[:runtime.Stack(stacks, true)])
		}
		<-time.After(5 * time.Millisecond)
	}
}

// blackHole returns the address of a listener that never accepts a connection. The kernel
// completes the TCP handshake, but the client never gets a response.
func blackHole(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func TestShutdownIsBoundedAndLeavesNothing(t *testing.T) {
	hang := faulty(t, func(ctx context.Context, _ int) (*coltrace.ExportTraceServiceResponse, error) {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	})
	for _, tt := range []struct{ name, endpoint string }{
		{"refused", "http://" + closedPort(t)},
		{"accepted and never answered", "http://" + blackHole(t)},
		{"answered too late", hang.Endpoint()},
		{"unresolvable", "http://collector.invalid:4317"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", tt.endpoint, "OTEL_BSP_SCHEDULE_DELAY", "10")
			log := logLines(t)
			before := runtime.NumGoroutine()
			shutdown := mustStart(t)
			endSpans(3000)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			begin := time.Now()
			err := shutdown(ctx)
			if took := time.Since(begin); took > 1500*time.Millisecond {
				t.Errorf("shutdown took %s, its context ended after 500ms", took)
			}
			mustName(t, err, "3000 of 3000 spans", tt.endpoint)
			if err := shutdown(t.Context()); err == nil {
				t.Error("second shutdown: got no error, want the error of the first")
			}
			settled(t, before+1) // one goroutine of the log bridge continues to run
			got := log.All(t)
			if len(got) != 1 && len(got) != 2 {
				t.Fatalf("lines: got %d, want one about the lost spans, and at most one line before that: %s", len(got), log)
			}
			last := got[len(got)-1]
			if cure, _ := last["cure"].(string); last["endpoint"] != tt.endpoint || !strings.Contains(cure, "is a collector listening there?") || last["spans_dropped"] == nil {
				t.Errorf("line: got %v, want endpoint, cure and drops", last)
			}
		})
	}
}

func TestShutdownTellsAllInOneLine(t *testing.T) {
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+closedPort(t))
	log := logLines(t)
	shutdown := mustStart(t)
	endSpans(3)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := shutdown(ctx); err == nil {
		t.Error("got no error")
	}
	got := log.All(t)
	if len(got) != 1 || got[0]["spans_dropped"] != "after_shutdown 3" || got[0]["error"] == nil {
		t.Errorf("lines: got %v, want one with the spans and the error", got)
	}
}

func TestShutdownWithAContextThatHasEnded(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
	shutdown := mustStart(t)
	endSpans(3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if got := c.count(); got != 3 {
		t.Errorf("spans: got %d, want 3", got)
	}
}

func TestEverySpanIsAccountedFor(t *testing.T) {
	var received atomic.Int64
	answers := func(ctx context.Context, spans int) (*coltrace.ExportTraceServiceResponse, error) {
		switch spans % 5 {
		case 1:
			return nil, status.Error(grpccodes.PermissionDenied, "no")
		case 2:
			received.Add(int64(spans - 1))
			return &coltrace.ExportTraceServiceResponse{PartialSuccess: &coltrace.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "bad"}}, nil
		}
		received.Add(int64(spans))
		return nil, nil
	}
	server := faulty(t, answers)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_BSP_MAX_QUEUE_SIZE", "300",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "7", "OTEL_BSP_SCHEDULE_DELAY", "1")
	logLines(t)
	shutdown := mustStart(t)
	const goroutines, each = 4, 2000
	done := make(chan struct{})
	for range goroutines {
		go func() {
			defer func() { done <- struct{}{} }()
			endSpans(each)
		}()
	}
	for range goroutines {
		<-done
	}
	err := shutdown(t.Context())
	var lost, all int64
	if err != nil {
		if _, scan := fmt.Sscanf(err.Error(), "setup: %d of %d spans", &lost, &all); scan != nil {
			t.Fatalf("%v: %v", err, scan)
		}
	}
	if got, want := received.Load()+lost, int64(goroutines*each); got != want || all != want {
		t.Errorf("received %d + lost %d = %d of %d, want %d", received.Load(), lost, got, all, want)
	}
	if !strings.Contains(err.Error(), "queue_full") || !strings.Contains(err.Error(), "rejected") {
		t.Errorf("error: got %v, want the reasons", err)
	}
}

func TestPoisonCostsNoOtherSpan(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100000")
	log := logLines(t)
	shutdown := mustStart(t)
	bad := "bad\xff"
	endSpans(255)
	ctx, span := otel.Tracer(bad).Start(t.Context(), bad, trace.WithAttributes(
		attribute.String(bad, bad), attribute.StringSlice("slice", []string{bad}),
		attribute.Map("map", attribute.String("k", bad)), attribute.Slice("values", attribute.StringValue(bad))))
	span.AddEvent(bad, trace.WithAttributes(attribute.String("k", bad)))
	span.AddLink(trace.Link{SpanContext: trace.SpanContextFromContext(remote(sampledParent)), Attributes: []attribute.KeyValue{attribute.String("k", bad)}})
	span.SetStatus(codes.Error, bad)
	span.RecordError(errors.New(bad))
	span.End()
	_ = ctx
	endSpans(256)
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.count(); got != 512 {
		t.Errorf("spans: got %d, want 512", got)
	}
	if log.String() != "" {
		t.Errorf("log: got %s, want none", log)
	}
}

func TestLargeSpansAreSentInParts(t *testing.T) {
	c := listen(t, ":0")
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint(), "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1000000")
	logLines(t)
	shutdown := mustStart(t)
	body := strings.Repeat("x", 10<<10)
	for range 1024 {
		_, span := otel.Tracer("test").Start(t.Context(), "work", trace.WithAttributes(attribute.String("body", body)))
		span.End()
	}
	if err := shutdown(patient(t)); err != nil {
		t.Fatal(err)
	}
	if got := c.count(); got != 1024 {
		t.Errorf("spans: got %d, want 1024", got)
	}
}

func TestOneRefusedSpanIsFound(t *testing.T) {
	var delivered atomic.Int64
	server, err := receiver.Listen(":0", receiver.Sink{
		Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			if strings.Contains(r.String(), "poison") {
				return nil, status.Error(grpccodes.InvalidArgument, "bad span")
			}
			delivered.Add(int64(len(r.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans())))
			return nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint())
	logLines(t)
	shutdown := mustStart(t)
	endSpans(200)
	_, span := otel.Tracer("test").Start(t.Context(), "poison")
	span.End()
	endSpans(200)
	mustName(t, shutdown(t.Context()), "1 of 401 spans", "rejected 1")
	if got := delivered.Load(); got != 400 {
		t.Errorf("spans: got %d, want 400", got)
	}
}

func TestCollectorThatComesBack(t *testing.T) {
	addr := closedPort(t)
	environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+addr, "OTEL_BSP_SCHEDULE_DELAY", "50")
	log := logLines(t)
	shutdown := mustStart(t)
	endSpans(100)
	eventually(t, "a line about the outage", func() bool { return log.String() != "" })
	<-time.After(3 * time.Second) // during this time, the pauses between attempts become longer
	c := listen(t, addr)
	back := time.Now()
	eventually(t, "the spans of the outage", func() bool { return c.count() == 100 })
	if took := time.Since(back); took > 5*time.Second {
		t.Errorf("first spans %s after the collector's return, want within 5s", took)
	}
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(log.All(t)); got != 1 {
		t.Errorf("lines: got %d, want 1", got)
	}
}

func TestProxyIsNotAsked(t *testing.T) {
	var asked atomic.Int64
	proxy := httptest.NewUnstartedServer(nil)
	proxy.Config.ConnState = func(net.Conn, http.ConnState) { asked.Add(1) }
	proxy.Start()
	t.Cleanup(proxy.Close)
	// Go never uses a proxy for a loopback address. Therefore the endpoint is not a
	// loopback address.
	finish(t, command(t, "serve", "CHILD_EXIT", "at once", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.invalid:4317",
		"OTEL_EXPORTER_OTLP_TIMEOUT", "300",
		"HTTPS_PROXY", proxy.URL, "HTTP_PROXY", proxy.URL, "https_proxy", proxy.URL, "http_proxy", proxy.URL, "NO_PROXY", ""))
	if got := asked.Load(); got > 0 {
		t.Errorf("connections to the proxy: got %d, want none", got)
	}
}

func TestErrorsAreReportedOnceAMinute(t *testing.T) {
	environment(t, "OTEL_TRACES_EXPORTER", "none")
	log := logLines(t)
	mustStart(t)
	for range 10_000 {
		otel.Handle(errors.New("exporter: connection refused"))
	}
	if got := log.All(t); len(got) != 1 || got[0]["level"] != "WARN" {
		t.Errorf("lines: got %d, want 1: %v", len(got), got)
	}
}

// loop is a log handler that reports an error to OpenTelemetry for every line.
type loop struct{ slog.Handler }

func (l loop) Handle(ctx context.Context, r slog.Record) error {
	otel.Handle(errors.New("the log exporter fails"))
	return l.Handler.Handle(ctx, r)
}

func TestLoggerThatFailsDoesNotFeedItself(t *testing.T) {
	environment(t, "OTEL_TRACES_EXPORTER", "none")
	log := logLines(t)
	slog.SetDefault(slog.New(loop{slog.Default().Handler()}))
	mustStart(t)
	otel.Handle(errors.New("first"))
	if got := len(log.All(t)); got != 1 {
		t.Errorf("lines: got %d, want 1", got)
	}
}
