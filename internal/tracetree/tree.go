// Package tracetree puts the spans that arrive in batches, from any number of
// services and in any order, together into traces.
//
// An [Assembler] hands a trace out when it is finished, again when late spans
// change it, and at the end when it never became complete. A [Trace] is a
// snapshot: it does not change once handed out.
package tracetree

import (
	"encoding/hex"
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/nais/spor/internal/otlpattr"
)

// A Trace is the spans of one trace that have arrived, as trees.
type Trace struct {
	ID ID
	// Roots are the spans without a parent among those that arrived, in the
	// order of their start. A complete trace may have several, when it began
	// in a service whose spans go elsewhere.
	Roots []*Span
	// Spans is the number of spans in the trees.
	Spans int
	// Late is the number of spans that arrived after the trace was handed out
	// before; 0 means that it is handed out for the first time.
	Late int
	// Dropped is the number of spans that arrived and are not in the trees,
	// since the trace alone was larger than the assembler's limit.
	Dropped int
	// Complete is whether no span of the trace is known to be missing.
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

// A Span is a span with its place in the trace. The messages are shared and
// must not be changed.
type Span struct {
	*tracepb.Span
	Resource *resourcepb.Resource
	Scope    *commonpb.InstrumentationScope
	// Children are in the order of their start.
	Children []*Span
	// Orphan is whether the span has a parent in the same process that did
	// not arrive.
	Orphan bool
}

// Service returns the name of the service that made the span, "" if unknown.
func (s *Span) Service() string {
	return otlpattr.First(s.Resource.GetAttributes(), "service.name")
}

// All calls yield for every span of the trace, parents before children, with
// its depth, 0 for a root.
func (t *Trace) All(yield func(span *Span, depth int) bool) {
	type step struct {
		span  *Span
		depth int
	}
	// Not recursive: how deep a trace goes is up to the program that made it.
	var stack []step
	push := func(spans []*Span, depth int) {
		for _, span := range slices.Backward(spans) { // the first on top
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

// parentHere reports whether the parent of s is in the same process, or may
// be: exporters older than the flag do not say, and then the kind tells, since
// only server and consumer spans continue the trace of another process.
func parentHere(s *tracepb.Span) bool {
	const known, remote = uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK), uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	if s.GetFlags()&known != 0 {
		return s.GetFlags()&remote == 0
	}
	return s.GetKind() != tracepb.Span_SPAN_KIND_SERVER && s.GetKind() != tracepb.Span_SPAN_KIND_CONSUMER
}
