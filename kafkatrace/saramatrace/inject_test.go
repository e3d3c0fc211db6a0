package saramatrace_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"weak"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/baggage"
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

// TestNothingKeepsMessages calls Inject for messages, sends some of the messages, and drops
// all references to the messages. The garbage collector must then free the messages and
// their stored contexts.
func TestNothingKeepsMessages(t *testing.T) {
	sdk := oteltest.New(t)
	within, span := sdk.TracerProvider.Tracer("").Start(t.Context(), "work")
	span.End()
	large := strings.Repeat("x", 2000)
	p := saramatrace.WrapSyncProducer(prompt{}, nil)
	for name, ctx := range map[string]func(i int) context.Context{
		"span":             func(int) context.Context { return within },
		"baggage":          func(i int) context.Context { return withBaggage(t.Context(), t, fmt.Sprint(i, large)) },
		"span and baggage": func(i int) context.Context { return withBaggage(within, t, fmt.Sprint(i, large)) },
		"suppressed":       func(int) context.Context { return suppress.Context(within) },
	} {
		ways := map[string]func(*sarama.ProducerMessage){
			"not sent":              func(*sarama.ProducerMessage) {},
			"sent":                  func(m *sarama.ProducerMessage) { p.SendMessage(m) },
			"sent twice":            func(m *sarama.ProducerMessage) { p.SendMessage(m); p.SendMessage(m) },
			"by another producer":   func(m *sarama.ProducerMessage) { prompt{}.SendMessage(m) },
			"injected once more":    func(m *sarama.ProducerMessage) { saramatrace.Inject(ctx(0), m) },
			"injected without span": func(m *sarama.ProducerMessage) { saramatrace.Inject(t.Context(), m) },
		}
		t.Run(name, func(t *testing.T) {
			before, kept := heap(), map[string][]weak.Pointer[sarama.ProducerMessage]{}
			for way, send := range ways {
				for i := range 500 {
					m := &sarama.ProducerMessage{Topic: "quotes", Value: sarama.ByteEncoder(make([]byte, 1000))}
					saramatrace.Inject(ctx(i), m)
					send(m)
					kept[way] = append(kept[way], weak.Make(m))
				}
			}
			oteltest.Eventually(t, func() bool {
				grown := int64(heap()) - int64(before)
				for way, messages := range kept {
					messages = slices.DeleteFunc(messages, func(m weak.Pointer[sarama.ProducerMessage]) bool { return m.Value() == nil })
					if kept[way] = messages; len(messages) == 0 {
						delete(kept, way)
					}
				}
				return len(kept) == 0 && grown < 500_000
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
// an effect. The test then calls Inject for many messages concurrently. Each message must be
// sent with its own context.
func TestInjectedLast(t *testing.T) {
	sdk := oteltest.New(t)
	sender := &noting{}
	p := saramatrace.WrapSyncProducer(sender, nil, append(options(sdk), kafkatrace.WithBaggage(1000, "tenant"))...)
	within, span := sdk.TracerProvider.Tracer("").Start(t.Context(), "work")
	span.End()
	sdk.Forget()
	m := &sarama.ProducerMessage{Topic: "quotes"}
	saramatrace.Inject(withBaggage(t.Context(), t, "first"), m)
	saramatrace.Inject(suppress.Context(t.Context()), m)
	saramatrace.Inject(withBaggage(t.Context(), t, "second"), m)
	saramatrace.Inject(within, m)
	if _, _, err := p.SendMessage(m); err != nil {
		t.Fatal(err)
	}
	s := sdk.Only(t)
	if want := trace.SpanContextFromContext(within).SpanID(); s.Parent().SpanID() != want || s.SpanKind() != trace.SpanKindProducer {
		t.Errorf("got a %v span with the parent %v, want a producer span with the parent %v", s.SpanKind(), s.Parent().SpanID(), want)
	}
	if sender.baggage != "" {
		t.Errorf("the baggage of an earlier call was sent: %q", sender.baggage)
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			value := strconv.Itoa(i)
			sender := &noting{}
			_, _, _ = saramatrace.WrapSyncProducer(sender, nil, append(options(sdk), kafkatrace.WithBaggage(1000, "tenant"))...).
				SendMessageContext(withBaggage(within, t, value), &sarama.ProducerMessage{Topic: "quotes"})
			if want := "tenant=" + value; sender.baggage != want {
				t.Errorf("the baggage is %q, want %q", sender.baggage, want)
			}
		})
	}
	wg.Wait()
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
