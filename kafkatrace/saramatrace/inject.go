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

// Inject says that msg, which is to be sent, belongs to the span in ctx: the span
// of sending it is a child of that one. A producer of this package then puts its
// own span in the headers, and takes this one out in the end; any other sends this
// one. A trace context that msg has is replaced. To send a message again, inject
// again.
func Inject(ctx context.Context, msg *sarama.ProducerMessage) {
	if msg == nil {
		return
	}
	sc, bag := trace.SpanContextFromContext(ctx), baggage.FromContext(ctx)
	contexts.take(msg) // of an earlier call
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

// excerpt returns a context that has what matters of ctx, and holds nothing else.
func excerpt(ctx context.Context, sc trace.SpanContext, bag baggage.Baggage) context.Context {
	if suppress.Is(ctx) {
		return suppress.Context(context.Background())
	}
	return baggage.ContextWithBaggage(trace.ContextWithSpanContext(context.Background(), sc), bag)
}

// injected is the key of a header that [Inject] made: it is this very slice.
var injected = []byte("traceparent")

// isInjected reports whether [Inject] made h.
func isInjected(h *sarama.RecordHeader) bool {
	return len(h.Key) > 0 && &h.Key[0] == &injected[0] && len(h.Value) > 0
}

// withoutInjected returns headers as they were before [Inject].
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

// parentOf returns the context that msg was told it belongs to. What others put in
// the headers is the business of the engine.
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

// contexts are those of which a header does not say everything.
var contexts keptContexts

// keptContexts keeps contexts for as long as the program keeps their messages, which
// a producer without this package never takes out.
type keptContexts struct {
	kept atomic.Int64
	mu   sync.Mutex
	of   map[weak.Pointer[sarama.ProducerMessage]]keptContext
}

type keptContext struct {
	context.Context //nolint:containedctx // it is one

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

// drop forgets the context of a message that the program does not have any more.
func (k *keptContexts) drop(key weak.Pointer[sarama.ProducerMessage]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remove(key)
}

// remove is called with the lock held.
func (k *keptContexts) remove(key weak.Pointer[sarama.ProducerMessage]) {
	delete(k.of, key)
	k.kept.Store(int64(len(k.of)))
}
