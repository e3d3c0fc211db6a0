package grpctrace

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/stats"

	"github.com/nais/spor/internal/errinfo"
)

// rpc contains the data about one call. Both serverCall and clientCall contain it.
type rpc struct {
	context.Context //nolint:containedctx // the parent of the context of the call

	engine *engine
	method *method
	start  time.Time
	node   context.Context //nolint:containedctx // the clientCall or serverCall of this call
	inside context.Context //nolint:containedctx // node with the span
	tagged context.Context //nolint:containedctx // the context that otelgrpc returned for the call

	span     span
	links    []trace.Link // the links that the span gets at its start
	newRoot  bool
	outcome  outcome
	finished atomic.Bool

	options [5]trace.SpanStartOption // memory for the options at the start of the span
	attrs   [6]attribute.KeyValue    // memory for the attributes at the end of the span
}

var noSpan = trace.SpanFromContext(context.Background())

// open makes otelgrpc start the span of c. node is the clientCall or the serverCall that contains
// c.
func (c *rpc) open(node context.Context, info *stats.RPCTagInfo) {
	c.node, c.inside = node, node
	c.span = span{Span: noSpan, call: c}
	c.tagged = c.engine.otelgrpc.TagRPC((*callContext)(c), info)
}

// startOf starts the span of the call in ctx. otelgrpc calls startOf and gets a wrapper of the
// span. Only otelgrpc gets this wrapper. The context of the program contains the SDK's span
// without the wrapper.
func startOf(ctx context.Context, _ string, _ []trace.SpanStartOption) (context.Context, trace.Span) {
	c, ok := ctx.Value(callContextKey{}).(*rpc)
	if !ok {
		return ctx, noSpan
	}
	c.startSpan()
	return trace.ContextWithSpan(ctx, &c.span), &c.span
}

// startSpan starts the span. It does not use the start options from otelgrpc, because the
// attributes in them depend on OTEL_SEMCONV_STABILITY_OPT_IN.
func (c *rpc) startSpan() {
	opts := append(c.options[:0], c.method.start...)
	if c.newRoot {
		opts = append(opts, trace.WithNewRoot(), trace.WithLinks(c.links...))
	}
	c.inside, c.span.Span = c.engine.tracer.Start(c.node, c.method.name, opts...)
}

// close records the metric of the call, and passes the event end to otelgrpc. It must be called
// only once per call.
func (c *rpc) close(end *stats.End) {
	if m, working := c.engine.meter.Get(); working {
		m.record(c.inside, time.Since(c.start), c.method, c.outcome)
	}
	c.engine.otelgrpc.HandleRPC(c.tagged, end)
}

// callContext is the context that otelgrpc gets. The only value in this context is the call. If
// otelgrpc got the context of the call instead, it would copy the metadata in that context.
// otelgrpc does not need the metadata.
type callContext rpc

type callContextKey struct{}

func (c *callContext) Value(key any) any {
	if key == (callContextKey{}) {
		return (*rpc)(c)
	}
	return nil
}

// The type span wraps the SDK's span. Only otelgrpc gets the wrapper. At the end of a call,
// otelgrpc sets the status and the attribute with the status code. The wrapper ignores both
// values, because its method End sets the correct values.
type span struct {
	trace.Span

	call  *rpc
	attrs []attribute.KeyValue
}

// SetStatus does nothing, because the method End sets the status. The status from otelgrpc can be
// wrong, because otelgrpc does not use the option WithExpectedCodes.
func (s *span) SetStatus(codes.Code, string) {}

// SetAttributes stores attrs. The method End sets them later.
func (s *span) SetAttributes(attrs ...attribute.KeyValue) {
	if s.attrs == nil {
		s.attrs = s.call.attrs[:0]
	}
	for _, attr := range attrs {
		if attr.Key != semconv.RPCResponseStatusCodeKey {
			s.attrs = append(s.attrs, attr)
		}
	}
}

// End sets the status and the remaining attributes of the span, and ends the span.
func (s *span) End(opts ...trace.SpanEndOption) {
	o := s.call.outcome
	if o.code != "" {
		s.attrs = append(s.attrs, semconv.RPCResponseStatusCode(o.code))
	}
	if o.failed {
		s.attrs = append(s.attrs, semconv.ErrorTypeKey.String(o.errorType))
		s.Span.SetStatus(codes.Error, errinfo.Text(o.message))
	}
	s.Span.SetAttributes(s.attrs...)
	s.Span.End(opts...)
}
