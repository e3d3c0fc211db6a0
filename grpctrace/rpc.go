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

// rpc is what both sides keep of one call.
type rpc struct {
	context.Context //nolint:containedctx // what the context that is this call derives from

	engine *engine
	method *method
	start  time.Time
	node   context.Context //nolint:containedctx // this call, as its side's context
	inside context.Context //nolint:containedctx // the same with the span
	tagged context.Context //nolint:containedctx // what otelgrpc made of the call

	span     span
	links    []trace.Link // that the span starts with
	newRoot  bool
	outcome  outcome
	finished atomic.Bool

	options [5]trace.SpanStartOption // room for those at the start
	attrs   [6]attribute.KeyValue    // and those at the end
}

var noSpan = trace.SpanFromContext(context.Background())

// open lets otelgrpc start the span of c, of which node is the context.
func (c *rpc) open(node context.Context, info *stats.RPCTagInfo) {
	c.node, c.inside = node, node
	c.span = span{Span: noSpan, call: c}
	c.tagged = c.engine.otelgrpc.TagRPC((*callContext)(c), info)
}

// startOf starts the span of the call in ctx, for otelgrpc. Only otelgrpc
// holds it: the program's context has the SDK's own span.
func startOf(ctx context.Context, _ string, _ []trace.SpanStartOption) (context.Context, trace.Span) {
	c, ok := ctx.Value(callContextKey{}).(*rpc)
	if !ok {
		return ctx, noSpan
	}
	c.startSpan()
	return trace.ContextWithSpan(ctx, &c.span), &c.span
}

// startSpan starts the span for otelgrpc, of which the options given are not
// used: they would follow OTEL_SEMCONV_STABILITY_OPT_IN.
func (c *rpc) startSpan() {
	opts := append(c.options[:0], c.method.start...)
	if c.newRoot {
		opts = append(opts, trace.WithNewRoot(), trace.WithLinks(c.links...))
	}
	c.inside, c.span.Span = c.engine.tracer.Start(c.node, c.method.name, opts...)
}

// close measures the call, and reports its end to otelgrpc. It is called once.
func (c *rpc) close(end *stats.End) {
	if m, working := c.engine.meter.Get(); working {
		m.record(c.inside, time.Since(c.start), c.method, c.outcome)
	}
	c.engine.otelgrpc.HandleRPC(c.tagged, end)
}

// callContext is the context that otelgrpc gets. It has no value but the call, because
// otelgrpc would copy the metadata of the call's own context, which it does not need.
type callContext rpc

type callContextKey struct{}

func (c *callContext) Value(key any) any {
	if key == (callContextKey{}) {
		return (*rpc)(c)
	}
	return nil
}

// span is the span as otelgrpc sees it. What otelgrpc finds out at the end is
// joined to what it leaves out; what it gets wrong is dropped.
type span struct {
	trace.Span

	call  *rpc
	attrs []attribute.KeyValue
}

// SetStatus is left to End, which knows what is expected.
func (s *span) SetStatus(codes.Code, string) {}

// SetAttributes keeps attrs for End.
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

// End completes the span.
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
