package setuptest

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/setup"
)

// A Recording is what the code under test sent and logged. It is safe for
// concurrent use.
type Recording struct {
	tb    testing.TB
	name  string // of the service
	under underway

	mu       sync.Mutex
	requests []recording.Request
	written  bytes.Buffer
}

// Record starts telemetry, with opts as [setup.Start] takes them, and stops it at
// the end of the test; what was logged is shown if the test failed. OTEL_ and NAIS_
// variables are set for the test, but for OTEL_SEMCONV_STABILITY_OPT_IN; the service
// is named after the test binary. It ends the test if telemetry is running already.
func Record(tb testing.TB, opts ...setup.Option) *Recording {
	tb.Helper()
	r := &Recording{tb: tb, name: strings.TrimSuffix(strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"), ".test")}
	server, err := receiver.Listen("127.0.0.1:0", r.sink())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(server.Stop)
	r.setEnvironment(server.Endpoint())
	shutdown, err := setup.Start(tb.Context(), append(opts, setup.WithSpanProcessor(&r.under))...)
	tb.Cleanup(func() {
		if err := shutdown(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
	r.takeLog()
	return r
}

// setEnvironment makes the environment that of a workload on NAIS.
func (r *Recording) setEnvironment(endpoint string) {
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if (strings.HasPrefix(name, "OTEL_") || strings.HasPrefix(name, "NAIS_")) && name != "OTEL_SEMCONV_STABILITY_OPT_IN" {
			r.tb.Setenv(name, "")
		}
	}
	r.tb.Setenv("OTEL_SERVICE_NAME", r.name)
	r.tb.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=test")
	r.tb.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	r.tb.Setenv("NAIS_POD_NAME", r.name+"-0")
}

// takeLog has the default logger write here until the test ends.
func (r *Recording) takeLog() {
	before, output, flags := slog.Default(), log.Writer(), log.Flags() //nolint:forbidigo // to be given back
	slog.SetDefault(slog.New(setup.LogHandler((*logWriter)(r), nil)))
	r.tb.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(output) //nolint:forbidigo // slog.SetDefault has changed it
		log.SetFlags(flags)   //nolint:forbidigo // likewise
		if r.tb.Failed() && r.written.Len() > 0 {
			r.tb.Logf("logged:\n%s", &r.written)
		}
	})
}

// sink takes in what is sent.
func (r *Recording) sink() receiver.Sink {
	return receiver.Sink{
		Traces: func(_ context.Context, req *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
			r.add(recording.Request{Traces: req})
			return nil, nil
		},
		Metrics: func(_ context.Context, req *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
			r.add(recording.Request{Metrics: req})
			return nil, nil
		},
		Logs: func(_ context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
			r.add(recording.Request{Logs: req})
			return nil, nil
		},
	}
}

func (r *Recording) add(req recording.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req)
}

// logWriter keeps lines as those of standard output.
type logWriter Recording

func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written.Write(line)
	l := recording.Line{Stream: recording.Stdout, Text: string(bytes.TrimSuffix(line, []byte("\n"))), Time: time.Now()}
	w.requests = append(w.requests, l.Request(&resourcepb.Resource{Attributes: []*commonpb.KeyValue{otlpattr.String("service.name", w.name)}}))
	return len(line), nil
}
