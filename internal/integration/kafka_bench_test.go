package integration

import (
	"context"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kotel"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// kgoLibrary does what one tracing library does for a record. It needs no broker.
type kgoLibrary interface {
	produce(r *kgo.Record)
	process(ctx context.Context, r *kgo.Record)
}

// produceHooks are the hooks that a client calls when it produces a record.
type produceHooks struct {
	kgo.HookProduceRecordBuffered
	kgo.HookProduceRecordUnbuffered
}

func (h produceHooks) produce(r *kgo.Record) {
	h.OnProduceRecordBuffered(r)
	h.OnProduceRecordUnbuffered(r, nil)
}

type sporKgo struct {
	produceHooks
	client *kgotrace.Client
}

func newSporKgo(tb testing.TB, opts ...kafkatrace.Option) kgoLibrary {
	tb.Helper()
	cl, err := kgotrace.NewClient(kgo.ConsumerGroup("bench"), kgo.ConsumeTopics("quotes"), kgo.ClientID("bench"), kgotrace.Opt(opts...))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(cl.Close)
	hook := reflect.ValueOf(cl.OptValue(kgo.WithHooks)).Index(0).Interface()
	return sporKgo{produceHooks{hook.(kgo.HookProduceRecordBuffered), hook.(kgo.HookProduceRecordUnbuffered)}, cl}
}

func succeed(context.Context) error { return nil }

func (s sporKgo) process(ctx context.Context, r *kgo.Record) {
	s.client.Process(ctx, r, succeed)
}

type kotelKgo struct {
	produceHooks
	tracer *kotel.Tracer
}

func newKotelKgo(opts ...kotel.TracerOpt) kgoLibrary {
	t := kotel.NewTracer(append(opts, kotel.ClientID("bench"), kotel.ConsumerGroup("bench"))...)
	return kotelKgo{produceHooks{t, t}, t}
}

func (k kotelKgo) process(_ context.Context, r *kgo.Record) {
	k.tracer.OnFetchRecordBuffered(r)
	k.tracer.OnFetchRecordUnbuffered(r, true)
	_, span := k.tracer.WithProcessSpan(r)
	span.End()
}

// kgoRecords returns two functions. The function produced makes a record that can be produced.
// The function fetched makes a record that looks as if a traced service had sent it and a client
// had fetched it from a broker.
func kgoRecords() (produced, fetched func() *kgo.Record) {
	value, key := make([]byte, 512), []byte("key")
	own := []kgo.RecordHeader{{Key: "type", Value: []byte("created")}}
	traced := append(own[:1:1], kgo.RecordHeader{
		Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
	})
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	record := new(kgo.Record)
	return func() *kgo.Record {
			*record = kgo.Record{Topic: "quotes", Key: key, Value: value, Headers: own, Context: ctx}
			return record
		}, func() *kgo.Record {
			*record = kgo.Record{Topic: "quotes", Partition: 1, Offset: 42, Key: key, Value: value, Headers: traced}
			return record
		}
}

var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

func BenchmarkKafka(b *testing.B) {
	for _, state := range sqlStates {
		if state.sampler == nil {
			continue
		}
		s := newSDK(b, state.sampler)
		for _, library := range []struct {
			name string
			kgoLibrary
		}{
			{"spor", newSporKgo(b, kafkatrace.WithTracerProvider(s.tp), kafkatrace.WithMeterProvider(metricnoop.NewMeterProvider()), kafkatrace.WithPropagator(w3c))},
			{"kotel", newKotelKgo(kotel.TracerProvider(s.tp), kotel.TracerPropagator(w3c))},
			{"spor-measured", newSporKgo(b, kafkatrace.WithTracerProvider(s.tp), kafkatrace.WithMeterProvider(s.mp), kafkatrace.WithPropagator(w3c))},
		} {
			produced, fetched := kgoRecords()
			for _, operation := range []struct {
				name string
				run  func()
			}{
				{"produce", func() { library.produce(produced()) }},
				{"process", func() { library.process(context.Background(), fetched()) }},
			} {
				b.Run("op="+operation.name+"/state="+state.name+"/lib="+library.name, func(b *testing.B) {
					b.ReportAllocs()
					begin := cpuTime(b)
					for b.Loop() {
						operation.run()
					}
					b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
				})
			}
		}
	}
}
