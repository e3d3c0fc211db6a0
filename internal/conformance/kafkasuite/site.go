package kafkasuite

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/conformance"
	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
)

// site is a topic with those who write and read it, and what they told
// their SDKs.
type site struct {
	client  Client
	cluster Cluster
	topic   string
	group   string
	mode    string

	producing, consuming conformance.Side
	// program is that of the spans around, which are the program's own.
	program *oteltest.SDK
}

// newSite makes a topic of one partition, unless partitions says otherwise.
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

// producer returns a producer, as with says, that is closed at the end.
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

// consumer returns a member of the group that reads topic.
func (s *site) consumer(t *testing.T, topic string, opts ...kafkatrace.Option) Consumer {
	t.Helper()
	c := s.client.Consumer(t, Consuming{
		Brokers: s.cluster.Brokers(), TLS: s.cluster.TLS(), Options: optionsFor(s.consuming, opts),
		Group: s.group, Topic: topic,
	})
	t.Cleanup(c.Close)
	return c
}

// handled is a record that was handed over, and the context that came with it.
type handled struct {
	Record

	ctx context.Context //nolint:containedctx // what the handler was given is what is judged
}

func (h handled) span() trace.SpanContext { return trace.SpanContextFromContext(h.ctx) }

// process reads n records of topic, handing each to handle, and returns them.
func (s *site) process(t *testing.T, topic string, n int, handle func(context.Context, Record) error, opts ...kafkatrace.Option) []handled {
	t.Helper()
	c := s.consumer(t, topic, opts...)
	defer c.Close()
	return s.run(conformance.Within(t), t, c, n, handle)
}

// run lets c hand over n records and then stops it.
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
		t.Fatalf("%d records were handed over, want %d", len(all), n)
	}
	return all
}

// send sends a record for every value to the topic, one after another, each
// within a span of its own, and returns those spans.
func (s *site) send(t *testing.T, p Producer, values ...string) []trace.SpanContext {
	t.Helper()
	var parents []trace.SpanContext
	for _, value := range values {
		ctx, parent := s.parent(t)
		if err := p.Send(ctx, s.record(value)); err != nil {
			t.Fatal(err)
		}
		parents = append(parents, parent)
	}
	return parents
}

func (s *site) record(value string) *Record {
	return &Record{Topic: s.topic, Value: []byte(value)}
}

// parent is a context within a span of the program.
func (s *site) parent(t *testing.T) (context.Context, trace.SpanContext) {
	t.Helper()
	ctx, span := s.program.TracerProvider.Tracer("program").Start(conformance.Within(t), "work")
	t.Cleanup(func() { span.End() })
	return ctx, span.SpanContext()
}

// sendSpan is how the span of a send is.
type sendSpan struct {
	topic     string
	partition string // "" for none
	offset    string // "" for none
	errorType string // "" for no error
}

func (s *site) acked(offset int) sendSpan {
	return sendSpan{topic: s.topic, partition: "0", offset: strconv.Itoa(offset)}
}

func checkSend(t *testing.T, span sdktrace.ReadOnlySpan, want sendSpan) {
	t.Helper()
	if got, want := span.Name(), want.topic+" publish"; got != want {
		t.Errorf("span is named %q, want %q", got, want)
	}
	if got := span.SpanKind(); got != trace.SpanKindProducer {
		t.Errorf("kind of the span is %v", got)
	}
	checkSpan(t, span, want.errorType, map[string]string{
		"messaging.operation.type": "send", "messaging.destination.name": want.topic,
		"messaging.destination.partition.id": want.partition, "messaging.kafka.offset": want.offset,
		"messaging.kafka.message.key": "",
	})
}

func checkProcess(t *testing.T, span sdktrace.ReadOnlySpan, group string, r Record, errorType string) {
	t.Helper()
	if got, want := span.Name(), r.Topic+" process"; got != want {
		t.Errorf("span is named %q, want %q", got, want)
	}
	if got := span.SpanKind(); got != trace.SpanKindConsumer {
		t.Errorf("kind of the span is %v", got)
	}
	checkSpan(t, span, errorType, map[string]string{
		"messaging.operation.type": "process", "messaging.destination.name": r.Topic,
		"messaging.destination.partition.id": strconv.Itoa(int(r.Partition)), "messaging.kafka.offset": strconv.FormatInt(r.Offset, 10),
		"messaging.consumer.group.name": group, "messaging.kafka.message.key": "",
	})
}

