package integration

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/produce"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kafkagotrace"
)

// kafkaGoLibrary does what a program does with kafka-go and one tracing library. There is no
// broker: promptBroker acknowledges each message immediately. The program's own handler does
// nothing.
type kafkaGoLibrary struct {
	one, ten kafkaGoWriter // writers that send batches of one message, and of ten messages
	reader   kafkaGoReader
}

type kafkaGoWriter interface {
	WriteMessages(ctx context.Context, msgs ...kafka.Message) error
}

type kafkaGoReader interface {
	Process(ctx context.Context, m kafka.Message, fn func(context.Context) error) error
	ProcessBatch(ctx context.Context, msgs []kafka.Message, fn func(context.Context) error) error
}

// newSporKafkaGo returns a kafkaGoLibrary that uses spor. It records metrics with the meter
// provider of s only if measuring is true.
func newSporKafkaGo(tb testing.TB, s sdk, measuring bool) *kafkaGoLibrary {
	tb.Helper()
	opts := []kafkatrace.Option{
		kafkatrace.WithTracerProvider(s.tp), kafkatrace.WithPropagator(s.p), kafkatrace.WithConsumerGroup("bench"),
	}
	if measuring {
		opts = append(opts, kafkatrace.WithMeterProvider(s.mp))
	} else {
		opts = append(opts, kafkatrace.WithMeterProvider(metricnoop.NewMeterProvider()))
	}
	// A Reader without a group connects to a broker only when it fetches.
	reader := kafkagotrace.NewReader(kafka.NewReader(kafka.ReaderConfig{Brokers: []string{"localhost:1"}, Topic: "quotes"}), opts...)
	tb.Cleanup(func() { _ = reader.Close() })
	return &kafkaGoLibrary{
		one: kafkagotrace.NewWriter(newPromptWriter(tb, 1), opts...), ten: kafkagotrace.NewWriter(newPromptWriter(tb, 10), opts...),
		reader: reader,
	}
}

// newHandKafkaGo returns a kafkaGoLibrary that uses the API of OpenTelemetry without spor.
func newHandKafkaGo(tb testing.TB, s sdk) *kafkaGoLibrary {
	tb.Helper()
	return &kafkaGoLibrary{
		one: newHandWriter(newPromptWriter(tb, 1), s), ten: newHandWriter(newPromptWriter(tb, 10), s),
		reader: newHandReader("quotes", "bench", s),
	}
}

// newBareKafkaGo returns a kafkaGoLibrary that traces nothing.
func newBareKafkaGo(tb testing.TB) *kafkaGoLibrary {
	tb.Helper()
	return &kafkaGoLibrary{one: newPromptWriter(tb, 1), ten: newPromptWriter(tb, 10), reader: bareReader{}}
}

type bareReader struct{}

func (bareReader) Process(ctx context.Context, _ kafka.Message, fn func(context.Context) error) error {
	return fn(ctx)
}

func (bareReader) ProcessBatch(ctx context.Context, _ []kafka.Message, fn func(context.Context) error) error {
	return fn(ctx)
}

// newPromptWriter returns a Writer without a broker. It sends a batch when it has size messages.
func newPromptWriter(tb testing.TB, size int) *kafka.Writer {
	tb.Helper()
	w := &kafka.Writer{
		Addr: kafka.TCP("localhost:1"), Topic: "quotes", BatchSize: size, RequiredAcks: kafka.RequireAll,
		Transport: promptBroker{
			known:  &metadata.Response{Topics: []metadata.ResponseTopic{{Name: "quotes", Partitions: make([]metadata.ResponsePartition, 1)}}},
			stored: &produce.Response{Topics: []produce.ResponseTopic{{Topic: "quotes", Partitions: []produce.ResponsePartition{{BaseOffset: 42}}}}},
		},
	}
	tb.Cleanup(func() { _ = w.Close() })
	return w
}

// promptBroker is a broker with one topic, which has one partition. It answers immediately,
// and does not encode the messages.
type promptBroker struct {
	known  *metadata.Response
	stored *produce.Response
}

func (b promptBroker) RoundTrip(_ context.Context, _ net.Addr, r kafka.Request) (kafka.Response, error) {
	switch r.(type) {
	case *metadata.Request:
		return b.known, nil
	case *produce.Request:
		return b.stored, nil
	}
	return nil, fmt.Errorf("unexpected request %T", r)
}

// kafkaGoMessages returns two functions. The function produced makes messages that can be
// written. The function fetched makes messages that look as if traced services had sent them and
// a client had fetched them from a broker. The messages are valid until the next call.
func kafkaGoMessages() (produced, fetched func(n int) []kafka.Message) {
	key, value := []byte("key"), make([]byte, 512)
	own := kafka.Header{Key: "type", Value: []byte("created")}
	toWrite, read, buffer := make([]kafka.Message, 100), make([]kafka.Message, 100), make([]kafka.Message, 100)
	for i := range read {
		toWrite[i] = kafka.Message{Key: key, Value: value, Headers: []kafka.Header{own}}
		read[i] = kafka.Message{
			Topic: "quotes", Partition: 1, Offset: int64(42 + i), HighWaterMark: 142, Key: key, Value: value,
			Headers: []kafka.Header{own, {Key: "traceparent", Value: fmt.Appendf(nil, "00-0af7651916cd43dd8448eb211c80319c-%016x-01", i+1)}},
		}
	}
	return func(n int) []kafka.Message {
			copy(buffer, toWrite[:n])
			return buffer[:n]
		}, func(n int) []kafka.Message {
			copy(buffer, read[:n])
			return buffer[:n]
		}
}

func kafkaGoOperations() map[string]func(*kafkaGoLibrary) error {
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	produced, fetched := kafkaGoMessages()
	return map[string]func(*kafkaGoLibrary) error{
		"write":    func(l *kafkaGoLibrary) error { return l.one.WriteMessages(ctx, produced(1)...) },
		"write-10": func(l *kafkaGoLibrary) error { return l.ten.WriteMessages(ctx, produced(10)...) },
		"process":  func(l *kafkaGoLibrary) error { return l.reader.Process(context.Background(), fetched(1)[0], succeed) },
		"batch-100": func(l *kafkaGoLibrary) error {
			return l.reader.ProcessBatch(context.Background(), fetched(100), succeed)
		},
	}
}

// BenchmarkKafkaGo uses the libraries and the operations in a random order.
func BenchmarkKafkaGo(b *testing.B) {
	for _, state := range sqlStates {
		s := newSDK(b, state.sampler)
		for library, l := range map[string]*kafkaGoLibrary{
			"spor": newSporKafkaGo(b, s, false), "by-hand": newHandKafkaGo(b, s), "kafka-go": newBareKafkaGo(b),
			"spor-measured": newSporKafkaGo(b, s, true),
		} {
			for name, run := range kafkaGoOperations() {
				b.Run("op="+name+"/state="+state.name+"/lib="+library, func(b *testing.B) {
					b.ReportAllocs()
					begin := cpuTime(b)
					for b.Loop() {
						if err := run(l); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
				})
			}
		}
	}
}
