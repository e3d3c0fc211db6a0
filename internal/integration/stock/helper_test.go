// Package stock_test tests that setup completes the spans of instrumentation libraries that are
// not spor's. Each test uses a real library, in the way that its documentation shows.
package stock_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/receiver"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/setup"
)

// exported contains the spans of a program under setup.
type exported struct {
	report apm.Report
	spans  []*tracepb.Span
}

// export calls use under setup, in a span, and returns what was exported.
func export(t *testing.T, use func(ctx context.Context)) exported {
	t.Helper()
	var mu sync.Mutex
	var out exported
	var all apm.Recording
	server, err := receiver.Listen(":0", receiver.Sink{Traces: func(_ context.Context, r *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
		mu.Lock()
		defer mu.Unlock()
		all.Add(recording.Request{Traces: r})
		for _, rs := range r.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				out.spans = append(out.spans, ss.GetSpans()...)
			}
		}
		return nil, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	t.Setenv("OTEL_SERVICE_NAME", "stock")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.Endpoint())
	t.Setenv("OTEL_METRICS_EXPORTER", "none")
	shutdown, err := setup.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := otel.Tracer("root").Start(t.Context(), "root")
	use(ctx)
	span.End()
	if err := shutdown(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, s := range out.spans {
		if a := s.GetAttributes(); len(otlpattr.Map(a)) != len(a) {
			t.Errorf("%s has an attribute twice: %v", s.GetName(), a)
		}
	}
	for _, report := range all.Judge() {
		out.report = report
	}
	return out
}

// mustHave checks that a span with this name and kind has been exported, and that it has these
// attributes. It returns the span's attributes.
func (e exported) mustHave(t *testing.T, kind tracepb.Span_SpanKind, name string, pairs ...string) map[string]string {
	t.Helper()
	var names []string
	for _, s := range e.spans {
		if names = append(names, s.GetName()); s.GetName() != name || s.GetKind() != kind {
			continue
		}
		attrs := otlpattr.Map(s.GetAttributes())
		for i := 0; i+1 < len(pairs); i += 2 {
			if got, want := attrs[pairs[i]], pairs[i+1]; got != want {
				t.Errorf("%s: %s is %q, want %q", name, pairs[i], got, want)
			}
		}
		return attrs
	}
	t.Errorf("no span %q among %q", name, names)
	return nil
}

// mustLight checks that the spans light these panels.
func (e exported) mustLight(t *testing.T, panels ...string) {
	t.Helper()
	for _, panel := range panels {
		if v, _ := e.report.Panel(panel); v.State != apm.Lit {
			t.Errorf("%s is %s: %s %q", panel, v.State, v.Evidence, v.Cures)
		}
	}
}

// otherPanels need more than spans: metrics, log lines, or the name of the team.
var otherPanels = []string{"Service inventory", "Runtime: Go card", "Runtime: Kafka card", "Database: pool health", "Database: acquisition P95", "Observability checks"}

// mustDarken checks that exactly these panels are dark, except otherPanels, and that there is no
// finding.
func (e exported) mustDarken(t *testing.T, panels ...string) {
	t.Helper()
	for _, v := range e.report.Panels {
		if slices.Contains(otherPanels, v.Panel) {
			continue
		}
		if dark := v.State == apm.Dark; dark != slices.Contains(panels, v.Panel) {
			t.Errorf("%s is %s: %s %q %q", v.Panel, v.State, v.Evidence, v.Cures, v.Libraries)
		}
	}
	for _, f := range e.report.Findings {
		t.Errorf("%+v", f)
	}
}

func get(t *testing.T, client *http.Client, url string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return
	}
	resp.Body.Close()
}
