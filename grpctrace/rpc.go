package grpctrace

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
)

// rpc contains the data about one call. Both serverCall and clientCall contain it.
type rpc struct {
	context.Context //nolint:containedctx // the parent of the context of the call

	engine *engine
	method *method
	start  time.Time
	inside context.Context //nolint:containedctx // the clientCall or serverCall of this call, with the span

	span     trace.Span
	late     bool         // the span started without attributes
	links    []trace.Link // the links that the span gets at its start
	newRoot  bool
	outcome  outcome
	finished atomic.Bool

	attrs  []attribute.KeyValue // attributes that are set at the end of the span
	memory [6]attribute.KeyValue
}

// open starts the span of c. node is the clientCall or the serverCall that contains c. If no sampler
// or processor reads the attributes before the span has ended, the span starts without attributes,
// because it is cheaper to set all of them at the end.
func (c *rpc) open(node context.Context) {
	c.attrs = c.memory[:0]
	opts := c.method.start
	if c.late = c.engine.tracer.Late(); c.late {
		opts = c.method.bare
	}
	if c.newRoot {
		opts = append(slices.Clip(opts), trace.WithNewRoot(), trace.WithLinks(c.links...))
	}
	c.inside, c.span = c.engine.tracer.Start(node, c.method.name, opts...)
}

// add adds attributes that the method close sets.
func (c *rpc) add(attrs ...attribute.KeyValue) { c.attrs = append(c.attrs, attrs...) }

// close records the metric of the call, and ends the span. It must be called only once per call.
func (c *rpc) close() {
	if m, working := c.engine.meter.Get(); working {
		m.record(c.inside, time.Since(c.start), c.method, c.outcome)
	}
	if c.span.IsRecording() {
		c.complete()
	}
	c.span.End()
}

// complete sets the status and the remaining attributes of the span. It keeps attributes that the
// program has set.
func (c *rpc) complete() {
	attrs := otelutil.NewAttributeList()
	defer attrs.Release()
	if c.late {
		attrs.Add(c.method.attributes...)
	}
	attrs.Add(c.attrs...)
	o := c.outcome
	if o.code != "" {
		attrs.Add(semconv.RPCResponseStatusCode(o.code))
	}
	if o.failed {
		attrs.Add(semconv.ErrorTypeKey.String(o.errorType))
		c.span.SetStatus(codes.Error, errinfo.Text(o.message))
	}
	attrs.SetMissingOn(c.span)
}
