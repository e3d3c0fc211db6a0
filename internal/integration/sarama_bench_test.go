package integration

import (
	"context"
	"testing"

	"github.com/IBM/sarama"
	"github.com/dnwe/otelsarama"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// saramaLibrary does what a program does with sarama and one tracing library. There is no
// real broker: each message is acknowledged immediately. The program's own handler does
// nothing.
type saramaLibrary struct {
	inject   func(context.Context, *sarama.ProducerMessage)
	sync     sarama.SyncProducer
	async    sarama.AsyncProducer
	messages <-chan *sarama.ConsumerMessage
	process  func(context.Context, *sarama.ConsumerMessage)

	arriving chan<- *sarama.ConsumerMessage
}

func (l *saramaLibrary) sendSync(ctx context.Context, m *sarama.ProducerMessage) {
	l.inject(ctx, m)
	_, _, _ = l.sync.SendMessage(m)
}

func (l *saramaLibrary) sendAsync(ctx context.Context, m *sarama.ProducerMessage) {
	l.inject(ctx, m)
	l.async.Input() <- m
	<-l.async.Successes()
}

func (l *saramaLibrary) receive(ctx context.Context, m *sarama.ConsumerMessage) {
	l.arriving <- m
	l.process(ctx, <-l.messages)
}

// newSporSarama returns a saramaLibrary that uses spor. It records metrics with the
// meter provider of s only if measuring is true.
func newSporSarama(tb testing.TB, s sdk, measuring bool) *saramaLibrary {
	tb.Helper()
	opts := []kafkatrace.Option{kafkatrace.WithTracerProvider(s.tp), kafkatrace.WithPropagator(s.p)}
	if measuring {
		opts = append(opts, kafkatrace.WithMeterProvider(s.mp))
	} else {
		opts = append(opts, kafkatrace.WithMeterProvider(metricnoop.NewMeterProvider()))
	}
	arriving := make(chan *sarama.ConsumerMessage, 1)
	l := &saramaLibrary{
		inject: saramatrace.Inject, sync: saramatrace.WrapSyncProducer(promptSync{}, nil, opts...),
		async: saramatrace.WrapAsyncProducer(newPromptAsync(tb), saramaBenchConfig(), opts...), arriving: arriving, messages: arriving,
	}
	group := saramatrace.WrapConsumerGroup(idleGroup{}, "bench", nil, opts...)
	idle, stop, joined := make(chan struct{}), make(chan struct{}), make(chan context.Context)
	go func() {
		defer close(idle)
		_ = group.Consume(tb.Context(), nil, saramaHandler(func(s sarama.ConsumerGroupSession, _ sarama.ConsumerGroupClaim) error {
			joined <- s.Context()
			<-stop
			return nil
		}))
	}()
	session := <-joined
	l.process = func(_ context.Context, m *sarama.ConsumerMessage) { _ = group.Process(session, m, succeed) }
	tb.Cleanup(func() {
		close(stop)
		<-idle
	})
	tb.Cleanup(func() { l.async.Close() })
	return l
}

// idleGroup is a consumer group without a broker. It has one session with one partition.
type idleGroup struct{ sarama.ConsumerGroup }

func (idleGroup) Consume(ctx context.Context, _ []string, h sarama.ConsumerGroupHandler) error {
	return h.ConsumeClaim(idleSession{ctx: ctx}, idleClaim{})
}

// newOtelsarama returns a saramaLibrary that uses otelsarama. otelsarama writes the context of
// its span into the headers of a message, so the program has to read the context from there.
func newOtelsarama(tb testing.TB, s sdk) *saramaLibrary {
	tb.Helper()
	opts := []otelsarama.Option{otelsarama.WithTracerProvider(s.tp), otelsarama.WithPropagators(s.p)}
	arriving := make(chan *sarama.ConsumerMessage, 1)
	l := &saramaLibrary{
		inject: func(ctx context.Context, m *sarama.ProducerMessage) {
			s.p.Inject(ctx, otelsarama.NewProducerMessageCarrier(m))
		},
		sync:     otelsarama.WrapSyncProducer(saramaBenchConfig(), promptSync{}, opts...),
		async:    otelsarama.WrapAsyncProducer(saramaBenchConfig(), newPromptAsync(tb), opts...),
		messages: otelsarama.WrapPartitionConsumer(arrivals{messages: arriving}, opts...).Messages(), arriving: arriving,
		process: func(ctx context.Context, m *sarama.ConsumerMessage) {
			_ = succeed(s.p.Extract(ctx, otelsarama.NewConsumerMessageCarrier(m)))
		},
	}
	tb.Cleanup(func() {
		close(arriving)
		l.async.Close()
	})
	return l
}

func saramaBenchConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Producer.Return.Successes = true
	return config
}

