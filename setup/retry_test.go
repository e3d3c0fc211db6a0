package setup_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/log/global"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/setup"
)

// What a collector refuses for good is not sent again, whatever exports it: once
// per batch, and where the cause may be in single items as often as one search
// for them takes.
func TestRefusalsCostFewRequests(t *testing.T) {
	const items, search = 512, 21
	for _, tt := range []struct {
		err  error
		most int64
	}{
		{status.Error(grpccodes.Internal, "no"), 1},
		{status.Error(grpccodes.Unknown, "no"), 1},
		{status.Error(grpccodes.ResourceExhausted, "no"), 1},
		{status.Error(grpccodes.InvalidArgument, "no"), search},
	} {
		for _, signal := range []string{"traces", "traces by OpenTelemetry's exporter", "logs", "metrics"} {
			t.Run(signal+"/"+status.Code(tt.err).String(), func(t *testing.T) {
				var spans, logs, metrics atomic.Int64
				server := refusing(t, tt.err, &spans, &logs, &metrics)
				environment(t, "OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint(),
					"OTEL_TRACES_EXPORTER", "none", "OTEL_METRICS_EXPORTER", "none", "OTEL_LOGS_EXPORTER", "none",
					"OTEL_BSP_SCHEDULE_DELAY", "60000", "OTEL_BLRP_SCHEDULE_DELAY", "60000")
				t.Setenv("OTEL_"+strings.ToUpper(strings.Fields(signal)[0])+"_EXPORTER", "otlp")
				logLines(t)
				var options []setup.Option
				if strings.Contains(signal, "exporter") {
					options = append(options, setup.WithOfficialExporter())
				}
				shutdown := mustStart(t, options...)
				endSpans(items)
				logger := global.GetLoggerProvider().Logger("test")
				for range items {
					logger.Emit(t.Context(), log.Record{})
				}
				_ = shutdown(t.Context()) // most of them report what was lost
				got := map[string]int64{"traces": spans.Load(), "logs": logs.Load(), "metrics": metrics.Load()}[strings.Fields(signal)[0]]
				if got < 1 || got > tt.most {
					t.Errorf("requests: got %d, want 1 to %d", got, tt.most)
				}
			})
		}
	}
}

// refusing listens with a sink that answers err, and counts the requests.
func refusing(t *testing.T, err error, spans, logs, metrics *atomic.Int64) *receiver.Server {
	t.Helper()
	server, listen := receiver.Listen(":0", receiver.Sink{
		Traces: func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			spans.Add(1)
			return nil, err
		},
		Logs: func(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
			logs.Add(1)
			return nil, err
		},
		Metrics: func(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
			metrics.Add(1)
			return nil, err
		},
	})
	if listen != nil {
		t.Fatal(listen)
	}
	t.Cleanup(server.Stop)
	return server
}
