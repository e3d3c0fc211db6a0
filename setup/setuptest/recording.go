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

// A Recording contains the exported telemetry and the log lines of the code under test. [Record]
// returns a Recording. A Recording is safe for concurrent use.
type Recording struct {
	tb    testing.TB
	name  string // the name of the service
	under underway

	mu       sync.Mutex
	requests []recording.Request
	written  bytes.Buffer
}

// Record starts telemetry with [setup.Start] and opts. At the end of the test, telemetry is
// stopped. If the test has failed, the lines that were logged are also printed.
//
// Until the test ends, the process has the environment variables of a NAIS workload. First,
// Record sets all variables whose names start with OTEL_ or NAIS_ to the empty string. The
// exception is OTEL_SEMCONV_STABILITY_OPT_IN, which is not changed. Then Record sets the
// variables that it needs. The service gets the name of the test binary.
//
// If telemetry cannot start, Record ends the test with [testing.TB.Fatal]. For example,
// telemetry cannot start if it is already running.
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

// setEnvironment sets the environment variables of a NAIS workload until the test ends.
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

// The method settled waits until every span has ended, and flushes all providers. Then it
// returns a copy of the list of recorded requests.
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

// Roots returns the spans that have no parent in the recording, in the order of their start
// times. The field [Span.Children] of a span has its child spans.
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

// Find returns the first span with the given name, in the order of [Recording.Spans]. If no
// span has that name, Find ends the test with [testing.TB.Fatal].
func (r *Recording) Find(name string) *Span {
	r.tb.Helper()
	spans := r.Spans()
	i := slices.IndexFunc(spans, func(s *Span) bool { return s.Name == name })
	if i < 0 {
		r.tb.Fatalf("no span %q in\n%s", name, r.Tree())
	}
	return spans[i]
}

// Tree returns the spans as text, with one line per span. The line contains the kind and the
// name of the span. If the status of the span is error, the line ends with the word "error". The
// lines of the child spans follow the line of their parent, and are indented by two more spaces.
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

// WantTree compares want with the result of [Recording.Tree]. If they are different, it reports
// an error with [testing.TB.Error]. In want, it ignores blank lines at the start and at the
// end, and it ignores tabs at the start of each line. Therefore want can be an indented raw
// string.
func (r *Recording) WantTree(want string) {
	r.tb.Helper()
	if got, want := r.Tree(), unindent(want); got != want {
		r.tb.Errorf("spans: got\n%swant\n%s", got, want)
	}
}

// WantLit applies the rules of the command spor check to the recording. A panel of Nais APM
// is lit if it has data. It is dark if the service should fill the panel, but the panel has
// no data. WantLit reports an error with [testing.TB.Error] in these cases:
//
//   - A panel is dark.
//   - spor check has a finding. Examples are a personal number or a secret in the
//     telemetry or in the log, and a span name that contains an ID.
//   - The recording is empty.
//
// The parameter except contains the names of panels that WantLit ignores, for example "Runtime:
// Go card". spor check prints the names of all panels. If the service has logged nothing,
// WantLit also ignores the panels that show log lines.
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

// ofTheLog is the set of panels that have no data if there are no log lines.
var ofTheLog = map[string]bool{"Logs": true, "Logs of a trace": true, "Issues": true, "Observability checks": true}

// logWriter is a [Recording] that implements io.Writer. It records each line as if the
// program had written the line to standard output.
type logWriter Recording

func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written.Write(line)
	l := recording.Line{Stream: recording.Stdout, Text: string(bytes.TrimSuffix(line, []byte("\n"))), Time: time.Now()}
	w.requests = append(w.requests, l.Request(&resourcepb.Resource{Attributes: []*commonpb.KeyValue{otlpattr.String("service.name", w.name)}}))
	return len(line), nil
}
