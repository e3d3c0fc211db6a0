package setuptest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/tracetree"
	"github.com/nais/spor/setup"
)

// A Recording holds the telemetry that the code under test exported and the lines that it
// logged. [Record] returns one. It is safe for concurrent use.
type Recording struct {
	tb    testing.TB
	name  string // of the service
	under underway

	mu       sync.Mutex
	requests []recording.Request
	written  bytes.Buffer
}

// Record starts telemetry with [setup.Start] and opts, and stops it at the end of the
// test. If the test fails, it also prints the lines that were logged.
//
// For the duration of the test, Record sets the environment of a NAIS workload: it empties
// all variables whose names start with OTEL_ or NAIS_, except
// OTEL_SEMCONV_STABILITY_OPT_IN, and then sets those that it needs. The service is named
// after the test binary.
//
// Record ends the test with [testing.TB.Fatal] if telemetry cannot start, for example
// because it is already running.
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

// setEnvironment sets the environment of a workload on NAIS until the test ends.
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

// takeLog makes the default logger write to r until the test ends.
func (r *Recording) takeLog() {
	before, output, flags := slog.Default(), log.Writer(), log.Flags() //nolint:forbidigo // to restore them
	slog.SetDefault(slog.New(setup.LogHandler((*logWriter)(r), nil)))
	r.tb.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(output) //nolint:forbidigo // slog.SetDefault has changed it
		log.SetFlags(flags)   //nolint:forbidigo // slog.SetDefault has changed it
		if r.tb.Failed() && r.written.Len() > 0 {
			r.tb.Logf("logged:\n%s", &r.written)
		}
	})
}

// sink returns a sink that adds each received request to r.
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

// settled waits until every span has ended, flushes all providers, and returns a copy of
// the list of recorded requests.
func (r *Recording) settled() []recording.Request {
	r.tb.Helper()
	r.under.wait(r.tb)
	flush(r.tb)
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]recording.Request(nil), r.requests...)
}

func flush(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	for _, provider := range []any{otel.GetTracerProvider(), otel.GetMeterProvider(), otel.GetLoggerProvider()} {
		flusher, ok := provider.(interface{ ForceFlush(context.Context) error })
		if !ok {
			continue
		}
		if err := flusher.ForceFlush(ctx); err != nil {
			tb.Error(err)
		}
	}
}

// Roots returns the spans that have no parent in the recording, in the order of their
// start times. Their descendants are in [Span.Children].
func (r *Recording) Roots() []*Span {
	r.tb.Helper()
	var roots []*tracetree.Span
	for id, spans := range r.byTrace() {
		roots = append(roots, tracetree.Build(id, slices.Values(spans)).Roots...)
	}
	slices.SortStableFunc(roots, func(a, b *tracetree.Span) int {
		return cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano())
	})
	return fromTree(roots)
}

// byTrace returns the recorded spans, grouped by trace ID.
func (r *Recording) byTrace() map[tracetree.ID][]*tracetree.Span {
	r.tb.Helper()
	traces := map[tracetree.ID][]*tracetree.Span{}
	for _, request := range r.settled() {
		for _, rs := range request.Traces.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, s := range ss.GetSpans() {
					if id, _, ok := tracetree.Identity(s); ok {
						traces[id] = append(traces[id], &tracetree.Span{Span: s, Resource: rs.GetResource(), Scope: ss.GetScope()})
					}
				}
			}
		}
	}
	return traces
}

// Spans returns all spans. A parent comes before its children.
func (r *Recording) Spans() []*Span {
	r.tb.Helper()
	var all []*Span
	for s := range walk(r.Roots(), 0) {
		all = append(all, s)
	}
	return all
}

// Find returns the first span with that name, in the order of [Recording.Spans]. It ends
// the test with [testing.TB.Fatal] if no span has the name.
func (r *Recording) Find(name string) *Span {
	r.tb.Helper()
	spans := r.Spans()
	i := slices.IndexFunc(spans, func(s *Span) bool { return s.Name == name })
	if i < 0 {
		r.tb.Fatalf("no span %q in\n%s", name, r.Tree())
	}
	return spans[i]
}

// Tree returns the spans as text, one line per span: the kind, the name and, if the status
// of the span is error, the word "error". The children of a span follow it, indented by
// two more spaces.
func (r *Recording) Tree() string {
	r.tb.Helper()
	var b strings.Builder
	for s, depth := range walk(r.Roots(), 0) {
		fmt.Fprintf(&b, "%s%s %s", strings.Repeat("  ", depth), s.Kind, s.Name)
		if s.Failed {
			b.WriteString(" error")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// WantTree reports an error with [testing.TB.Error] unless want equals [Recording.Tree].
// It ignores blank lines before and after want, and tabs at the start of each line, so
// that want can be an indented raw string.
func (r *Recording) WantTree(want string) {
	r.tb.Helper()
	if got, want := r.Tree(), unindent(want); got != want {
		r.tb.Errorf("spans: got\n%swant\n%s", got, want)
	}
}

// WantLit applies the rules of spor check to the recording. It reports an error with
// [testing.TB.Error] for each panel of Nais APM that is dark although the code under test
// should light it, and for each finding of spor check, such as a personal number or a
// secret in the telemetry or the log, or a span name that contains an ID. An empty
// recording is an error, too.
//
// WantLit skips the panels in except, for example "Runtime: Go card". The names are those
// that spor check prints. If the service has logged nothing, WantLit also skips the panels
// that show log lines.
func (r *Recording) WantLit(except ...string) {
	r.tb.Helper()
	var judged apm.Recording
	for _, request := range r.settled() {
		judged.Add(request)
	}
	reports := judged.Judge()
	if len(reports) == 0 {
		r.tb.Error("nothing was recorded")
	}
	for _, report := range reports {
		for _, v := range report.Panels {
			silent := report.Lines == 0 && ofTheLog[v.Panel]
			if v.State == apm.Dark && !silent && !slices.Contains(except, v.Panel) {
				r.tb.Errorf("%s is dark: %s (%s)", v.Panel, v.Evidence, strings.Join(v.Cures, "; "))
			}
		}
		for _, f := range report.Findings {
			r.tb.Errorf("found: %s: %s (count: %d; cure: %s)", f.Kind, f.Place, f.Count, f.Cure)
		}
	}
}

// ofTheLog is the set of panels that need log lines.
var ofTheLog = map[string]bool{"Logs": true, "Logs of a trace": true, "Issues": true, "Observability checks": true}

// logWriter is the [Recording] as a writer. It records each line as a line of standard
// output.
type logWriter Recording

func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written.Write(line)
	l := recording.Line{Stream: recording.Stdout, Text: string(bytes.TrimSuffix(line, []byte("\n"))), Time: time.Now()}
	w.requests = append(w.requests, l.Request(&resourcepb.Resource{Attributes: []*commonpb.KeyValue{otlpattr.String("service.name", w.name)}}))
	return len(line), nil
}
