package viewer_test

import (
	"fmt"
	"testing"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/viewer"
	"github.com/nais/spor/internal/viewer/spantest"
)

func TestPanelsNameSpansConcerned(t *testing.T) {
	s := storeOf(spantest.Span{
		Trace: 1, ID: 1, Service: "orders", Name: "SELECT orders", Kind: spantest.Client, To: ms,
		Attributes: map[string]any{"db.system.name": "postgresql", "db.query.text": "SELECT 1"},
	})
	s.Add(logLine(`{"level":"INFO","message":"fine"}`))
	addMetrics(s, gauge("go_goroutines", 1, 1, nil))
	panels := s.Panels(false)
	var report *apm.Report
	for i, r := range panels.Services {
		if r.Service == "orders" {
			report = &panels.Services[i]
		}
	}
	if report == nil {
		t.Fatalf("no report of orders in %+v", panels)
	}
	verdict, _ := report.Panel("Database: top queries")
	want := apm.Place{Trace: spantest.TraceID(1).String(), Span: spantest.SpanID(1).String()}
	if verdict.State != apm.Dark || len(verdict.Cures) == 0 || len(verdict.Spans) != 1 || verdict.Spans[0] != want {
		t.Errorf("got %+v, want a dark panel with a cure and the span %v", verdict, want)
	}
}

func TestPanelsOfNothing(t *testing.T) {
	if got := viewer.NewStore(viewer.Options{}).Panels(false).Services; got == nil || len(got) != 0 {
		t.Errorf("got %v, want an empty slice", got)
	}
}

func TestPanelsDoNotDependOnTheOrderOfSpans(t *testing.T) {
	var spans []spantest.Span
	for i := range uint64(20) {
		spans = append(spans, spantest.Span{
			Trace: 1, ID: i + 1, Service: "backend", Name: fmt.Sprint("SELECT ", i), Kind: spantest.Client, To: ms, Attributes: map[string]any{"db.system.name": "postgresql"},
		})
	}
	first := fmt.Sprint(storeOf(spans...).Panels(false).Services)
	for range 5 {
		if again := fmt.Sprint(storeOf(spans...).Panels(false).Services); again != first {
			t.Fatalf("got\n%s\nand\n%s", first, again)
		}
	}
}
