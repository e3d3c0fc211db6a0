package saramatrace_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/internal/suppress"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// accepting is a producer that accepts each message immediately. It stores the headers that
// each message had when it was sent.
type accepting struct {
	prompt

	headers [][]sarama.RecordHeader
}

func (p *accepting) SendMessage(m *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	p.headers = append(p.headers, m.Headers)
	return 1, 42, nil
}

func (p *accepting) SendMessages(all []*sarama.ProducerMessage) error {
	for _, m := range all {
		_, _, _ = p.SendMessage(m)
	}
	return nil
}

// acceptingAsync returns a sarama.AsyncProducer that sends with p.
func acceptingAsync(p *accepting) sarama.AsyncProducer {
	a := newUnconfirmed()
	broker := &unconfirmed{input: make(chan *sarama.ProducerMessage), successes: a.successes, errors: a.errors}
	go func() {
		defer close(a.input)
		for m := range broker.input {
			_, _, _ = p.SendMessage(m)
			a.input <- m
		}
	}()
	return broker
}

// TestSendWithContext sends messages with each method that takes a context. The parent must be
// the span in the context, also if Inject was called with another context before. The baggage
// in the context must be sent. If tracing is suppressed, there must be no span. The program
// must get its own headers back.
func TestSendWithContext(t *testing.T) {
	for name, send := range map[string]func(context.Context, *accepting, *sarama.ProducerMessage, []kafkatrace.Option) error{
		"SendMessageContext": func(ctx context.Context, p *accepting, m *sarama.ProducerMessage, opts []kafkatrace.Option) error {
			_, _, err := saramatrace.WrapSyncProducer(p, nil, opts...).SendMessageContext(ctx, m)
			return err
		},
		"SendMessagesContext": func(ctx context.Context, p *accepting, m *sarama.ProducerMessage, opts []kafkatrace.Option) error {
			return saramatrace.WrapSyncProducer(p, nil, opts...).SendMessagesContext(ctx, []*sarama.ProducerMessage{nil, m}[1:])
		},
		"asynchronously": func(ctx context.Context, p *accepting, m *sarama.ProducerMessage, opts []kafkatrace.Option) error {
			config := sarama.NewConfig()
			config.Producer.Return.Successes = false
			a := saramatrace.WrapAsyncProducer(acceptingAsync(p), config, opts...)
			return errors.Join(a.SendMessageContext(ctx, m), a.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sdk, p := oteltest.New(t), new(accepting)
				opts := append(options(sdk), kafkatrace.WithBaggage(1000, "tenant"))
				other, span := sdk.TracerProvider.Tracer("").Start(t.Context(), "other")
				span.End()
				within, span := sdk.TracerProvider.Tracer("").Start(t.Context(), "work")
				span.End()
				sdk.Forget()
				m := &sarama.ProducerMessage{Topic: "quotes"}
				saramatrace.Inject(other, m)
				if err := send(withBaggage(within, t, "a"), p, m, opts); err != nil {
					t.Fatal(err)
				}
				if s := sdk.Only(t); s.Parent().SpanID() != span.SpanContext().SpanID() || s.SpanKind() != trace.SpanKindProducer {
					t.Errorf("got a %v span with the parent %v, want a producer span with the parent %v", s.SpanKind(), s.Parent().SpanID(), span.SpanContext().SpanID())
				}
				sdk.Forget()
				if err := send(suppress.Context(within), p, &sarama.ProducerMessage{Topic: "quotes"}, opts); err != nil || sdk.Started() != 0 {
					t.Errorf("%d spans although tracing is suppressed, %v", sdk.Started(), err)
				}
				if len(p.headers) != 2 || len(p.headers[0]) != 2 || string(p.headers[0][1].Value) != "tenant=a" {
					t.Errorf("the headers are %v", p.headers)
				}
			})
		})
	}
}

