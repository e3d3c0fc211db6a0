package tracetree

import (
	"container/list"
	"sync"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Options are the settings of an [Assembler]. In the zero value, each setting has its default.
type Options struct {
	// Finished is called for every finished trace, but never for two traces at the same time. It
	// may be slow, because spans can be added while it runs. It may be nil.
	Finished func(*Trace)
	// Quiet is a waiting time. A trace can be finished when no span of the trace has arrived
	// for this time. The wait is necessary, because each service sends its spans in separate
	// batches. The default is 500 ms.
	Quiet time.Duration
	// Limit is the approximate maximum memory, in bytes, for spans. The default is 64 MiB.
	Limit int
}

// Stats are counts since the assembler was created.
type Stats struct {
	Traces        int // traces for which at least one span arrived
	Spans         int // all spans that were added, including the spans counted in the next fields
	Repeated      int // spans whose ID the trace already had
	Invalid       int // spans without a valid trace ID or without a valid span ID
	DroppedTraces int // traces that were dropped before they were passed to Finished
	DroppedSpans  int // spans that were dropped because of Limit, or were added after Close
}

// An Assembler makes traces from spans. If its spans need more memory than [Options.Limit], it
// drops traces in this order:
//   - traces that were passed to [Options.Finished] before
//   - traces that were checked and are incomplete
//   - traces with new spans
//
// The order inside each group is the order in which the latest span of each trace arrived.
type Assembler struct {
	opts Options

	handOut sync.Mutex // held while Finished is called
	mu      sync.Mutex
	traces  map[ID]*list.Element // each element is an *assembly in one of the next three lists
	waiting *list.List           // traces with new spans since the last check, oldest first
	partial *list.List           // traces that were checked and are incomplete, oldest first
	shown   *list.List           // traces that were passed to Finished, oldest first
	bytes   int
	stats   Stats
	timer   *time.Timer // not nil while there are traces in the field waiting
	closed  bool
}

// New returns an Assembler. At the end, the caller must call [Assembler.Close]. Close passes the
// traces that are not finished yet to [Options.Finished].
func New(opts Options) *Assembler {
	if opts.Finished == nil {
		opts.Finished = func(*Trace) {}
	}
	if opts.Quiet <= 0 {
		opts.Quiet = 500 * time.Millisecond
	}
	if opts.Limit <= 0 {
		opts.Limit = 64 << 20
	}
	return &Assembler{
		opts:    opts,
		traces:  map[ID]*list.Element{},
		waiting: list.New(),
		partial: list.New(),
		shown:   list.New(),
	}
}

// Add adds the spans of r. The caller must not change r afterwards. After Close, Add counts the
// spans but does not add them.
func (a *Assembler) Add(r *coltrace.ExportTraceServiceRequest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for _, resource := range r.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				a.add(&Span{Span: span, Resource: resource.GetResource(), Scope: scope.GetScope()}, now)
			}
		}
	}
	a.arm(now)
}

func (a *Assembler) add(s *Span, now time.Time) {
	a.stats.Spans++
	id, spanID, ok := Identity(s.Span)
	switch {
	case !ok:
		a.stats.Invalid++
		return
	case a.closed:
		a.stats.DroppedSpans++
		return
	}
	t := a.touch(id, now)
	if t.spans[spanID] != nil {
		a.stats.Repeated++
		return
	}
	if !a.makeRoom(t, Weight(s.Span)) {
		a.stats.DroppedSpans++
		return
	}
	t.spans[spanID] = s
}

// The method touch moves the trace with the given ID to the end of the list a.waiting, and
// returns the trace. If there is no such trace, touch creates it.
func (a *Assembler) touch(id ID, now time.Time) *assembly {
	t := &assembly{id: id, spans: map[SpanID]*Span{}}
	if e := a.traces[id]; e != nil {
		t = a.listOf(e).Remove(e).(*assembly)
	} else {
		a.stats.Traces++
	}
	t.arrival, t.awaiting = now, true
	a.traces[id] = a.waiting.PushBack(t)
	return t
}

func (a *Assembler) listOf(e *list.Element) *list.List {
	switch t := e.Value.(*assembly); {
	case t.awaiting:
		return a.waiting
	case t.shown > 0:
		return a.shown
	default:
		return a.partial
	}
}

// The method arm starts the timer for the trace that has been in the list a.waiting for the
// longest time.
func (a *Assembler) arm(now time.Time) {
	e := a.waiting.Front()
	if e == nil || a.timer != nil || a.closed {
		return
	}
	due := e.Value.(*assembly).arrival.Add(a.opts.Quiet)
	a.timer = time.AfterFunc(due.Sub(now), a.judge)
}

// If a trace is complete, and none of its spans has arrived during the time Quiet, judge calls
// Finished for the trace.
func (a *Assembler) judge() {
	a.handOut.Lock()
	defer a.handOut.Unlock()
	for {
		t, ok := a.next()
		if !ok {
			return
		}
		a.opts.Finished(t)
	}
}

// The method next returns the next finished trace. If there is no finished trace, it starts the
// timer again.
func (a *Assembler) next() (*Trace, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for e := a.waiting.Front(); e != nil; e = a.waiting.Front() {
		t := e.Value.(*assembly)
		if now.Sub(t.arrival) < a.opts.Quiet {
			break
		}
		if tree, ok := a.settle(e); ok {
			return tree, true
		}
	}
	a.timer = nil
	a.arm(now)
	return nil, false
}

// The method settle removes the trace in e from the list a.waiting. It returns the trace if the
// trace is complete and has spans that were not yet passed to Finished.
func (a *Assembler) settle(e *list.Element) (*Trace, bool) {
	t := a.waiting.Remove(e).(*assembly)
	t.awaiting = false
	var tree *Trace
	if len(t.spans) > t.shown && t.complete() {
		tree = t.tree()
		t.shown = len(t.spans)
	}
	home := a.partial
	if t.shown > 0 {
		home = a.shown
	}
	a.traces[t.id] = home.PushBack(t)
	return tree, tree != nil
}

// Close calls Finished for each trace with spans that were not yet passed to Finished. Such a
// trace may be incomplete. Close returns after the last call of Finished.
func (a *Assembler) Close() {
	a.mu.Lock()
	a.closed = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.mu.Unlock()

	a.handOut.Lock()
	defer a.handOut.Unlock()
	for _, t := range a.rest() {
		a.opts.Finished(t)
	}
}

// The method rest returns the traces with spans that were not yet passed to Finished. The
// complete traces are first.
func (a *Assembler) rest() []*Trace {
	a.mu.Lock()
	defer a.mu.Unlock()
	var complete, incomplete []*Trace
	for _, l := range []*list.List{a.waiting, a.shown, a.partial} {
		for e := l.Front(); e != nil; e = e.Next() {
			t := e.Value.(*assembly)
			if len(t.spans) == t.shown {
				continue
			}
			if tree := t.tree(); tree.Complete {
				complete = append(complete, tree)
			} else {
				incomplete = append(incomplete, tree)
			}
			t.shown = len(t.spans)
		}
	}
	return append(complete, incomplete...)
}

// Stats returns the counts so far.
func (a *Assembler) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats
}

// Identity returns the trace ID and the span ID of s. ok reports whether both are valid.
func Identity(s *tracepb.Span) (trace ID, span SpanID, ok bool) {
	if len(s.GetTraceId()) != len(trace) || len(s.GetSpanId()) != len(span) {
		return trace, span, false
	}
	trace, span = ID(s.GetTraceId()), SpanID(s.GetSpanId())
	return trace, span, trace != ID{} && span != SpanID{}
}
