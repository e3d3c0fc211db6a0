package kafkatrace

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/suppress"
)

// StartProcess starts a CONSUMER span for m. By default, the span is a child of the span
// that sent m. [WithParent] can change this. The CONSUMER span also has a link to the span
// that sent m. Call end exactly once, with the error of the processing or with nil.
func (t *Tracer) StartProcess(ctx context.Context, m *Message) (_ context.Context, end func(error)) {
	ctx, p := t.startProcess(ctx, m)
	if p.Tracer == nil {
		return ctx, ignore
	}
	return ctx, func(err error) { p.end(ctx, classify(err)) }
}

// Process calls fn in the span that [Tracer.StartProcess] starts, and returns the error of
// fn. If fn panics, Process records the panic and panics with the same value.
func (t *Tracer) Process(ctx context.Context, m *Message, fn func(context.Context) error) error {
	ctx, p := t.startProcess(ctx, m)
	return p.run(ctx, fn)
}

// ProcessBatch calls fn in one CONSUMER span for all messages, and returns the error of fn.
// By default, the span starts a new trace. It has links to the spans that sent the messages.
// The span has at most 128 links. Links to sampled spans are added first. Service maps do
// not show the senders of a batch. The sequence may yield the same Message several times
// with different content. If there are no messages, there is no span. If fn panics,
// ProcessBatch records the panic and panics with the same value.
func (t *Tracer) ProcessBatch(ctx context.Context, messages iter.Seq[*Message], fn func(context.Context) error) error {
	tracer, measures := t.watched(ctx)
	if tracer == nil && measures == nil {
		return fn(ctx)
	}
	b := new(batch)
	for m := range messages {
		b.add(m)
		if tracer != nil {
			b.link(t.propagator.sender(ctx, m), m)
		}
	}
	if b.count == 0 {
		return fn(ctx)
	}
	what := subject{process, b.topic, b.partition}
	p := processing{Tracer: t, measures: measures, subject: what, count: int64(b.count), start: measures.now()}
	d := t.spans.of(what)
	// within is a separate variable. The loop above uses ctx, and if this code assigned to
	// ctx, ctx would be allocated on the heap.
	within := ctx
	if t.parent != ParentAmbient {
		within = withoutSpan(ctx)
	}
	within, p.span = begin(within, tracer, d.name, d.with(b.start()...))
	return p.run(within, fn)
}

func (t *Tracer) startProcess(ctx context.Context, m *Message) (context.Context, processing) {
	tracer, measures := t.watched(ctx)
	if tracer == nil && measures == nil {
		if !suppress.Is(ctx) {
			ctx, _ = t.propagator.receive(ctx, m)
		}
		return ctx, processing{}
	}
	what := subject{process, m.Topic, m.Partition}
	p := processing{Tracer: t, measures: measures, subject: what, count: 1, start: measures.now()}
	d := t.spans.of(what)
	ctx, link, opts := t.joined(ctx, m, d)
	if content := m.appendContent(nil, t.key); len(content) > 0 {
		opts = append(slices.Clip(opts), trace.WithAttributes(content...))
	}
	ctx, p.span = begin(ctx, tracer, d.name, opts)
	if p.span.IsRecording() {
		p.span.SetAttributes(semconv.MessagingKafkaOffsetKey.Int64(m.Offset))
		if link.IsValid() {
			p.span.AddLink(trace.Link{SpanContext: link})
		}
	}
	return ctx, p
}

// joined returns the context and the options with which the CONSUMER span for m starts. It
// also returns the sender, if the link to the sender must be added after the span has
// started.
func (t *Tracer) joined(ctx context.Context, m *Message, d *description) (context.Context, trace.SpanContext, []trace.SpanStartOption) {
	ambient := trace.SpanFromContext(ctx)
	ctx, sender := t.propagator.receive(ctx, m)
	switch {
	case t.parent == ParentAmbient && ambient.SpanContext().IsValid():
		ctx = trace.ContextWithSpan(ctx, ambient)
	case t.parent == ParentNone:
		ctx = withoutSpan(ctx)
	default: // the sampler gets the sender as the parent, not as a link
		return ctx, sender, d.start
	}
	if !sender.IsValid() {
		return ctx, sender, d.start
	}
	return ctx, trace.SpanContext{}, d.with(trace.WithLinks(trace.Link{SpanContext: sender}))
}

// processing contains data about one record, or one batch, that is being processed. The zero
// value is used if nothing is traced or measured.
type processing struct {
	*Tracer

	measures *instruments
	subject  subject
	count    int64
	span     trace.Span
	start    time.Time
}

func (p processing) run(ctx context.Context, fn func(context.Context) error) error {
	if p.Tracer == nil {
		return fn(ctx)
	}
	err, returned := p.call(ctx, fn)
	if !returned {
		errinfo.ContinueNilPanic()
	}
	p.end(ctx, classify(err))
	return err
}

// call calls fn. returned is false if fn called panic(nil).
func (p processing) call(ctx context.Context, fn func(context.Context) error) (err error, returned bool) {
	defer p.unwind(ctx, &returned)
	err = fn(ctx)
	return err, true
}

// unwind ends the processing if fn panicked or called [runtime.Goexit]. It must be deferred
// directly, because it calls recover.
func (p processing) unwind(ctx context.Context, returned *bool) {
	if *returned {
		return
	}
	v := recover()
	if v == nil { // runtime.Goexit or panic(nil)
		p.end(ctx, outcome{"_OTHER", true})
		return
	}
	p.end(ctx, outcome{errinfo.Record(p.span, v), true})
	panic(v) //nolint:forbidigo // fn panicked, so the program must get the panic
}

func (p processing) end(ctx context.Context, o outcome) {
	if p.span.IsRecording() {
		o.describe(p.span)
	}
	p.span.End()
	if p.measures != nil {
		p.measures.processed(ctx, p.series.of(p.subject, o), time.Since(p.start), p.count)
	}
	if p.commits {
		p.uncommitted.add(p.span.SpanContext())
	}
}

func partitionID(partition int32) attribute.KeyValue {
	return semconv.MessagingDestinationPartitionID(strconv.Itoa(int(partition)))
}
