package viewer

import (
	"io"
	"time"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/tracetree"
)

// List returns the traces that match q.
func (s *Store) List(q Query) List {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := q.find(s.traces)
	list := List{Revision: s.revision, Found: len(found), Dropped: s.dropped.Traces, Traces: []Summary{}}
	for _, t := range found {
		list.Longest = max(list.Longest, t.duration())
	}
	for _, t := range found[:min(len(found), q.Limit)] {
		list.Traces = append(list.Traces, t.summary())
	}
	return list
}

// Facets returns the services and routes of all traces in the store. A page shows them as the
// choices of its filters.
func (s *Store) Facets() Facets {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return facetsOf(s.traces)
}

// Version returns the version of a trace. The version changes when spans or logs are added to
// the trace. It is "" if the trace is not in the store.
func (s *Store) Version(id tracetree.ID) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.traces[id]; t != nil {
		return t.version(s.logs.byTrace[id])
	}
	return ""
}

// Tree returns a trace as a tree of spans. It reports false if the trace is not in the store.
func (s *Store) Tree(id tracetree.ID) (Tree, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.traces[id]
	if t == nil {
		return Tree{}, false
	}
	tree := newTree(t, s.logs.countBySpan(id))
	tree.Revision, tree.Version = s.revision, t.version(s.logs.byTrace[id])
	return tree, true
}

// Detail returns the details of a span. It reports false if the span is not in the store.
func (s *Store) Detail(id tracetree.ID, spanID tracetree.SpanID) (Detail, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.traces[id]
	if t == nil || t.spans[spanID] == nil {
		return Detail{}, false
	}
	return newDetail(t, t.spans[spanID], s.traces), true
}

// Logs returns the log records that match q.
func (s *Store) Logs(q LogQuery) LogList {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.logs.find(q)
	list := LogList{Revision: s.revision, Found: len(found), Dropped: s.dropped.Logs, Logs: []Log{}}
	for _, r := range found[max(0, len(found)-q.Limit):] {
		list.Logs = append(list.Logs, r.show(s.traces[r.trace]))
	}
	return list
}

// Metrics returns the cards with plots of the metrics of a service. If service is "", it returns
// those of all services.
func (s *Store) Metrics(service string) MetricList {
	s.mu.RLock()
	defer s.mu.RUnlock()
	here := func(id tracetree.ID) bool { return s.traces[id] != nil }
	return MetricList{Revision: s.revision, Cards: s.metrics.cards(service, here)}
}

// ServiceMap returns the service map for the traces in the store.
func (s *Store) ServiceMap() Map {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serviceMap == nil || s.serviceMap.Revision != s.revision {
		s.serviceMap = newMap(s.traces)
		s.serviceMap.Revision = s.revision
	}
	return *s.serviceMap
}

// Operations returns the operations of the spans that ended at or after since. The zero time means
// all spans. If since is not zero, now is the end of the time for which rates are computed.
func (s *Store) Operations(since, now time.Time) OperationList {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := operationsOf(s.traces, nanos(since), nanos(now))
	list.Revision = s.revision
	return list
}

// The method newest returns the time of the newest span or log record in the store, but at most
// now. If the store is empty, it returns now.
func (s *Store) newest(now time.Time) time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var newest uint64
	for _, t := range s.traces {
		newest = max(newest, t.end)
	}
	for _, r := range s.logs.kept {
		newest = max(newest, r.at)
	}
	if newest == 0 || newest > nanos(now) {
		return now
	}
	return time.Unix(0, int64(newest)) //nolint:gosec // at most now
}

// Panels checks the telemetry in the store with the rules of package apm. The result is cached. So
// it may be the result for an earlier revision of the store, unless fresh is true.
func (s *Store) Panels(fresh bool) Panels { return s.panels.get(fresh, s.all) }

// The method all returns the telemetry in the store, and the revision of the store. For each
// metric, it returns only the data that arrived last.
func (s *Store) all() ([]recording.Request, uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var spans []*tracetree.Span
	for e := s.order.Front(); e != nil; e = e.Next() {
		spans = append(spans, e.Value.(*trace).sorted()...)
	}
	requests := []recording.Request{{Traces: traceRequest(spans)}, {Metrics: metricRequest(s.metrics.newest)}}
	if len(s.logs.kept) > 0 {
		requests = append(requests, recording.Request{Logs: logRequest(s.logs.kept)})
	}
	return requests, s.revision
}

// Export writes a trace and the logs of this trace to w, as a recording. If the trace is not in
// the store, found is false and Export writes nothing.
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
	requests := []recording.Request{{Traces: traceRequest(t.sorted())}}
	if records := s.logs.ofTrace(id); len(records) > 0 {
		requests = append(requests, recording.Request{Logs: logRequest(records)})
	}
	return requests, true
}
