package saramatrace

import (
	"context"
	"slices"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/mute"
	"github.com/nais/spor/kafkatrace/internal/header"
)

// produced are the headers of a message to send, consumed of one that was sent.
type (
	produced = header.List[sarama.RecordHeader, producerForm]
	consumed = header.List[*sarama.RecordHeader, consumerForm]
)

type producerForm struct{}

func (producerForm) Match(h *sarama.RecordHeader, key string) (exact, folded bool) {
	return header.Match(h.Key, key)
}
func (producerForm) Key(h *sarama.RecordHeader) string   { return string(h.Key) }
func (producerForm) Value(h *sarama.RecordHeader) []byte { return h.Value }
func (producerForm) New(key string, value []byte) sarama.RecordHeader {
	return sarama.RecordHeader{Key: []byte(key), Value: value}
}

// consumerForm is that of headers which may be nil.
type consumerForm struct{}

func (consumerForm) Match(h **sarama.RecordHeader, key string) (exact, folded bool) {
	if *h == nil {
		return false, false
	}
	return header.Match((*h).Key, key)
}

func (consumerForm) Key(h **sarama.RecordHeader) string {
	if *h == nil {
		return ""
	}
	return string((*h).Key)
}

func (consumerForm) Value(h **sarama.RecordHeader) []byte {
	if *h == nil {
		return nil
	}
	return (*h).Value
}

func (consumerForm) New(key string, value []byte) *sarama.RecordHeader {
	return &sarama.RecordHeader{Key: []byte(key), Value: value}
}

// Inject says that msg, which is to be sent, belongs to the span in ctx: the span
// of sending it is a child of that one. A producer of this package then puts its
// own span in the headers; any other sends this one. A trace context that msg has
// is replaced. Without a span in ctx nothing is done.
func Inject(ctx context.Context, msg *sarama.ProducerMessage) {
	sc := trace.SpanContextFromContext(ctx)
	if msg == nil || !sc.IsValid() {
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

// injected is the key of a header that [Inject] made: it is this very slice.
var injected = []byte("traceparent")

// parentOf returns the context of the span that msg belongs to, if it was told
// one. What others put in the headers is the business of the engine.
func parentOf(msg *sarama.ProducerMessage) context.Context {
	ctx := context.Background()
	for i := range msg.Headers {
		h := &msg.Headers[i]
		if len(h.Key) == 0 || &h.Key[0] != &injected[0] {
			continue
		}
		sc, ok := header.ParseTraceparent(h.Value)
		switch {
		case !ok:
			return ctx
		case sc.TraceID() == silent.TraceID() && sc.SpanID() == silent.SpanID():
			return mute.Context(ctx)
		}
		if state := (*produced)(&msg.Headers).Get("tracestate"); state != "" {
			sc = trace.SpanContextFromContext(propagation.TraceContext{}.Extract(ctx, (*produced)(&msg.Headers)))
		}
		return trace.ContextWithSpanContext(ctx, sc.WithRemote(false))
	}
	return ctx
}

// silent is the span of a context in which nothing is traced.
var silent = trace.SpanContextFromContext(mute.Context(context.Background()))