// promptSync is a producer that reports success immediately, without a broker.
type promptSync struct{ sarama.SyncProducer }

func (promptSync) IsTransactional() bool { return false }
func (promptSync) Close() error          { return nil }
func (promptSync) SendMessage(m *sarama.ProducerMessage) (partition int32, offset int64, err error) {
	m.Partition, m.Offset = 1, 42
	return m.Partition, m.Offset, nil
}

type promptAsync struct {
	sarama.AsyncProducer

	input     chan *sarama.ProducerMessage
	successes chan *sarama.ProducerMessage
	errors    chan *sarama.ProducerError
}

func newPromptAsync(tb testing.TB) *promptAsync {
	tb.Helper()
	p := &promptAsync{
		input: make(chan *sarama.ProducerMessage), successes: make(chan *sarama.ProducerMessage), errors: make(chan *sarama.ProducerError),
	}
	go func() {
		defer close(p.errors)
		defer close(p.successes)
		for m := range p.input {
			m.Partition, m.Offset = 1, 42
			p.successes <- m
		}
	}()
	return p
}

func (*promptAsync) IsTransactional() bool                       { return false }
func (p *promptAsync) Input() chan<- *sarama.ProducerMessage     { return p.input }
func (p *promptAsync) Successes() <-chan *sarama.ProducerMessage { return p.successes }
func (p *promptAsync) Errors() <-chan *sarama.ProducerError      { return p.errors }
func (p *promptAsync) AsyncClose()                               { close(p.input) }
func (p *promptAsync) Close() error {
	p.AsyncClose()
	return nil
}

// The type arrivals is a partition consumer without a broker. It delivers the messages in the
// channel messages.
type arrivals struct {
	sarama.PartitionConsumer

	messages chan *sarama.ConsumerMessage
}

func (a arrivals) Messages() <-chan *sarama.ConsumerMessage { return a.messages }

type idleSession struct {
	sarama.ConsumerGroupSession

	ctx context.Context
}

func (s idleSession) Context() context.Context { return s.ctx }

type idleClaim struct{ sarama.ConsumerGroupClaim }

func (idleClaim) Topic() string                            { return "quotes" }
func (idleClaim) Partition() int32                         { return 1 }
func (idleClaim) HighWaterMarkOffset() int64               { return 43 }
func (idleClaim) Messages() <-chan *sarama.ConsumerMessage { return nil }

// saramaMessages returns two functions. The function produced makes a message that can be
// produced. The function consumed makes a message that looks as if a traced service had sent it
// and a client had read it from a broker.
func saramaMessages() (produced func() *sarama.ProducerMessage, consumed func() *sarama.ConsumerMessage) {
	key, value := sarama.ByteEncoder("key"), sarama.ByteEncoder(make([]byte, 512))
	own := []sarama.RecordHeader{{Key: []byte("type"), Value: []byte("created")}}
	traced := []*sarama.RecordHeader{&own[0], {
		Key: []byte("traceparent"), Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
	}}
	sent, received, headers := new(sarama.ProducerMessage), new(sarama.ConsumerMessage), make([]*sarama.RecordHeader, 2)
	header := new(sarama.RecordHeader)
	return func() *sarama.ProducerMessage {
			*sent = sarama.ProducerMessage{Topic: "quotes", Key: key, Value: value, Headers: own[:1:1]}
			return sent
		}, func() *sarama.ConsumerMessage {
			copy(headers, traced)
			*header = *traced[1] // make a copy, because otelsarama changes the header
			headers[1] = header
			*received = sarama.ConsumerMessage{Topic: "quotes", Partition: 1, Offset: 42, Key: key, Value: value, Headers: headers[:2:2]}
			return received
		}
}

func saramaOperations() map[string]func(*saramaLibrary) {
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	produced, consumed := saramaMessages()
	return map[string]func(*saramaLibrary){
		"sync":    func(l *saramaLibrary) { l.sendSync(ctx, produced()) },
		"async":   func(l *saramaLibrary) { l.sendAsync(ctx, produced()) },
		"process": func(l *saramaLibrary) { l.receive(context.Background(), consumed()) },
	}
}

func BenchmarkSarama(b *testing.B) {
	for _, state := range sqlStates {
		s := newSDK(b, state.sampler)
		for _, library := range []struct {
			name string
			*saramaLibrary
		}{
			{"spor", newSporSarama(b, s, false)}, {"otelsarama", newOtelsarama(b, s)}, {"spor-measured", newSporSarama(b, s, true)},
		} {
			for name, run := range saramaOperations() {
				b.Run("op="+name+"/state="+state.name+"/lib="+library.name, func(b *testing.B) {
					b.ReportAllocs()
					begin := cpuTime(b)
					for b.Loop() {
						run(library.saramaLibrary)
					}
					b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
				})
			}
		}
	}
}
