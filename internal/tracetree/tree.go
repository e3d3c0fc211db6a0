// Package tracetree makes traces from spans. The spans arrive in batches, from any number of
// services and in any order.
//
// An [Assembler] passes a trace to [Options.Finished] when the trace is complete. If more spans
// of the trace arrive later, it passes the trace again. At the end, [Assembler.Close] passes
// the traces that are still incomplete. A [Trace] is a snapshot and does not change.
package tracetree

import (
	"encoding/hex"
	"math"
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/otlpattr"
)

// A Trace contains the spans of a trace that have arrived so far. The spans form one or more
// trees.
type Trace struct {
	ID ID
	// Roots are the spans whose parent does not exist or has not arrived. They are sorted by
	// start time. A complete trace can have several roots, if it began in a service that sends
	// its spans to another receiver.
	Roots []*Span
	// Spans is the number of spans in the trees.
	Spans int
	// Late is the number of spans that have arrived since the trace was last passed to
	// Finished. If the trace was not passed to Finished before, Late is 0.
	Late int
	// Dropped is the number of spans that have arrived but are not in the trees. They were
	// dropped because this trace would exceed the limit of the assembler.
	Dropped int
	// Complete is true if no span of the trace is known to be missing.
	Complete bool
}

// ID is the ID of a trace.
type ID [16]byte

// String returns the ID in hex.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// SpanID is the ID of a span.
type SpanID [8]byte

// String returns the ID in hex.
func (id SpanID) String() string { return hex.EncodeToString(id[:]) }

// A Span is a span together with its place in the trace. The embedded messages are shared, so
// they must not be changed.
type Span struct {
	*tracepb.Span
	Resource *resourcepb.Resource
	Scope    *commonpb.InstrumentationScope
	// Children are sorted by start time.
	Children []*Span
	// Orphan is true if the parent should be in the same process but has not arrived.
	Orphan bool
}

// Service returns the name of the service that sent the span. It returns "" if the name is
// unknown.
func (s *Span) Service() string {
	return otlpattr.First(s.Resource.GetAttributes(), "service.name")
}

// Failed reports whether the status of the span is Error.
func (s *Span) Failed() bool { return s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR }

// Period returns the start of the first span and the end of the last span, in Unix ns. It ignores
// spans without a start time.
func (t *Trace) Period() (start, end uint64) {
	start = math.MaxUint64
	for span := range t.All {
		if span.GetStartTimeUnixNano() != 0 {
			start = min(start, span.GetStartTimeUnixNano())
			end = max(end, span.GetStartTimeUnixNano(), span.GetEndTimeUnixNano())
		}
	}
	return min(start, end), end
}

// All calls yield for every span of the trace, with the depth of the span. A parent comes
// before its children. A root has the depth 0.
func (t *Trace) All(yield func(span *Span, depth int) bool) {
	type step struct {
		span  *Span
		depth int
	}
	// All uses a stack and no recursion, because a program can send a trace of any depth.
	var stack []step
	push := func(spans []*Span, depth int) {
		for _, span := range slices.Backward(spans) { // backwards, so that the first span is on top of the stack
			stack = append(stack, step{span, depth})
		}
	}
	push(t.Roots, 0)
	for len(stack) > 0 {
		next := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !yield(next.span, next.depth) {
			return
		}
		push(next.span.Children, next.depth+1)
	}
}

// parentHere reports whether the parent of s is in the same process, or may be in the same
// process. Newer exporters set a flag for this. Without the flag, the kind of the span decides,
// because only server and consumer spans continue a trace from another process.
func parentHere(s *tracepb.Span) bool {
	const known, remote = uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK), uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	if s.GetFlags()&known != 0 {
		return s.GetFlags()&remote == 0
	}
	return s.GetKind() != tracepb.Span_SPAN_KIND_SERVER && s.GetKind() != tracepb.Span_SPAN_KIND_CONSUMER
}