// TestSendIsGivenUp sends a message with a context that ends while the producer takes no
// messages, and with a closed producer.
func TestSendIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sdk := oteltest.New(t)
		config := sarama.NewConfig()
		config.Producer.Return.Successes = false
		busy := &unconfirmed{input: make(chan *sarama.ProducerMessage), successes: make(chan *sarama.ProducerMessage), errors: make(chan *sarama.ProducerError)}
		p := saramatrace.WrapAsyncProducer(busy, config, options(sdk)...)
		if err := p.SendMessageContext(t.Context(), &sarama.ProducerMessage{Topic: "quotes"}); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		given := make(chan error)
		go func() { given <- p.SendMessageContext(ctx, &sarama.ProducerMessage{Topic: "quotes"}) }()
		synctest.Wait() // sarama does not take the first message, so the second one waits
		cancel()
		if err := <-given; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		<-busy.input
		if err := p.SendMessageContext(ctx, &sarama.ProducerMessage{Topic: "quotes"}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		p.Input() <- &sarama.ProducerMessage{Topic: "quotes"} // sarama does not take this message either
		close(busy.errors)
		close(busy.successes)
		for range p.Errors() {
			t.Error("got an error")
		}
		if err := p.SendMessageContext(t.Context(), &sarama.ProducerMessage{Topic: "quotes"}); !errors.Is(err, sarama.ErrShuttingDown) {
			t.Errorf("got %v, want %v", err, sarama.ErrShuttingDown)
		}
		if n := len(sdk.Ended()); n != 2 {
			t.Errorf("%d spans, want 2", n)
		}
	})
}

// TestInjectIntoUntraced calls Inject with a context in which tracing is suppressed, but in
// which the trace of a caller continues. The message must be sent with the caller's trace
// context, and without a span. The program must get its own headers back.
func TestInjectIntoUntraced(t *testing.T) {
	sdk, p := oteltest.New(t), new(accepting)
	caller := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	ctx := suppress.Below(trace.ContextWithRemoteSpanContext(t.Context(), caller))
	m := &sarama.ProducerMessage{Topic: "quotes", Headers: []sarama.RecordHeader{{Key: []byte("type"), Value: []byte("created")}}}
	saramatrace.Inject(ctx, m)
	if _, _, err := saramatrace.WrapSyncProducer(p, nil, options(sdk)...).SendMessage(m); err != nil || sdk.Started() != 0 {
		t.Errorf("%d spans, %v", sdk.Started(), err)
	}
	if want := "00-01000000000000000000000000000000-0200000000000000-01"; len(p.headers[0]) != 2 || string(p.headers[0][1].Value) != want {
		t.Errorf("the headers are %v, want the caller's trace context %s", p.headers[0], want)
	}
	if len(m.Headers) != 1 || string(m.Headers[0].Key) != "type" {
		t.Errorf("the headers after the send are %v", m.Headers)
	}
}

// interceptor is a producer whose interceptor adds a header to each message.
type interceptor struct{ accepting }

func (p *interceptor) SendMessage(m *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte("id"), Value: []byte("7")})
	return p.accepting.SendMessage(m)
}

// TestHeadersOfInterceptors checks that the headers that the program's interceptors add to a
// message stay in the message, and that the trace context does not.
func TestHeadersOfInterceptors(t *testing.T) {
	sdk, p := oteltest.New(t), new(interceptor)
	m := &sarama.ProducerMessage{Topic: "quotes", Headers: []sarama.RecordHeader{{Key: []byte("type")}}}
	if _, _, err := saramatrace.WrapSyncProducer(p, nil, options(sdk)...).SendMessage(m); err != nil {
		t.Fatal(err)
	}
	if len(p.headers[0]) != 3 || len(m.Headers) != 2 || string(m.Headers[0].Key) != "type" || string(m.Headers[1].Key) != "id" {
		t.Errorf("the headers are %q, and were %q when sarama sent the message", m.Headers, p.headers[0])
	}
}
