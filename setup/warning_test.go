package setup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode"

	"go.opentelemetry.io/otel"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
)

// plainHandler stores the attributes of each line without masking or escaping them.
type plainHandler struct {
	slog.Handler
	mu    sync.Mutex
	lines map[string][]string // the attributes of each line, by message
}

func (h *plainHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *plainHandler) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	line := ""
	r.Attrs(func(a slog.Attr) bool {
		line += a.Key + "=" + a.Value.String() + " "
		return true
	})
	h.lines[r.Message] = append(h.lines[r.Message], line)
	return nil
}

// hostile returns a long text that is different for each n. If a program printed the text
// unchanged, the text would clear the terminal and start a new line.
func hostile(n int64, size int) string {
	return fmt.Sprintf("%d \x1b[2J\r\n{\"level\":\"ERROR\"}\u2028\u202e\u009b 01017012345 %s", n, strings.Repeat("å", size/2))
}

func flush(t *testing.T) {
	t.Helper()
	for _, provider := range []any{otel.GetTracerProvider(), otel.GetMeterProvider(), otel.GetLoggerProvider()} {
		if p, ok := provider.(interface{ ForceFlush(context.Context) error }); ok {
			_ = p.ForceFlush(t.Context())
		}
	}
}

// TestForeignTextIsOneHarmlessLine checks how texts from the collector and from the SDK are
// logged. They must be logged in at most one line per minute. The line must not contain
// characters that cannot be printed.
func TestForeignTextIsOneHarmlessLine(t *testing.T) {
	const megabyte, header = 1 << 20, 4 << 10
	for _, tt := range []struct {
		name     string
		answer   func(n int64) (rejected int64, message string, err error)
		handle   bool
		messages string
	}{
		{name: "warnings", answer: func(n int64) (int64, string, error) { return 0, hostile(n, megabyte), nil }, messages: "the collector has a warning"},
		{name: "rejections", answer: func(n int64) (int64, string, error) { return 1, hostile(n, megabyte), nil }, messages: "telemetry could not be exported"},
		{name: "errors", answer: func(n int64) (int64, string, error) {
			return 0, "", status.Error(codes.PermissionDenied, hostile(n, header))
		}, messages: "telemetry could not be exported"},
		{name: "errors of the SDK", handle: true, messages: "OpenTelemetry reports an error"},
	} {
		for _, signal := range []string{"TRACES", "METRICS", "LOGS"} {
			t.Run(tt.name+"/"+signal, func(t *testing.T) {
				var asked atomic.Int64
				answer := tt.answer
				if answer == nil {
					answer = func(int64) (int64, string, error) { return 0, "", nil }
				}
				server := speaking(t, func() (int64, string, error) { return answer(asked.Add(1)) })
				pairs := []string{"OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(), "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none", "OTEL_LOGS_EXPORTER", "none"}
				environment(t, append(pairs, "OTEL_"+signal+"_EXPORTER", "otlp")...)
				logLines(t)
				h := &plainHandler{lines: map[string][]string{}}
				slog.SetDefault(slog.New(h))
				shutdown := mustStart(t)
				records := slog.New(setup.LogHandler(io.Discard, nil))
				for i := range 5 {
					endSpans(1)
					records.Info("m")
					flush(t)
					if tt.handle {
						otel.Handle(errors.New(hostile(int64(i), megabyte)))
					}
				}
				if !tt.handle && asked.Load() < 5 {
					t.Fatalf("asked %d times, want 5", asked.Load())
				}
				h.mu.Lock()
				got := h.lines[tt.messages]
				if len(got) != 1 || len(h.lines) != 1 {
					t.Errorf("lines: got %d of %d kinds, want 1", len(got), len(h.lines))
				}
				for _, line := range got {
					if len(line) > 2<<10 {
						t.Errorf("a line of %d bytes, want its text cut to 1024", len(line))
					}
					if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 || strings.Contains(line, "01017012345") {
						t.Errorf("not harmless: %q", line[:min(len(line), 300)])
					}
				}
				h.mu.Unlock()
				_ = shutdown(t.Context())
			})
		}
	}
}

// The function speaking starts a collector for all signals. For each request, the collector
// calls the function answer and returns the result.
func speaking(t *testing.T, answer func() (rejected int64, message string, err error)) *receiver.Server {
	t.Helper()
	server, err := receiver.Listen(":0", receiver.Sink{
		Traces: func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			n, message, err := answer()
			return &coltrace.ExportTraceServiceResponse{PartialSuccess: &coltrace.ExportTracePartialSuccess{RejectedSpans: n, ErrorMessage: message}}, err
		},
		Metrics: func(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
			n, message, err := answer()
			return &colmetrics.ExportMetricsServiceResponse{PartialSuccess: &colmetrics.ExportMetricsPartialSuccess{RejectedDataPoints: n, ErrorMessage: message}}, err
		},
		Logs: func(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
			n, message, err := answer()
			return &collogs.ExportLogsServiceResponse{PartialSuccess: &collogs.ExportLogsPartialSuccess{RejectedLogRecords: n, ErrorMessage: message}}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}
