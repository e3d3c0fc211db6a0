package integration

import (
	"context"
	"crypto/rand"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// goKafkaClients contains the client libraries. The keys are the names of spor's adapters.
var goKafkaClients = map[string]kafkasuite.Client{
	"kgotrace": franz{}, "saramatrace": saramaClient{}, "kafkagotrace": kafkaGo{},
}

func TestKafkaPairs(t *testing.T) {
	t.Parallel()
	testKafkaPairs(t, fakeCluster(t))
}

// testKafkaPairs tests each pair of clients. One client sends a record and the other client
// reads it.
func testKafkaPairs(t *testing.T, cluster kafkasuite.Cluster) {
	t.Helper()
	for from, producing := range goKafkaClients {
		for to, consuming := range goKafkaClients {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				sender, receiver := goKafkaSide{producing, oteltest.New(t)}, goKafkaSide{consuming, oteltest.New(t)}
				topic := newKafkaTopic(t, cluster)
				root := sender.send(t, cluster, topic)
				receiver.receive(t, cluster, topic, nil)
				sent := kafkaSpanOf(sender.Wait(t, 2)[0]) // [0] is the producer span, [1] is the root span
				processed := kafkaSpanOf(receiver.Only(t))
				checkKafkaHop(t, root, sent, "publish", topic)
				checkKafkaHop(t, sent, processed, "process", topic)
				checkKafkaLink(t, processed, sent)
			})
		}
	}
}

func newKafkaTopic(t *testing.T, cluster kafkasuite.Cluster) string {
	t.Helper()
	topic := "pairs-" + rand.Text()[:8]
	cluster.CreateTopic(t, topic, 1, nil)
	return topic
}

// goKafkaSide is a program that sends or receives records. It has a client library and an
// SDK.
type goKafkaSide struct {
	client kafkasuite.Client
	*oteltest.SDK
}

func (s goKafkaSide) options() []kafkatrace.Option {
	return []kafkatrace.Option{
		kafkatrace.WithTracerProvider(s.TracerProvider), kafkatrace.WithMeterProvider(s.MeterProvider), kafkatrace.WithPropagator(s.Propagator),
	}
}

func (s goKafkaSide) producer(t *testing.T, cluster kafkasuite.Cluster) kafkasuite.Producer {
	t.Helper()
	p := s.client.Producer(t, kafkasuite.Producing{
		Brokers: cluster.Brokers(), TLS: cluster.TLS(), Options: s.options(), Mode: s.client.Modes()[0],
	})
	t.Cleanup(p.Close)
	return p
}

// send starts a root span, and sends a record with the context of this span. It returns the
// root span.
func (s goKafkaSide) send(t *testing.T, cluster kafkasuite.Cluster, topic string) kafkaSpan {
	t.Helper()
	ctx, root := s.TracerProvider.Tracer("program").Start(within(t), "work")
	defer root.End()
	if err := s.producer(t, cluster).Send(ctx, &kafkasuite.Record{Topic: topic, Value: []byte("value")}); err != nil {
		t.Fatal(err)
	}
	return kafkaSpan{trace: root.SpanContext().TraceID(), id: root.SpanContext().SpanID()}
}

func (s goKafkaSide) receive(t *testing.T, cluster kafkasuite.Cluster, topic string, handle func(context.Context, kafkasuite.Record) error) {
	t.Helper()
	c := s.client.Consumer(t, kafkasuite.Consuming{
		Brokers: cluster.Brokers(), TLS: cluster.TLS(), Options: s.options(), Group: "group-" + rand.Text()[:8], Topic: topic,
	})
	defer c.Close()
	ctx, stop := context.WithCancel(within(t))
	defer stop()
	received := 0
	err := c.Run(ctx, func(ctx context.Context, r kafkasuite.Record) error {
		defer stop()
		received++
		if handle == nil {
			return nil
		}
		return handle(ctx, r)
	})
	if err != nil || received != 1 {
		t.Fatalf("received %d records of %s: %v", received, topic, err)
	}
}

func (s goKafkaSide) forward(t *testing.T, cluster kafkasuite.Cluster, from, to string) {
	t.Helper()
	p := s.producer(t, cluster)
	s.receive(t, cluster, from, func(ctx context.Context, r kafkasuite.Record) error { return p.Forward(ctx, r, to) })
}

// kafkaSpan describes a span. It contains only the data that the tests compare.
type kafkaSpan struct {
	trace      trace.TraceID
	id, parent trace.SpanID
	kind       trace.SpanKind
	name       string
	topic      string // messaging.destination.name
	links      []trace.SpanID
}

func kafkaSpanOf(s sdktrace.ReadOnlySpan) kafkaSpan {
	span := kafkaSpan{
		trace: s.SpanContext().TraceID(), id: s.SpanContext().SpanID(), parent: s.Parent().SpanID(), kind: s.SpanKind(), name: s.Name(),
		topic: oteltest.Map(s.Attributes())["messaging.destination.name"],
	}
	for _, link := range s.Links() {
		span.links = append(span.links, link.SpanContext.SpanID())
	}
	return span
}

// checkKafkaHop tests the parent, the operation and the topic of span. The parent must be the
// span in the parameter after.
func checkKafkaHop(t *testing.T, after, span kafkaSpan, operation, topic string) {
	t.Helper()
	kind := map[string]trace.SpanKind{"publish": trace.SpanKindProducer, "process": trace.SpanKindConsumer}[operation]
	if span.name != topic+" "+operation || span.kind != kind || span.topic != topic {
		t.Errorf("%v span %q of topic %q, want %s of %s", span.kind, span.name, span.topic, operation, topic)
	}
	if span.trace != after.trace || span.parent != after.id {
		t.Errorf("%s is a child of %v in trace %v, want one of %v in %v", span.name, span.parent, span.trace, after.id, after.trace)
	}
}

// checkKafkaLink tests that the process span has a link to the span that sent the record.
func checkKafkaLink(t *testing.T, processed, sent kafkaSpan) {
	t.Helper()
	if len(processed.links) != 1 || processed.links[0] != sent.id {
		t.Errorf("%s has the links %v, want %v", processed.name, processed.links, sent.id)
	}
}