// checkSpan tests what spans of both kinds have. An attribute that is to be
// absent is "".
func checkSpan(t *testing.T, span sdktrace.ReadOnlySpan, errorType string, want map[string]string) {
	t.Helper()
	want["messaging.system"], want["error.type"] = "kafka", errorType
	got := oteltest.Map(span.Attributes())
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s of %s is %q, want %q", key, span.Name(), got[key], value)
		}
	}
	if got := span.Status().Code == codes.Error; got != (errorType != "") {
		t.Errorf("status of %s is %v", span.Name(), span.Status())
	}
	oteltest.StableOnly(t, span)
}

// checkJoined tests that a record was processed right below the span that sent
// it, and that both are linked.
func checkJoined(t *testing.T, process, send sdktrace.ReadOnlySpan) {
	t.Helper()
	sent := send.SpanContext()
	if got := process.SpanContext().TraceID(); got != sent.TraceID() {
		t.Errorf("processed in trace %v, sent in %v", got, sent.TraceID())
	}
	if got := process.Parent().SpanID(); got != sent.SpanID() {
		t.Errorf("parent of the process span is %v, want %v", got, sent.SpanID())
	}
	checkLinks(t, process, sent)
}

// checkLinks tests that a span has links to these, in this order.
func checkLinks(t *testing.T, span sdktrace.ReadOnlySpan, want ...trace.SpanContext) {
	t.Helper()
	var got []trace.SpanID
	for _, link := range span.Links() {
		got = append(got, link.SpanContext.SpanID())
	}
	if !slices.EqualFunc(got, want, func(id trace.SpanID, c trace.SpanContext) bool { return id == c.SpanID() }) {
		t.Errorf("%s has links to %v, want %v", span.Name(), got, want)
	}
}

// sent returns the ids that a record carries, once it has one traceparent alone.
func sent(t *testing.T, r Record) trace.SpanContext {
	t.Helper()
	if n := count(r.Headers, "traceparent"); n != 1 {
		t.Fatalf("%d traceparents in %v", n, r.Headers)
	}
	carrier := map[string]string{}
	for _, h := range r.Headers {
		carrier[strings.ToLower(h.Key)] = string(h.Value)
	}
	return trace.SpanContextFromContext(oteltest.W3C.Extract(context.Background(), mapCarrier(carrier)))
}

type mapCarrier map[string]string

func (m mapCarrier) Get(key string) string { return m[key] }
func (m mapCarrier) Set(key, value string) { m[key] = value }
func (m mapCarrier) Keys() []string        { return nil }

func count(headers []Header, key string) (n int) {
	for _, h := range headers {
		if strings.EqualFold(h.Key, key) {
			n++
		}
	}
	return n
}

// others returns the headers that are not the propagator's.
func others(headers []Header) []Header {
	return slices.DeleteFunc(slices.Clone(headers), func(h Header) bool {
		return strings.EqualFold(h.Key, "traceparent") || strings.EqualFold(h.Key, "tracestate") || strings.EqualFold(h.Key, "baggage")
	})
}

func sameHeaders(a, b []Header) bool {
	return slices.EqualFunc(a, b, func(a, b Header) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) })
}

// carrying is the traceparent of a span.
func carrying(c trace.SpanContext) Header {
	return Header{"traceparent", fmt.Appendf(nil, "00-%s-%s-%s", c.TraceID(), c.SpanID(), c.TraceFlags())}
}

// foreign is a span context of another service.
func foreign(n int) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0: 0xaa, 8: byte(n >> 8), 15: byte(n)}, SpanID: trace.SpanID{0: 0xbb, 6: byte(n >> 8), 7: byte(n)},
		TraceFlags: trace.FlagsSampled, Remote: true,
	})
}

// checkNothingLost tests that every span that was started has ended and was
// received.
func (s *site) checkNothingLost(t *testing.T) {
	t.Helper()
	s.producing.CheckReceived(t, "producer")
	s.consuming.CheckReceived(t, "consumer")
}

// checkNothingTold tests that a secret is in no span and no metric.
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
				t.Errorf("span tells %q: %v", secret, all)
			}
		}
		for _, name := range metricNames {
			if metric := end.Metric(t, name); strings.Contains(fmt.Sprintf("%+v", metric), secret) {
				t.Errorf("%s tells %q: %+v", name, secret, metric)
			}
		}
	}
}

// goroutines tests that there are no more goroutines in the end than there are
// now. What closes may take its time.
func goroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before })
	})
}

// each runs f for every one of n at once, and waits for all.
func each(n int, f func(i int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { f(i) })
	}
	wait.Wait()
}
