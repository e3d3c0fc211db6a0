package viewer

import (
	"io"
	"slices"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/tracetree"
)

// Export writes a trace and its logs as a recording, and reports whether the
// trace is there.
func (s *Store) Export(w io.Writer, id tracetree.ID) (found bool, err error) {
	requests, found := s.requests(id)
	out := recording.NewWriter(w)
	for _, r := range requests {
		if err := out.Write(r); err != nil {
			return found, err
		}
	}
	return found, nil
}

func (s *Store) requests(id tracetree.ID) ([]recording.Request, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.traces[id]
	if t == nil {
		return nil, false
	}
	spans := make([]*tracetree.Span, 0, len(t.spans))
	for _, span := range t.spans {
		spans = append(spans, span)
	}
	slices.SortFunc(spans, func(a, b *tracetree.Span) int {
		return slices.Compare(a.GetSpanId(), b.GetSpanId())
	})
	requests := []recording.Request{{Traces: traceRequest(spans)}}
	if records := s.logs.ofTrace(id); len(records) > 0 {
		requests = append(requests, recording.Request{Logs: logRequest(records)})
	}
	return requests, true
}

// An origin is where spans and records come from.
type origin struct {
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
}

func traceRequest(spans []*tracetree.Span) *coltrace.ExportTraceServiceRequest {
	r := &coltrace.ExportTraceServiceRequest{}
	byOrigin := map[origin]*tracepb.ScopeSpans{}
	for _, span := range spans {
		from := origin{span.Resource, span.Scope}
		if byOrigin[from] == nil {
			byOrigin[from] = &tracepb.ScopeSpans{Scope: span.Scope}
			r.ResourceSpans = append(r.ResourceSpans, &tracepb.ResourceSpans{
				Resource: span.Resource, ScopeSpans: []*tracepb.ScopeSpans{byOrigin[from]},
			})
		}
		byOrigin[from].Spans = append(byOrigin[from].Spans, span.Span)
	}
	return r
}

func logRequest(records []*logRecord) *collogs.ExportLogsServiceRequest {
	r := &collogs.ExportLogsServiceRequest{}
	byOrigin := map[origin]*logspb.ScopeLogs{}
	for _, record := range records {
		from := origin{record.resource, record.scope}
		if byOrigin[from] == nil {
			byOrigin[from] = &logspb.ScopeLogs{Scope: record.scope}
			r.ResourceLogs = append(r.ResourceLogs, &logspb.ResourceLogs{
				Resource: record.resource, ScopeLogs: []*logspb.ScopeLogs{byOrigin[from]},
			})
		}
		byOrigin[from].LogRecords = append(byOrigin[from].LogRecords, record.LogRecord)
	}
	return r
}
