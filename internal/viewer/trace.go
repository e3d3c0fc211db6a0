package viewer

import (
	"cmp"
	"container/list"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/otlpattr"
	"github.com/nais/spor/internal/tracetree"
)

// A trace contains those spans of one trace that have arrived. It also contains values that
// searches use.
type trace struct {
	id      tracetree.ID
	place   *list.Element // the element in Store.order that contains this trace
	spans   map[tracetree.SpanID]*tracetree.Span
	bytes   int             // estimated memory
	dropped int             // number of dropped spans
	root    *tracetree.Span // the trace is shown with the name of this span
	start   uint64          // Unix ns
	end     uint64          // Unix ns
	errors  int
	parts   map[string]int // number of spans per service
	facts   map[fact]struct{}
	lines   map[uint64]struct{} // hashes of the lines in the field text
	text    []byte              // distinct names and attributes in lower case; searches use it
}

// A fact contains values of a span. The filters use these values.
type fact struct {
	service, route, operation string
	kind                      tracepb.Span_SpanKind
	failed                    bool
}

func newTrace(id tracetree.ID) *trace {
	t := &trace{
		id: id, start: math.MaxUint64,
		spans: map[tracetree.SpanID]*tracetree.Span{}, parts: map[string]int{}, facts: map[fact]struct{}{}, lines: map[uint64]struct{}{},
	}
	t.note(id.String())
	return t
}

// add adds a span. It returns how many bytes of memory the new values for searches use.
func (t *trace) add(id tracetree.SpanID, s *tracetree.Span) int {
	t.spans[id] = s
	if at := s.GetStartTimeUnixNano(); at != 0 {
		t.start = min(t.start, at)
		t.end = max(t.end, at, s.GetEndTimeUnixNano())
	}
	if s.Failed() {
		t.errors++
	}
	service := s.Service()
	t.parts[service]++
	if t.root == nil || compareRoots(s, t.root) < 0 {
		t.root = s
	}
	facts := len(t.facts)
	t.facts[fact{service, routeOf(s), operationOf(s), s.GetKind(), s.Failed()}] = struct{}{}
	const perFact = 100
	return t.index(s) + perFact*(len(t.facts)-facts)
}

// The method sorted returns the spans of t, sorted by ID.
func (t *trace) sorted() []*tracetree.Span {
	return slices.SortedFunc(maps.Values(t.spans), func(a, b *tracetree.Span) int {
		return slices.Compare(a.GetSpanId(), b.GetSpanId())
	})
}

// compareRoots sorts the spans of a trace, so that the best root is first. The order is: spans
// without a parent, then server and consumer spans, then all other spans. If two spans are
// equal in this order, the span that started earlier is first.
func compareRoots(a, b *tracetree.Span) int {
	rank := func(s *tracetree.Span) int {
		switch {
		case isZero(s.GetParentSpanId()):
			return 0
		case s.GetKind() == tracepb.Span_SPAN_KIND_SERVER || s.GetKind() == tracepb.Span_SPAN_KIND_CONSUMER:
			return 1
		default:
			return 2
		}
	}
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano()),
		slices.Compare(a.GetSpanId(), b.GetSpanId()),
	)
}

func isZero(id []byte) bool { return !slices.ContainsFunc(id, func(b byte) bool { return b != 0 }) }

// routeOf returns the route of an HTTP span. For an RPC server span, it returns the full name
// of the method. For other spans, it returns "".
func routeOf(s *tracetree.Span) string {
	if route := otlpattr.First(s.GetAttributes(), "http.route"); route != "" {
		return route
	}
	if s.GetKind() == tracepb.Span_SPAN_KIND_SERVER && otlpattr.First(s.GetAttributes(), "rpc.system.name") != "" {
		return s.GetName()
	}
	return ""
}

// The method index adds the texts of s to the field text, which searches use. It returns how many
// bytes of memory the added texts use.
func (t *trace) index(s *tracetree.Span) int {
	before, lines := len(t.text), len(t.lines)
	t.note(s.GetName())
	t.note(s.GetStatus().GetMessage())
	t.noteAll(s.GetAttributes())
	t.noteAll(s.Resource.GetAttributes())
	for _, event := range s.GetEvents() {
		t.note(event.GetName())
		t.noteAll(event.GetAttributes())
	}
	const perLine = 24
	return len(t.text) - before + perLine*(len(t.lines)-lines)
}

func (t *trace) noteAll(attributes []*commonpb.KeyValue) {
	for _, kv := range attributes {
		t.note(kv.GetKey() + "=" + otlpattr.Text(kv.GetValue()))
	}
}

// longestLine limits how much of a text can be searched: only the first 1,024 bytes.
const longestLine = 1024

var seed = maphash.MakeSeed()

func (t *trace) note(line string) {
	if line == "" {
		return
	}
	line = line[:min(len(line), longestLine)]
	hash := maphash.String(seed, line)
	if _, known := t.lines[hash]; known {
		return
	}
	t.lines[hash] = struct{}{}
	t.text = append(t.text, strings.ToLower(line)...)
	t.text = append(t.text, '\n')
}

func (t *trace) summary() Summary {
	s := Summary{
		ID: t.id.String(), Name: "(none of its spans was kept)",
		Duration: t.duration(), Spans: len(t.spans), Errors: t.errors, Dropped: t.dropped,
	}
	if t.root == nil {
		return s
	}
	s.Name, s.Service, s.Kind = nameOf(t.root), t.root.Service(), kindOf(t.root)
	s.Status = otlpattr.First(t.root.GetAttributes(),
		"http.response.status_code", "rpc.response.status_code", "rpc.grpc.status_code")
	s.Start = millis(t.start)
	s.Services = slices.SortedFunc(maps.Keys(t.parts), func(a, b string) int {
		first := func(name string) int {
			if name == s.Service {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(a, b))
	})
	return s
}

// The method version returns a text that changes when spans or logs of t arrive. logs is the
// number of logs of t.
func (t *trace) version(logs int) string {
	return fmt.Sprintf("%d-%d-%d", len(t.spans), t.dropped, logs)
}

// The method duration returns the time, in ns, from the start of the first span to the end of the
// last span.
func (t *trace) duration() int64 { return elapsed(t.start, t.end) }

// The function elapsed returns the time from start to end, in ns. start and end are in Unix ns.
// If end is before start, it returns 0. This can happen if the two times come from machines whose
// clocks differ.
func elapsed(start, end uint64) int64 {
	if end <= start {
		return 0
	}
	return int64(min(end-start, math.MaxInt64)) //nolint:gosec // bounded
}
