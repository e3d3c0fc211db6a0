// Package tracetree assembles traces from spans, which arrive in batches, from any number
// of services and in any order.
//
// An [Assembler] passes a trace to [Options.Finished] when the trace is complete, and again
// when late spans have changed it. [Assembler.Close] passes on the traces that are still
// incomplete. A [Trace] is a snapshot, and does not change.
package tracetree

import (
	"encoding/hex"
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/otlpattr"
)

// A Trace contains the spans of a trace that have arrived so far. They form one or more
// trees.
type Trace struct {
	ID ID
	// Roots are the spans whose parent does not exist or has not arrived, in the order of
	// their start. A complete trace can have several roots, if it began in a service whose
	// spans are sent to another receiver.
	Roots []*Span
	// Spans is the number of spans in the trees.
	Spans int
	// Late is how many spans have arrived since the trace was last finished. It is 0 if the
	// trace is finished for the first time.
	Late int
	// Dropped is how many spans have arrived and are not in the trees, because this trace
	// would exceed the limit of the assembler.
	Dropped int
	// Complete is set if no span of the trace is known to be missing.
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

// A Span is a span and its place in the trace. The embedded messages are shared, and must
// not be changed.
type Span struct {
	*tracepb.Span
	Resource *resourcepb.Resource
	Scope    *commonpb.InstrumentationScope
	// Children are in the order of their start.
	Children []*Span
	// Orphan is set if the parent is in the same process and has not arrived.
	Orphan bool
}

// Service returns the name of the service that the span comes from, or "" if the name is
// unknown.
func (s *Span) Service() string {
	return otlpattr.First(s.Resource.GetAttributes(), "service.name")
}

// All calls yield for every span of the trace and its depth. A parent comes before its
// children. The depth of a root is 0.
func (t *Trace) All(yield func(span *Span, depth int) bool) {
	type step struct {
		span  *Span
		depth int
	}
	// All is not recursive, because a program can send a trace of any depth.
	var stack []step
	push := func(spans []*Span, depth int) {
		for _, span := range slices.Backward(spans) { // so that the first span is on top
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

// parentHere reports whether the parent of s is in the same process, or may be. Older
// exporters do not set the flag for this. Without the flag, the kind decides, because only
// server and consumer spans continue the trace of another process.
func parentHere(s *tracepb.Span) bool {
	const known, remote = uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK), uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	if s.GetFlags()&known != 0 {
		return s.GetFlags()&remote == 0
	}
	return s.GetKind() != tracepb.Span_SPAN_KIND_SERVER && s.GetKind() != tracepb.Span_SPAN_KIND_CONSUMER
}
