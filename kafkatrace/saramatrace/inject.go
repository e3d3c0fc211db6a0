package saramatrace

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace/internal/header"
)

// Inject adds the trace context of ctx to the headers of msg. Call it each time before msg
// is sent. The send span for msg is then a child of the span in ctx. If msg already has a
// trace context, Inject replaces it. If ctx has no span, the headers do not change. If msg
// is nil, Inject does nothing.
//
// A producer of this package sends the trace context of the send span instead of the added
// headers. When the send span ends, the producer removes the added headers from msg. Any
// other producer sends the added headers.
func Inject(ctx context.Context, msg *sarama.ProducerMessage) {
	if msg == nil {
		return
	}
	sc, bag := trace.SpanContextFromContext(suppress.Outgoing(ctx)), baggage.FromContext(ctx)
	contexts.take(msg) // remove the context of an earlier call
	if suppress.Is(ctx) || bag.Len() > 0 {
		contexts.keep(excerpt(ctx, sc, bag), msg)
	}
	if !sc.IsValid() {
		return
	}
	headers := (*produced)(&msg.Headers)
	headers.Replace(header.Traceparent(sc), "traceparent", "tracestate")
	if state := sc.TraceState().String(); state != "" {
		headers.Set("tracestate", state)
	}
	i := slices.IndexFunc(msg.Headers, func(h sarama.RecordHeader) bool { return string(h.Key) == "traceparent" })
	msg.Headers[i].Key = injected
}

// excerpt returns a new context that does not reference ctx. If tracing is suppressed in
// ctx, the new context contains only the suppression and the caller whose trace continues. Otherwise, it contains the span
// context and the baggage.
func excerpt(ctx context.Context, sc trace.SpanContext, bag baggage.Baggage) context.Context {
	if suppress.Is(ctx) {
		return suppress.Below(trace.ContextWithSpanContext(context.Background(), sc))
	}
	return baggage.ContextWithBaggage(trace.ContextWithSpanContext(context.Background(), sc), bag)
}

// injected is the key of the header that [Inject] adds. isInjected recognizes the header
// because the key is this slice, and not a copy.
var injected = []byte("traceparent")

func isInjected(h *sarama.RecordHeader) bool {
	return len(h.Key) > 0 && &h.Key[0] == &injected[0] && len(h.Value) > 0
}

func withoutInjected(headers []sarama.RecordHeader) []sarama.RecordHeader {
	for i := range headers {
		if isInjected(&headers[i]) {
			(*produced)(&headers).Replace(nil, "traceparent", "tracestate")
			break
		}
	}
	if len(headers) == 0 {
		return nil
	}
	return headers
}

// parentOf returns a context with the span that [Inject] stored for msg. If Inject was not
// called, it returns an empty context. Package kafkatrace then reads the trace context that
// other code may have written to the headers.
func parentOf(msg *sarama.ProducerMessage) context.Context {
	ctx := context.Background()
	if kept := contexts.take(msg); kept != nil {
		return kept
	}
	for i := range msg.Headers {
		if !isInjected(&msg.Headers[i]) {
			continue
		}
		sc, _ := header.ParseTraceparent(msg.Headers[i].Value)
		if state := (*produced)(&msg.Headers).Get("tracestate"); state != "" {
			sc = trace.SpanContextFromContext(propagation.TraceContext{}.Extract(ctx, (*produced)(&msg.Headers)))
		}
		return trace.ContextWithSpanContext(ctx, sc.WithRemote(false))
	}
	return ctx
}

// contexts stores the contexts that have baggage or suppress tracing. The header that
// [Inject] adds cannot contain baggage, and cannot suppress tracing.
var contexts keptContexts

// keptContexts stores one context per message. When the garbage collector frees a message,
// the entry of the message is removed. This is necessary because a producer of another
// package does not remove the entry when it sends the message.
type keptContexts struct {
	kept atomic.Int64
	mu   sync.Mutex
	of   map[weak.Pointer[sarama.ProducerMessage]]keptContext
}

type keptContext struct {
	context.Context //nolint:containedctx // keptContext is a context

	cleanup runtime.Cleanup
}

func (k *keptContexts) keep(ctx context.Context, msg *sarama.ProducerMessage) {
	key := weak.Make(msg)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil {
		k.of = map[weak.Pointer[sarama.ProducerMessage]]keptContext{}
	}
	k.of[key] = keptContext{ctx, runtime.AddCleanup(msg, k.drop, key)}
	k.kept.Store(int64(len(k.of)))
}

func (k *keptContexts) take(msg *sarama.ProducerMessage) context.Context {
	if k.kept.Load() == 0 {
		return nil
	}
	key := weak.Make(msg)
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := k.of[key]
	kept.cleanup.Stop()
	k.remove(key)
	return kept.Context
}

func (k *keptContexts) drop(key weak.Pointer[sarama.ProducerMessage]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remove(key)
}

// remove removes the context for key. The caller must hold the lock.
func (k *keptContexts) remove(key weak.Pointer[sarama.ProducerMessage]) {
	delete(k.of, key)
	k.kept.Store(int64(len(k.of)))
}
