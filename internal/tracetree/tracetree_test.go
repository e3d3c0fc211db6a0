package tracetree_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/tracetree"
)

const (
	local  = uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	remote = local | uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
)

const (
	quiet     = 500 * time.Millisecond
	spanBytes = 650 // approximate Weight of a span in these tests
)

// The function span returns a span of trace 1. The number id is its ID, its name and its start
// time in seconds.
func span(id, parent byte, flags uint32) *tracepb.Span {
	s := &tracepb.Span{
		TraceId:           []byte{15: 1},
		SpanId:            []byte{7: id},
		Name:              strconv.Itoa(int(id)),
		Flags:             flags,
		StartTimeUnixNano: uint64(id) * uint64(time.Second),
	}
	if parent != 0 {
		s.ParentSpanId = []byte{7: parent}
	}
	return s
}

func inTrace(id byte, s *tracepb.Span) *tracepb.Span {
	s.TraceId = []byte{15: id}
	return s
}

func batch(spans ...*tracepb.Span) *coltrace.ExportTraceServiceRequest {
	return &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}},
	}}}
}

// The function shape returns the trace as one line: parent(child child). An orphan has the
// character ! before its name.
func shape(t *tracetree.Trace) string {
	var b strings.Builder
	var write func([]*tracetree.Span)
	write = func(spans []*tracetree.Span) {
		for i, s := range spans {
			if i > 0 {
				b.WriteByte(' ')
			}
			if s.Orphan {
				b.WriteByte('!')
			}
			b.WriteString(s.GetName())
			if len(s.Children) > 0 {
				b.WriteByte('(')
				write(s.Children)
				b.WriteByte(')')
			}
		}
	}
	write(t.Roots)
	if !t.Complete {
		b.WriteString(" incomplete")
	}
	if t.Late > 0 {
		fmt.Fprintf(&b, " +%d", t.Late)
	}
	if t.Dropped > 0 {
		fmt.Fprintf(&b, " -%d", t.Dropped)
	}
	return b.String()
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // takes no real time under synctest
	synctest.Wait()
}

type collected struct {
	mu     sync.Mutex
	shapes []string
}

func (c *collected) finished(t *tracetree.Trace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shapes = append(c.shapes, shape(t))
}

func (c *collected) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := strings.Join(c.shapes, "; ")
	c.shapes = nil
	return got
}

func TestAssemblerHandsOutFinishedTraces(t *testing.T) {
	for name, tt := range map[string]struct {
		spans  []*tracepb.Span
		want   string // the expected result after the quiet period
		atExit string
	}{
		"root alone":              {spans: []*tracepb.Span{span(1, 0, local)}, want: "1"},
		"children first":          {spans: []*tracepb.Span{span(3, 2, local), span(2, 1, local), span(1, 0, local)}, want: "1(2(3))"},
		"children by start":       {spans: []*tracepb.Span{span(1, 0, local), span(3, 1, local), span(2, 1, local)}, want: "1(2 3)"},
		"parent elsewhere":        {spans: []*tracepb.Span{span(2, 1, remote), span(3, 2, local)}, want: "2(3)"},
		"two parts of one trace":  {spans: []*tracepb.Span{span(2, 1, remote), span(4, 3, remote)}, want: "2 4"},
		"root missing":            {spans: []*tracepb.Span{span(2, 1, local), span(3, 2, local)}, atExit: "!2(3) incomplete"},
		"link in the middle":      {spans: []*tracepb.Span{span(1, 0, local), span(3, 2, local)}, atExit: "1 !3 incomplete"},
		"old exporter, server":    {spans: []*tracepb.Span{kind(span(2, 1, 0), tracepb.Span_SPAN_KIND_SERVER)}, want: "2"},
		"old exporter, consumer":  {spans: []*tracepb.Span{kind(span(2, 1, 0), tracepb.Span_SPAN_KIND_CONSUMER)}, want: "2"},
		"old exporter, client":    {spans: []*tracepb.Span{kind(span(2, 1, 0), tracepb.Span_SPAN_KIND_CLIENT)}, atExit: "!2 incomplete"},
		"sent twice":              {spans: []*tracepb.Span{span(1, 0, local), span(1, 0, local)}, want: "1"},
		"its own parent":          {spans: []*tracepb.Span{span(1, 1, local)}, want: "1"},
		"each other's parent":     {spans: []*tracepb.Span{span(1, 2, local), span(2, 1, local), span(3, 2, local)}, want: "!1(2(3)) incomplete"},
		"all-zero parent":         {spans: []*tracepb.Span{{TraceId: []byte{15: 1}, SpanId: []byte{7: 1}, ParentSpanId: make([]byte, 8), Name: "1"}}, want: "1"},
		"no span ID":              {spans: []*tracepb.Span{{TraceId: []byte{15: 1}}}},
		"all-zero trace ID":       {spans: []*tracepb.Span{{TraceId: make([]byte, 16), SpanId: []byte{7: 1}}}},
		"span ID of another size": {spans: []*tracepb.Span{{TraceId: []byte{15: 1}, SpanId: []byte{1}}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got collected
				a := tracetree.New(tracetree.Options{Finished: got.finished})
				for _, s := range tt.spans {
					a.Add(batch(s))
				}
				if got := got.take(); got != "" {
					t.Errorf("before the quiet period: %q, want nothing", got)
				}
				pass(quiet)
				if got := got.take(); got != tt.want {
					t.Errorf("after the quiet period: %q, want %q", got, tt.want)
				}
				a.Close()
				if got := got.take(); got != tt.atExit {
					t.Errorf("at exit: %q, want %q", got, tt.atExit)
				}
				if got, want := a.Stats().Spans, len(tt.spans); got != want {
					t.Errorf("counted %d spans, want %d", got, want)
				}
			})
		})
	}
}

