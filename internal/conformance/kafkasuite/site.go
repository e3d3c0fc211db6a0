package kafkasuite

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// site contains the topic of a test. It also contains the SDKs of the producers and the
// consumers, with the data that these SDKs have recorded.
type site struct {
	client  Client
	cluster Cluster
	topic   string
	group   string
	mode    string

	producing, consuming conformance.Side
	// program is the SDK for the spans of the program itself.
	program *oteltest.SDK
}

// newSite makes a site whose topic has one partition.
func newSite(t *testing.T, client Client, cluster Cluster, mode string) *site {
	t.Helper()
	s := &site{
		client: client, cluster: cluster, mode: mode, group: "group-" + rand.Text()[:8],
		producing: conformance.NewSide(t, nil), consuming: conformance.NewSide(t, nil), program: oteltest.New(t),
	}
	s.topic = s.newTopic(t, 1, nil)
	return s
}

func (s *site) newTopic(t *testing.T, partitions int32, config map[string]string) string {
	t.Helper()
	topic := "orders-" + rand.Text()[:8]
	s.cluster.CreateTopic(t, topic, partitions, config)
	return topic
}

func optionsFor(s conformance.Side, more []kafkatrace.Option) []kafkatrace.Option {
	return append([]kafkatrace.Option{
		kafkatrace.WithTracerProvider(s.TracerProvider),
		kafkatrace.WithMeterProvider(s.MeterProvider),
		kafkatrace.WithPropagator(s.Propagator),
	}, more...)
}

// producer returns a producer with this configuration. The producer is closed at the end of
// the test.
func (s *site) producer(t *testing.T, with Producing, opts ...kafkatrace.Option) Producer {
	t.Helper()
	with.Brokers, with.TLS = s.cluster.Brokers(), s.cluster.TLS()
	with.Options = optionsFor(s.producing, append(opts, with.Options...))
	if with.Mode == "" {
		with.Mode = s.mode
	}
	p := s.client.Producer(t, with)
	t.Cleanup(p.Close)
	return p
}

func (s *site) consumer(t *testing.T, topic string, opts ...kafkatrace.Option) Consumer {
	t.Helper()
	c := s.client.Consumer(t, Consuming{
		Brokers: s.cluster.Brokers(), TLS: s.cluster.TLS(), Options: optionsFor(s.consuming, opts),
		Group: s.group, Topic: topic,
	})
	t.Cleanup(c.Close)
	return c
}

type handled struct {
	Record

	ctx context.Context //nolint:containedctx // the tests check the context of the handler
}

func (h handled) span() trace.SpanContext { return trace.SpanContextFromContext(h.ctx) }

// process reads n records of topic, and returns them. If handle is not nil, process calls it
// for each record.
func (s *site) process(t *testing.T, topic string, n int, handle func(context.Context, Record) error, opts ...kafkatrace.Option) []handled {
	t.Helper()
	c := s.consumer(t, topic, opts...)
	defer c.Close()
	return s.run(conformance.Within(t), t, c, n, handle)
}

