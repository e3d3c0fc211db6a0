package apm

import (
	"cmp"
	"encoding/hex"
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/dialect"
	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/recording"
)

// A Recording holds the telemetry and the output of one or more services. The zero value is
// empty. A Recording is not safe for concurrent use.
type Recording struct {
	spans    []*span
	series   []*series
	lines    []*line
	records  []*record
	texts    texts
	services []string
}

// Add adds one request. Add does not change the request. The caller must not change it after
// the call.
func (r *Recording) Add(request recording.Request) {
	for _, rs := range request.Traces.GetResourceSpans() {
		service := r.resource(rs.GetResource())
		for _, ss := range rs.GetScopeSpans() {
			r.texts.scope(service.service, ss.GetScope())
			for _, s := range ss.GetSpans() {
				r.spans = append(r.spans, newSpan(service, ss.GetScope(), s))
				r.texts.span(service, s)
			}
		}
	}
	for _, rm := range request.Metrics.GetResourceMetrics() {
		service := r.resource(rm.GetResource())
		for _, sm := range rm.GetScopeMetrics() {
			r.texts.scope(service.service, sm.GetScope())
			for _, m := range sm.GetMetrics() {
				r.series = append(r.series, seriesOf(service, m)...)
				r.texts.metric(service, m)
			}
		}
	}
	for _, rl := range request.Logs.GetResourceLogs() {
		service := r.resource(rl.GetResource())
		for _, sl := range rl.GetScopeLogs() {
			r.texts.scope(service.service, sl.GetScope())
			for _, l := range sl.GetLogRecords() {
				r.log(service, sl.GetScope(), l)
			}
		}
	}
}

func (r *Recording) log(service *resource, scope *commonpb.InstrumentationScope, l *logspb.LogRecord) {
	if scope.GetName() == recording.OutputScope {
		r.lines = appendLine(r.lines, service, l)
		return
	}
	r.records = append(r.records, newRecord(service, l))
	r.texts.record(service, l)
}

// resource converts an OTLP resource and adds the name of its service to r.services.
func (r *Recording) resource(from *resourcepb.Resource) *resource {
	attrs := otlpattr.Map(from.GetAttributes())
	res := &resource{service: cmp.Or(attrs["service.name"], unknown), attrs: attrs}
	if !slices.Contains(r.services, res.service) {
		r.services = append(r.services, res.service)
	}
	r.texts.attributes(res.service, "resource", from.GetAttributes())
	return res
}

// The constant unknown is the name of a service whose resource has no service.name.
const unknown = "unknown_service"

type resource struct {
	service string
	attrs   map[string]string
}

// Services returns the names of the services, in the order in which they first appeared.
func (r *Recording) Services() []string { return slices.Clone(r.services) }

// Edges returns the edges of the service graph. One end of each edge is a service that sent
// spans. The other end is another such service, or a caller, a database or a server that sent
// no spans.
func (r *Recording) Edges() []Edge { return edgesOf(r.spans) }

// Judge returns one report per service, in the order of [Recording.Services]. It returns
// nil if the recording is empty.
func (r *Recording) Judge() []Report {
	var reports []Report
	edges := r.Edges()
	for _, name := range r.services {
		s := r.service(name, edges)
		report := Report{
			Service: name, Spans: len(s.spans), Series: len(s.series), Lines: len(s.lines), Records: len(s.records),
			Findings: s.findings(), Edges: s.edges,
		}
		for _, p := range panels {
			report.Panels = append(report.Panels, p.judge(s))
		}
		reports = append(reports, report)
	}
	return reports
}

type span struct {
	*tracepb.Span
	resource *resource
	scope    string
	attrs    map[string]string
	trace    string
	id       string
	parent   string // "" for a root span
}

func newSpan(from *resource, scope *commonpb.InstrumentationScope, s *tracepb.Span) *span {
	parent := hex.EncodeToString(s.GetParentSpanId())
	if parent == "0000000000000000" {
		parent = ""
	}
	return &span{
		Span: s, resource: from, scope: scope.GetName(), attrs: otlpattr.Map(s.GetAttributes()),
		trace: hex.EncodeToString(s.GetTraceId()), id: hex.EncodeToString(s.GetSpanId()), parent: parent,
	}
}

func (s *span) is(kinds ...tracepb.Span_SpanKind) bool { return slices.Contains(kinds, s.GetKind()) }

func (s *span) failed() bool { return s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR }

func (s *span) has(keys ...string) bool { return s.first(keys...) != "" }

// The method first looks for the attributes in the order of keys. It returns the first value that
// is not empty. If there is no such value, it returns "".
func (s *span) first(keys ...string) string {
	for _, key := range keys {
		if value := s.attrs[key]; value != "" {
			return value
		}
	}
	return ""
}

// The method either returns the value of an attribute. The argument stable is the stable name of
// the attribute. If there is no value under the stable name, or if this value is empty, either
// returns the value under the older name.
func (s *span) either(stable string) string {
	older, _ := dialect.Older(stable)
	return cmp.Or(s.attrs[stable], s.attrs[older])
}

// hasAny reports whether the span has an attribute whose name starts with prefix. The name must
// be longer than prefix.
func (s *span) hasAny(prefix string) bool {
	for key := range s.attrs {
		if len(key) > len(prefix) && key[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}
