package viewer

import (
	"sync"
	"time"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/nais/spor/internal/apm"
	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/tracetree"
)

// Panels is what Nais APM will show, as spor check judges it by what is kept.
type Panels struct {
	Revision uint64       `json:"revision"`
	Services []apm.Report `json:"services"`
}

// judged are the panels of one revision, until when they are good enough: to
// judge takes a while, and should not be all that spor does.
type judged struct {
	mu     sync.Mutex
	panels *Panels
	until  time.Time
}

// validity is how much longer panels are good for than it took to judge them.
const validity = 10

// Panels judges what is kept. The answer may be of an earlier revision.
func (s *Store) Panels() Panels {
	s.judged.mu.Lock()
	defer s.judged.mu.Unlock()
	begin := time.Now()
	if p := s.judged.panels; p != nil && begin.Before(s.judged.until) {
		return *p
	}
	requests, revision := s.all()
	if p := s.judged.panels; p != nil && p.Revision == revision {
		return *p
	}
	var r apm.Recording
	for _, request := range requests {
		r.Add(request)
	}
	p := Panels{Revision: revision, Services: append([]apm.Report{}, r.Judge()...)}
	s.judged.panels = &p
	s.judged.until = time.Now().Add(validity * time.Since(begin))
	return p
}

// all returns all that is kept: of each metric what was said last.
func (s *Store) all() ([]recording.Request, uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var spans []*tracetree.Span
	for e := s.order.Front(); e != nil; e = e.Next() {
		for _, span := range e.Value.(*trace).spans {
			spans = append(spans, span)
		}
	}
	requests := []recording.Request{{Traces: traceRequest(spans)}, {Metrics: s.metrics.request()}}
	if len(s.logs.kept) > 0 {
		requests = append(requests, recording.Request{Logs: logRequest(s.logs.kept)})
	}
	return requests, s.revision
}

// A metricKey names a metric of a service.
type metricKey struct{ service, scope, name string }

// A said is what a metric said last.
type said struct {
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
	metric   *metricspb.Metric
}

func (m *metrics) request() *colmetrics.ExportMetricsServiceRequest {
	r := &colmetrics.ExportMetricsServiceRequest{}
	byOrigin := map[origin]*metricspb.ScopeMetrics{}
	for _, last := range m.last {
		from := origin{last.resource, last.scope}
		if byOrigin[from] == nil {
			byOrigin[from] = &metricspb.ScopeMetrics{Scope: last.scope}
			r.ResourceMetrics = append(r.ResourceMetrics, &metricspb.ResourceMetrics{
				Resource: last.resource, ScopeMetrics: []*metricspb.ScopeMetrics{byOrigin[from]},
			})
		}
		byOrigin[from].Metrics = append(byOrigin[from].Metrics, last.metric)
	}
	return r
}