// run processes n records with c, and then stops c. If handle is not nil, run calls it for
// each record.
func (s *site) run(ctx context.Context, t *testing.T, c Consumer, n int, handle func(context.Context, Record) error) []handled {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all []handled
	err := c.Run(ctx, func(ctx context.Context, r Record) error {
		all = append(all, handled{r, ctx})
		if len(all) == n {
			defer stop()
		}
		if handle == nil {
			return nil
		}
		return handle(ctx, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != n {
		t.Fatalf("the handler got %d records, want %d", len(all), n)
	}
	return all
}

// send sends one record per value to the topic, in order. The parent of each send span is a
// different span of the program. send returns these parents.
func (s *site) send(t *testing.T, p Producer, values ...string) []trace.SpanContext {
	t.Helper()
	var parents []trace.SpanContext
	for _, value := range values {
		ctx, parent := s.parent(t)
		mustSend(ctx, t, p, s.record(value))
		parents = append(parents, parent)
	}
	return parents
}

func mustSend(ctx context.Context, t *testing.T, p Producer, r *Record) {
	t.Helper()
	if err := p.Send(ctx, r); err != nil {
		t.Fatal(err)
	}
}

// batches reads n records of topic in batches, and returns the batches. If handle is not
// nil, it is called for each batch.
func (s *site) batches(t *testing.T, topic string, n int, handle func(context.Context, []Record) error) (batches [][]Record) {
	t.Helper()
	c := s.consumer(t, topic)
	defer c.Close()
	ctx, stop := context.WithCancel(conformance.Within(t))
	defer stop()
	err := c.RunBatches(ctx, func(ctx context.Context, records []Record) error {
		batches = append(batches, records)
		if n -= len(records); n <= 0 {
			stop()
		}
		if handle == nil {
			return nil
		}
		return handle(ctx, records)
	})
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

// write appends n records to the topic. The headers of each record contain a span context of
// a different trace. write returns these span contexts.
func (s *site) write(t *testing.T, n int) []trace.SpanContext {
	t.Helper()
	var records []Record
	var senders []trace.SpanContext
	for i := range n {
		sender := foreign(i + 1)
		senders = append(senders, sender)
		records = append(records, Record{
			Topic: s.topic, Value: fmt.Append(nil, i), Headers: []Header{carrying(sender)},
		})
	}
	s.cluster.Write(t, records...)
	return senders
}

func (s *site) record(value string) *Record {
	return &Record{Topic: s.topic, Value: []byte(value)}
}

func (s *site) parent(t *testing.T) (context.Context, trace.SpanContext) {
	t.Helper()
	ctx, span := s.program.TracerProvider.Tracer("program").Start(conformance.Within(t), "work")
	t.Cleanup(func() { span.End() })
	return ctx, span.SpanContext()
}

// tooLarge returns a record with a value of 2,000 bytes. The topic of the record allows only
// 500 bytes.
func (s *site) tooLarge(t *testing.T) *Record {
	t.Helper()
	topic := s.newTopic(t, 1, map[string]string{"max.message.bytes": "500"})
	value := make([]byte, 2000)
	for i := range value {
		value[i] = byte(i * i >> 3) // these bytes do not compress well
	}
	return &Record{Topic: topic, Value: value}
}

func (s *site) acked(offset int) sendSpan {
	return sendSpan{topic: s.topic, partition: "0", offset: strconv.Itoa(offset)}
}

func (s *site) last(t *testing.T) Record {
	t.Helper()
	all := s.cluster.Read(t, s.topic)
	return all[len(all)-1]
}

func (s *site) delivered(t *testing.T, value string) bool {
	t.Helper()
	return slices.ContainsFunc(s.cluster.Read(t, s.topic), func(r Record) bool { return string(r.Value) == value })
}

// lag returns the recorded lag of partition 0 of the topic. It returns -1 if no lag is
// recorded.
func (s *site) lag(t *testing.T) int64 {
	t.Helper()
	gauge, _ := s.consuming.Metric(t, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64])
	for _, p := range gauge.DataPoints {
		if attrs := oteltest.Map(p.Attributes.ToSlice()); attrs["topic"] == s.topic && attrs["partition"] == "0" {
			return p.Value
		}
	}
	return -1
}

func (s *site) checkNothingLost(t *testing.T) {
	t.Helper()
	s.producing.CheckReceived(t, "producer")
	s.consuming.CheckReceived(t, "consumer")
}

func (s *site) checkNothingTold(t *testing.T, secret string) {
	t.Helper()
	for _, end := range []conformance.Side{s.producing, s.consuming} {
		for _, span := range end.Ended() {
			all := []any{span.Name(), span.Status(), oteltest.Map(span.Attributes())}
			for _, link := range span.Links() {
				all = append(all, oteltest.Map(link.Attributes))
			}
			for _, event := range span.Events() {
				all = append(all, event.Name, oteltest.Map(event.Attributes))
			}
			if strings.Contains(fmt.Sprint(all...), secret) {
				t.Errorf("a span contains %q: %v", secret, all)
			}
		}
		for _, name := range metricNames {
			if metric := end.Metric(t, name); strings.Contains(fmt.Sprintf("%+v", metric), secret) {
				t.Errorf("%s contains %q: %+v", name, secret, metric)
			}
		}
	}
}
