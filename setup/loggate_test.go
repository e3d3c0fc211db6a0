package setup_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
)

// TestEveryLogRecordIsCounted checks that every log record is either delivered or counted as
// lost. If records are lost, their number and the reason must be in the error of shutdown, and
// also in a log line.
func TestEveryLogRecordIsCounted(t *testing.T) {
	type answer = func(ctx context.Context, records int) (rejected int64, err error)
	accepts := func(context.Context, int) (int64, error) { return 0, nil }
	for _, tt := range []struct {
		name    string
		records int
		text    string
		answer  answer // nil if there is no collector
		reasons []string
	}{
		{"none is lost", 1000, "m", accepts, nil},
		{"many at once", 20_000, "m", accepts, []string{"queue_full"}},
		{"refused", 100, "m", func(context.Context, int) (int64, error) { return 0, status.Error(codes.PermissionDenied, "no") }, []string{"rejected"}},
		{"rejected in part", 100, "m", func(context.Context, int) (int64, error) { return 3, nil }, []string{"rejected"}},
		{"too big", 1, strings.Repeat("x", 4<<20), accepts, []string{"too_big"}},
		{"no collector", 3000, "m", nil, []string{"queue_full", "after_shutdown"}},
		{"a collector that is silent", 3000, "m", func(ctx context.Context, _ int) (int64, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, []string{"queue_full", "after_shutdown"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var received atomic.Int64
			endpoint := "http://" + closedPort(t)
			// The collector responds only after the last record is logged. Before
			// that, the queues can become full.
			logged := make(chan struct{})
			if tt.answer != nil {
				endpoint = takingRecords(t, &received, func(ctx context.Context, n int) (int64, error) {
					<-logged
					return tt.answer(ctx, n)
				}).Endpoint()
			}
			log := logLines(t)
			shutdown := exportLogs(t, endpoint)
			records := slog.New(setup.LogHandler(io.Discard, nil))
			for range tt.records {
				records.Info(tt.text)
			}
			close(logged)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			err := shutdown(ctx)
			var lost, all int64
			if err != nil {
				if _, scan := fmt.Sscanf(err.Error(), "setup: %d of %d log records", &lost, &all); scan != nil {
					t.Fatalf("%v: %v", err, scan)
				}
				mustName(t, err, tt.reasons...)
				mustName(t, err, endpoint)
			}
			// Package setup itself also logs up to two lines. These lines are exported as
			// records, too.
			if own := received.Load() + lost - int64(tt.records); own < 0 || own > 2 || err != nil && all != received.Load()+lost {
				t.Errorf("received %d + lost %d of %d, want %d: %v", received.Load(), lost, all, tt.records, err)
			}
			if lost == 0 != (tt.reasons == nil) {
				t.Errorf("lost %d records, expected reasons: %v", lost, tt.reasons)
			}
			for _, reason := range tt.reasons {
				if text := log.String(); !strings.Contains(text, `"log_records_dropped":"`) || !strings.Contains(text, reason) {
					t.Errorf("no line with %s: %s", reason, text)
				}
			}
		})
	}
}

func takingRecords(t *testing.T, received *atomic.Int64, answer func(context.Context, int) (int64, error)) *receiver.Server {
	t.Helper()
	server, err := receiver.Listen(":0", receiver.Sink{Logs: func(ctx context.Context, r *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
		records := 0
		for _, rl := range r.GetResourceLogs() {
			for _, sl := range rl.GetScopeLogs() {
				records += len(sl.GetLogRecords())
			}
		}
		rejected, err := answer(ctx, records)
		if err == nil {
			received.Add(int64(records) - rejected)
		}
		return &collogs.ExportLogsServiceResponse{PartialSuccess: &collogs.ExportLogsPartialSuccess{RejectedLogRecords: rejected}}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

func TestLostLogRecordsAreAMetric(t *testing.T) {
	var received atomic.Int64
	server := takingRecords(t, &received, func(context.Context, int) (int64, error) { return 1, nil })
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "prometheus", "OTEL_LOGS_EXPORTER", "otlp",
		"OTEL_BLRP_SCHEDULE_DELAY", "10", "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint())
	logLines(t)
	mustStart(t)
	slog.New(setup.LogHandler(io.Discard, nil)).Info("m")
	want := `otel_sdk_exporter_log_exported_total{error_type="rejected"} `
	eventually(t, want, func() bool {
		_, page := get(setup.MetricsHandler())
		return strings.Contains(page, want)
	})
}

// TestFlushLosesNoLogRecord checks that no record is lost if the context of ForceFlush ends
// before the export has finished.
func TestFlushLosesNoLogRecord(t *testing.T) {
	var received atomic.Int64
	begun, goOn := make(chan struct{}, 1), make(chan struct{})
	server := takingRecords(t, &received, func(ctx context.Context, _ int) (int64, error) {
		select {
		case begun <- struct{}{}:
		default:
		}
		select {
		case <-goOn:
			return 0, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
	environment(t, "OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none", "OTEL_LOGS_EXPORTER", "otlp",
		"OTEL_BLRP_SCHEDULE_DELAY", "3600000", "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint())
	logLines(t)
	shutdown := mustStart(t)
	records := slog.New(setup.LogHandler(io.Discard, nil))
	for range 100 {
		records.Info("m")
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	provider := otel.GetLoggerProvider().(interface{ ForceFlush(context.Context) error })
	if err := provider.ForceFlush(ctx); err == nil {
		t.Error("canceled flush: got no error")
	}
	close(goOn)
	if err := shutdown(t.Context()); err != nil || received.Load() != 100 {
		t.Errorf("received %d, want 100: %v", received.Load(), err)
	}
}
