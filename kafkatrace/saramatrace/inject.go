package saramatrace

import (
	"context"
	"slices"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace/internal/header"
)

// Inject adds the trace context of ctx to the headers of msg. Use it for messages that are
// sent without a context, for example through the channel Input. Call it each time before msg
// is sent. The send span for msg is then a child of the span in ctx. If msg already has a
// trace context, Inject replaces it. If ctx has no span, the headers do not change. If msg
// is nil, Inject does nothing. Inject does not add the baggage of ctx. The methods
// SendMessageContext of the producers use the whole ctx.
//
// A producer of this package sends the trace context of the send span instead of the added
// headers, and removes the added headers from msg. Any other producer sends the added headers.
func Inject(ctx context.Context, msg *sarama.ProducerMessage) {
	sc := trace.SpanContextFromContext(suppress.Outgoing(ctx))
	if msg == nil || !sc.IsValid() {
		return
	}
	headers := (*produced)(&msg.Headers)
	headers.Replace(header.Traceparent(sc), "traceparent", "tracestate")
	if state := sc.TraceState().String(); state != "" {
		headers.Set("tracestate", state)
	}
	key := injected
	if suppress.Is(ctx) {
		key = injectedUntraced
	}
	msg.Headers[slices.IndexFunc(msg.Headers, isTraceparent)].Key = key
}

// The key of the header that [Inject] adds is one of these two slices. The second slice means
// that tracing was suppressed in the context. isInjected recognizes the header because the
// key is the slice itself, and not a copy.
var (
	injected         = []byte("traceparent")
	injectedUntraced = []byte("traceparent")
)

func isTraceparent(h sarama.RecordHeader) bool { return string(h.Key) == "traceparent" }

func isInjected(h sarama.RecordHeader) bool {
	return isTraceparent(h) && len(h.Value) > 0 && (&h.Key[0] == &injected[0] || &h.Key[0] == &injectedUntraced[0])
}

func withoutInjected(headers []sarama.RecordHeader) []sarama.RecordHeader {
	if !slices.ContainsFunc(headers, isInjected) {
		return headers
	}
	(*produced)(&headers).Replace(nil, "traceparent", "tracestate")
	if len(headers) == 0 {
		return nil
	}
	return headers
}

// parentOf returns a context with the span that [Inject] has added to msg. If Inject was not
// called, it returns an empty context. Package kafkatrace then reads the trace context that
// other code may have written to the headers.
func parentOf(msg *sarama.ProducerMessage) context.Context {
	ctx := context.Background()
	if msg == nil {
		return ctx
	}
	i := slices.IndexFunc(msg.Headers, isInjected)
	if i < 0 {
		return ctx
	}
	sc, _ := header.ParseTraceparent(msg.Headers[i].Value)
	if state := (*produced)(&msg.Headers).Get("tracestate"); state != "" {
		sc = trace.SpanContextFromContext(propagation.TraceContext{}.Extract(ctx, (*produced)(&msg.Headers)))
	}
	if &msg.Headers[i].Key[0] == &injectedUntraced[0] {
		return suppress.Below(trace.ContextWithRemoteSpanContext(ctx, sc))
	}
	return trace.ContextWithSpanContext(ctx, sc.WithRemote(false))
}
