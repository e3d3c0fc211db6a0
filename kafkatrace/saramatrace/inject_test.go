package saramatrace_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"weak"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// prompt is a producer that answers each message immediately.
type prompt struct{ sarama.SyncProducer }

func (prompt) IsTransactional() bool { return false }
func (prompt) SendMessage(*sarama.ProducerMessage) (partition int32, offset int64, err error) {
	return 1, 42, nil
}

func withBaggage(ctx context.Context, t *testing.T, value string) context.Context {
	t.Helper()
	member, err := baggage.NewMember("tenant", value)
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	return baggage.ContextWithBaggage(ctx, bag)
}

// TestNothingKeepsMessages sends messages in several ways, and drops all references to the
// messages. The garbage collector must then free the messages.
func TestNothingKeepsMessages(t *testing.T) {
	sdk := oteltest.NewSilent(t, sdktrace.AlwaysSample())
	within, span := sdk.TracerProvider.Tracer("").Start(t.Context(), "work")
	span.End()
	p := saramatrace.WrapSyncProducer(prompt{}, nil, options(sdk)...)
	large := withBaggage(within, t, strings.Repeat("x", 2000))
	inject := func(m *sarama.ProducerMessage) { saramatrace.Inject(large, m) }
	ways := map[string]func(*sarama.ProducerMessage){
		"not sent":            inject,
		"sent":                func(m *sarama.ProducerMessage) { inject(m); p.SendMessage(m) },
		"sent twice":          func(m *sarama.ProducerMessage) { inject(m); p.SendMessage(m); p.SendMessage(m) },
		"by another producer": func(m *sarama.ProducerMessage) { inject(m); prompt{}.SendMessage(m) },
		"injected twice":      func(m *sarama.ProducerMessage) { inject(m); inject(m) },
		"untraced":            func(m *sarama.ProducerMessage) { saramatrace.Inject(suppress.Context(within), m); p.SendMessage(m) },
		"with a context":      func(m *sarama.ProducerMessage) { p.SendMessageContext(large, m) },
	}
	for _, returns := range []struct{ successes, errors bool }{{}, {errors: true}, {successes: true}} {
		config := sarama.NewConfig()
		config.Producer.Return.Successes, config.Producer.Return.Errors = returns.successes, returns.errors
		a := saramatrace.WrapAsyncProducer(newUnconfirmed(), config, options(sdk)...)
		defer a.Close()
		ways[fmt.Sprintf("without answers, %+v", returns)] = func(m *sarama.ProducerMessage) { a.Input() <- m }
	}
	for way, send := range ways {
		t.Run(way, func(t *testing.T) {
			before, kept := heap(), []weak.Pointer[sarama.ProducerMessage](nil)
			for range 500 {
				m := &sarama.ProducerMessage{Topic: "quotes", Value: sarama.ByteEncoder(make([]byte, 5000))}
				send(m)
				kept = append(kept, weak.Make(m))
			}
			oteltest.Eventually(t, func() bool {
				grown := int64(heap()) - int64(before)
				kept = slices.DeleteFunc(kept, func(m weak.Pointer[sarama.ProducerMessage]) bool { return m.Value() == nil })
				return len(kept) <= 1 && grown < 1_000_000 // a goroutine may still have the last message in a register
			})
		})
	}
}

// heap returns the number of allocated bytes after a garbage collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestInjectedLast calls Inject several times for one message. Only the last call may have
// an effect. Inject adds no baggage.
func TestInjectedLast(t *testing.T) {
	sdk := oteltest.New(t)
	sender := &noting{}
	p := saramatrace.WrapSyncProducer(sender, nil, append(options(sdk), kafkatrace.WithBaggage(1000, "tenant"))...)
	within, span := sdk.TracerProvider.Tracer("").Start(t.Context(), "work")
	span.End()
	sdk.Forget()
	m := &sarama.ProducerMessage{Topic: "quotes"}
	other, span := sdk.TracerProvider.Tracer("").Start(t.Context(), "other")
	span.End()
	sdk.Forget()
	saramatrace.Inject(withBaggage(other, t, "first"), m)
	saramatrace.Inject(suppress.Context(within), m)
	saramatrace.Inject(withBaggage(within, t, "second"), m)
	if _, _, err := p.SendMessage(m); err != nil {
		t.Fatal(err)
	}
	s := sdk.Only(t)
	if want := trace.SpanContextFromContext(within).SpanID(); s.Parent().SpanID() != want || s.SpanKind() != trace.SpanKindProducer {
		t.Errorf("got a %v span with the parent %v, want a producer span with the parent %v", s.SpanKind(), s.Parent().SpanID(), want)
	}
	if sender.baggage != "" {
		t.Errorf("the baggage %q was sent", sender.baggage)
	}
}

// noting is a producer that stores the baggage of the last message.
type noting struct {
	prompt

	baggage string
}

func (p *noting) SendMessage(m *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	for _, h := range m.Headers {
		if string(h.Key) == "baggage" {
			p.baggage = string(h.Value)
		}
	}
	return p.prompt.SendMessage(m)
}
