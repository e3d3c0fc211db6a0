package viewer

import (
	"cmp"
	"container/list"
	"crypto/rand"
	"errors"
	"io"
	"sync"

	"github.com/nais/spor/internal/recording"
	"github.com/nais/spor/internal/tracetree"
)

// Options limit the memory of a [Store]. A value of zero or less means that the default is
// used.
type Options struct {
	MaxTraces int // maximum number of traces; the default is 5,000
	MaxBytes  int // approximate memory for traces, in bytes; the default is 128 MiB
	MaxLogs   int // maximum number of log records; the default is 20,000
	LogBytes  int // approximate memory for log records, in bytes; the default is 32 MiB
	MaxSeries int // maximum number of metric series; the default is 2,000
}

func (o *Options) complete() {
	o.MaxTraces = cmp.Or(max(o.MaxTraces, 0), 5000)
	o.MaxBytes = cmp.Or(max(o.MaxBytes, 0), 128<<20)
	o.MaxLogs = cmp.Or(max(o.MaxLogs, 0), 20_000)
	o.LogBytes = cmp.Or(max(o.LogBytes, 0), 32<<20)
	o.MaxSeries = cmp.Or(max(o.MaxSeries, 0), 2000)
}

// A Store keeps telemetry within the limits of [Options]. When a limit is reached, it drops the
// oldest traces and log records first. A Store is safe for concurrent use.
type Store struct {
	opts Options
	id   string // random; with it, a page detects another store at the same address

	mu       sync.RWMutex
	traces   map[tracetree.ID]*trace
	order    *list.List // of *trace; the trace that got the newest span is at the back
	bytes    int
	revision uint64
	dropped  Dropped
	logs     logs
	metrics  metrics
	changed  chan struct{} // closed and replaced when a request is added

	serviceMap *Map // cached for one revision; nil until the map is needed for the first time

	panels panelCache // uses its own lock, not mu
}

// Dropped counts the telemetry that a [Store] has dropped.
type Dropped struct {
	Traces  int `json:"traces"`  // whole traces; the oldest were dropped first
	Spans   int `json:"spans"`   // spans that would make their trace larger than MaxBytes
	Invalid int `json:"invalid"` // spans without a valid trace ID or without a valid span ID
	Logs    int `json:"logs"`    // log records; the oldest were dropped first
	Series  int `json:"series"`  // data points of new series after MaxSeries was reached
}

// NewStore returns an empty Store.
func NewStore(opts Options) *Store {
	opts.complete()
	return &Store{
		opts:    opts,
		id:      rand.Text()[:8],
		traces:  map[tracetree.ID]*trace{},
		order:   list.New(),
		logs:    logs{byTrace: map[tracetree.ID]int{}},
		metrics: metrics{index: map[seriesKey]*series{}, newest: map[metricKey]newestMetric{}},
		changed: make(chan struct{}),
	}
}

// Add adds the telemetry in r. It also closes the channel that [Store.Stats] has returned. If r
// is empty, it only closes the channel. The caller must not change r afterwards.
func (s *Store) Add(r recording.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range r.Traces.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				s.addSpan(&tracetree.Span{Span: span, Resource: resource.GetResource(), Scope: scope.GetScope()})
			}
		}
	}
	for _, resource := range r.Logs.GetResourceLogs() {
		for _, scope := range resource.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				s.logs.add(newLog(record, resource.GetResource(), scope.GetScope()))
			}
		}
	}
	s.dropped.Logs += s.logs.trim(s.opts.MaxLogs, s.opts.LogBytes)
	s.dropped.Series += s.metrics.add(r.Metrics, s.opts.MaxSeries)
	s.revision++
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Store) addSpan(span *tracetree.Span) {
	id, spanID, ok := tracetree.Identity(span.Span)
	if !ok {
		s.dropped.Invalid++
		return
	}
	t := s.traces[id]
	if t == nil {
		t = newTrace(id)
		t.place = s.order.PushBack(t)
		s.traces[id] = t
	}
	s.order.MoveToBack(t.place)
	if t.spans[spanID] != nil {
		return // ignore a span that was sent twice
	}
	size := tracetree.Weight(span.Span)
	if t.bytes+size > s.opts.MaxBytes {
		t.dropped++
		s.dropped.Spans++
		return
	}
	size += t.add(spanID, span)
	t.bytes += size
	s.bytes += size
	for (s.bytes > s.opts.MaxBytes || len(s.traces) > s.opts.MaxTraces) && len(s.traces) > 1 {
		s.dropOldest()
	}
}

func (s *Store) dropOldest() {
	t := s.order.Remove(s.order.Front()).(*trace)
	delete(s.traces, t.id)
	s.bytes -= t.bytes
	s.dropped.Traces++
}

// Loaded describes a recording that [Store.Load] has loaded.
type Loaded struct {
	Requests int    `json:"requests"`
	Trace    string `json:"trace,omitempty"` // the ID of the first trace in the recording
}

// Load adds the telemetry in a recording. If a part of the recording is not valid, Load returns
// an error, but it has already added the requests before this part. It also returns an error if
// the recording contains no telemetry.
func (s *Store) Load(r io.Reader) (Loaded, error) {
	var loaded Loaded
	for request, err := range recording.Read(r) {
		if err != nil {
			return loaded, err
		}
		s.Add(request)
		loaded.Requests++
		if loaded.Trace == "" {
			loaded.Trace = firstTrace(request)
		}
	}
	if loaded.Requests == 0 {
		return loaded, errNothing
	}
	return loaded, nil
}

var errNothing = errors.New("contains no telemetry (want OTLP/JSON lines)")

func firstTrace(r recording.Request) string {
	for _, resource := range r.Traces.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				if id, _, ok := tracetree.Identity(span); ok {
					return id.String()
				}
			}
		}
	}
	return ""
}

// Stats are counts of what a store contains. Every page shows them.
type Stats struct {
	Store    string  `json:"store"` // the random ID of the store
	Revision uint64  `json:"revision"`
	Traces   int     `json:"traces"`
	Spans    int     `json:"spans"`
	Logs     int     `json:"logs"`
	Series   int     `json:"series"`
	Dropped  Dropped `json:"dropped"`
	Bounds   struct {
		Traces int `json:"traces"`
		Bytes  int `json:"bytes"`
	} `json:"bounds"`
}

// Stats returns the counts, and a channel that is closed when the store changes.
func (s *Store) Stats() (Stats, <-chan struct{}) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	stats := Stats{
		Store: s.id, Revision: s.revision,
		Traces: len(s.traces), Logs: len(s.logs.kept), Series: len(s.metrics.index), Dropped: s.dropped,
	}
	for _, t := range s.traces {
		stats.Spans += len(t.spans)
	}
	stats.Bounds.Traces, stats.Bounds.Bytes = s.opts.MaxTraces, s.opts.MaxBytes
	return stats, s.changed
}