func kind(s *tracepb.Span, k tracepb.Span_SpanKind) *tracepb.Span {
	s.Kind = k
	return s
}

func TestAssemblerWaitsForQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collected
		a := tracetree.New(tracetree.Options{Finished: got.finished})
		defer a.Close()
		a.Add(batch(span(2, 1, remote)))
		pass(quiet - 1)
		a.Add(batch(span(1, 0, local)))
		pass(quiet - 1)
		if got := got.take(); got != "" {
			t.Errorf("before the quiet period: %q, want nothing", got)
		}
		pass(1)
		if got, want := got.take(), "1(2)"; got != want {
			t.Errorf("after the quiet period: %q, want %q", got, want)
		}
	})
}

func TestAssemblerHandsOutAgainWithLateSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collected
		a := tracetree.New(tracetree.Options{Finished: got.finished})
		a.Add(batch(span(2, 1, remote)))
		pass(quiet)
		if got, want := got.take(), "2"; got != want {
			t.Errorf("first: %q, want %q", got, want)
		}
		a.Add(batch(span(1, 0, local), span(3, 2, local)))
		pass(quiet)
		if got, want := got.take(), "1(2(3)) +2"; got != want {
			t.Errorf("again: %q, want %q", got, want)
		}
		a.Add(batch(span(3, 2, local)))
		pass(quiet)
		if got := got.take(); got != "" {
			t.Errorf("after a repeated span: %q, want nothing", got)
		}
		a.Add(batch(span(5, 4, local)))
		pass(quiet)
		a.Close()
		if got, want := got.take(), "1(2(3)) !5 incomplete +1"; got != want {
			t.Errorf("at exit: %q, want %q", got, want)
		}
		if got, want := a.Stats(), (tracetree.Stats{Traces: 1, Spans: 5, Repeated: 1}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
	})
}

func TestAssemblerCloseHandsOutFinishedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collected
		a := tracetree.New(tracetree.Options{Finished: got.finished})
		a.Add(batch(span(3, 2, local)))
		pass(quiet)
		a.Add(batch(inTrace(2, span(1, 0, local))))
		a.Close()
		if got, want := got.take(), "1; !3 incomplete"; got != want {
			t.Errorf("handed out %q, want %q", got, want)
		}
		pass(quiet)
		a.Add(batch(inTrace(3, span(1, 0, local))))
		pass(quiet)
		if got := got.take(); got != "" {
			t.Errorf("after Close: %q, want nothing", got)
		}
	})
}

func TestAssemblerDropsOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collected
		a := tracetree.New(tracetree.Options{Finished: got.finished, Limit: 3 * spanBytes})
		a.Add(batch(inTrace(1, span(2, 1, local)))) // this trace is incomplete
		pass(quiet)
		a.Add(batch(inTrace(2, span(2, 1, remote)))) // this trace is finished
		pass(quiet)
		a.Add(batch(inTrace(3, span(2, 1, local))))
		a.Add(batch(inTrace(4, span(2, 1, local)))) // trace 2 is dropped, because it was finished
		if got, want := a.Stats(), (tracetree.Stats{Traces: 4, Spans: 4}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
		a.Add(batch(inTrace(5, span(2, 1, local)))) // trace 1 is dropped, because it is the oldest
		if got, want := a.Stats(), (tracetree.Stats{Traces: 5, Spans: 5, DroppedTraces: 1, DroppedSpans: 1}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
		a.Close()
		if got, want := got.take(), "2; !2 incomplete; !2 incomplete; !2 incomplete"; got != want {
			t.Errorf("handed out %q, want %q", got, want)
		}
	})
}

func TestAssemblerBoundsOneTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got collected
		a := tracetree.New(tracetree.Options{Finished: got.finished, Limit: 2 * spanBytes})
		a.Add(batch(span(3, 1, local), span(2, 1, local), span(1, 0, local)))
		a.Add(batch(inTrace(2, big(span(1, 0, local)))))
		a.Close()
		if got, want := got.take(), "!2 !3 incomplete -1"; got != want {
			t.Errorf("handed out %q, want %q", got, want)
		}
		if got, want := a.Stats(), (tracetree.Stats{Traces: 2, Spans: 4, DroppedTraces: 1, DroppedSpans: 2}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
	})
}

func big(s *tracepb.Span) *tracepb.Span {
	s.Name = strings.Repeat("x", 1<<20)
	return s
}

func TestAssemblerAcceptsSpansWhileHandingOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var handed int
		a := tracetree.New(tracetree.Options{Finished: func(*tracetree.Trace) { <-release; handed++ }})
		a.Add(batch(span(1, 0, local)))
		pass(quiet)
		a.Add(batch(inTrace(2, span(1, 0, local))))
		close(release)
		a.Close()
		if got, want := handed, 2; got != want {
			t.Errorf("handed out %d traces, want %d", got, want)
		}
	})
}

func TestTraceIsASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var traces []*tracetree.Trace
		a := tracetree.New(tracetree.Options{Finished: func(t *tracetree.Trace) { traces = append(traces, t) }})
		a.Add(batch(span(1, 0, local)))
		pass(quiet)
		a.Add(batch(span(2, 1, local)))
		a.Close()
		if len(traces) != 2 {
			t.Fatalf("handed out %d times, want 2", len(traces))
		}
		if got, want := shape(traces[0])+"; "+shape(traces[1]), "1; 1(2) +1"; got != want {
			t.Errorf("handed out %q, want %q", got, want)
		}
	})
}

func TestTraceAll(t *testing.T) {
	leaf := &tracetree.Span{Span: span(3, 2, local)}
	trace := tracetree.Trace{Roots: []*tracetree.Span{
		{Span: span(1, 0, local), Children: []*tracetree.Span{{Span: span(2, 1, local), Children: []*tracetree.Span{leaf}}}},
		{Span: span(4, 0, local)},
	}}
	var got []string
	for s, depth := range trace.All {
		got = append(got, fmt.Sprint(s.GetName(), "@", depth))
		if s == leaf {
			break
		}
	}
	if got, want := strings.Join(got, " "), "1@0 2@1 3@2"; got != want {
		t.Errorf("visited %q, want %q", got, want)
	}
}

func TestSpanService(t *testing.T) {
	resource := &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{
		Key: "service.name", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: "quotes"}},
	}}}
	if got, want := (&tracetree.Span{Resource: resource}).Service(), "quotes"; got != want {
		t.Errorf("service %q, want %q", got, want)
	}
	if got := (&tracetree.Span{}).Service(); got != "" {
		t.Errorf("service %q, want none", got)
	}
}
