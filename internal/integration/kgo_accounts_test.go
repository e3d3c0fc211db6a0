package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// kgoAccounts contains two counters of a client. They count the records that the client has not
// sent yet, and the bytes of these records.
type kgoAccounts struct{ records, bytes int64 }

// kgoIdle waits until the promises of all records have returned. It then returns the
// counters of cl.
func kgoIdle(t *testing.T, cl *kgo.Client) kgoAccounts {
	t.Helper()
	oteltest.Eventually(t, func() bool { return cl.BufferedProduceRecords() == 0 })
	return kgoAccounts{cl.BufferedProduceRecords(), cl.BufferedProduceBytes()}
}

// kgoUserHook is a hook of the program, not of spor. It adds a header and a context value to
// each record.
type kgoUserHook struct{}

func (kgoUserHook) OnProduceRecordBuffered(r *kgo.Record) {
	r.Context = context.WithValue(r.Context, kgoMark{}, "hook")
	for _, h := range r.Headers {
		if h.Key == "hook" {
			return
		}
	}
	r.Headers = append(slices.Clip(r.Headers), kgo.RecordHeader{Key: "hook", Value: []byte("x")})
}

func (kgoUserHook) OnProduceRecordUnbuffered(*kgo.Record, error) {}

// kgoWays returns the ways to produce a record. Each function calls the client and waits
// until the promise of the record has been called.
func kgoWays(c *kfake.Cluster) map[string]func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
	refuse := func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.MessageTooLarge, Count: 1})
		if err := cl.ProduceSync(ctx, r).FirstErr(); err == nil {
			return errors.New("a record that the broker should refuse was produced")
		}
		return nil
	}
	produce := func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
		done := make(chan error, 1)
		cl.Produce(ctx, r, func(_ *kgo.Record, err error) { done <- err })
		return <-done
	}
	return map[string]func(context.Context, *kgo.Client, *kgo.Record) error{
		"Produce": produce,
		"ProduceSync": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			return cl.ProduceSync(ctx, r).FirstErr()
		},
		"TryProduce": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			done := make(chan error, 1)
			cl.TryProduce(ctx, r, func(_ *kgo.Record, err error) { done <- err })
			return <-done
		},
		"again": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			return errors.Join(produce(ctx, cl, r), produce(context.Background(), cl, r), produce(ctx, cl, r))
		},
		"refused": refuse,
		"again after a failure": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			return errors.Join(refuse(ctx, cl, r), produce(ctx, cl, r))
		},
		"from the promise": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			done := make(chan error, 1)
			cl.Produce(ctx, r, func(r *kgo.Record, _ error) { go func() { done <- produce(ctx, cl, r) }() })
			return <-done
		},
		"canceled": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			if err := produce(ctx, cl, r); err == nil {
				return errors.New("a record was produced in a canceled context")
			}
			return nil
		},
		"too large": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			large := *r
			large.Value = make([]byte, 2<<20)
			if err := produce(ctx, cl, &large); err == nil {
				return errors.New("a record of 2 MiB was produced")
			}
			return nil
		},
		"unknown topic": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			r.Topic = "unknown"
			if err := produce(ctx, cl, r); err == nil {
				return errors.New("a record of an unknown topic was produced")
			}
			return nil
		},
		"aborted": func(ctx context.Context, cl *kgo.Client, r *kgo.Record) error {
			done := make(chan error, 1)
			cl.Produce(ctx, r, func(_ *kgo.Record, err error) { done <- err })
			if err := cl.AbortBufferedRecords(ctx); err != nil {
				return err
			}
			<-done // any result is correct, because the record may already have been sent
			return nil
		},
	}
}

// kgoStates returns options with different kinds of providers.
func kgoStates(t *testing.T) map[string][]kafkatrace.Option {
	t.Helper()
	return map[string][]kafkatrace.Option{
		"sampled":     kafkaOptions(oteltest.New(t)),
		"not sampled": kafkaOptions(oteltest.New(t, sdktrace.WithSampler(sdktrace.NeverSample()))),
		"baggage":     kafkaOptions(oteltest.New(t), kafkatrace.WithBaggage(1000, "tenant")),
		"no SDK":      {kafkatrace.WithTracerProvider(tracenoop.NewTracerProvider()), kafkatrace.WithPropagator(oteltest.W3C)},
	}
}

// kgoOwnHeaders returns headers that a program could set on a record itself.
func kgoOwnHeaders() map[string][]kgo.RecordHeader {
	traceparent := kgo.RecordHeader{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}
	return map[string][]kgo.RecordHeader{
		"none":        nil,
		"one":         {{Key: "type", Value: []byte("created")}},
		"traceparent": {traceparent},
		"two traceparents and a trace state": {
			traceparent, {Key: "Traceparent", Value: traceparent.Value}, {Key: "tracestate", Value: []byte("vendor=value")},
		},
	}
}

// kgoContexts returns the contexts with which the tests produce records.
func kgoContexts(t *testing.T) map[string]context.Context {
	t.Helper()
	state, err := trace.ParseTraceState("vendor=other")
	if err != nil {
		t.Fatal(err)
	}
	member, err := baggage.NewMember("tenant", "nav")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]context.Context{
		"no span": t.Context(),
		"span and baggage": trace.ContextWithSpanContext(baggage.ContextWithBaggage(t.Context(), bag), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, TraceState: state,
		})),
	}
}

// TestKgoAccounts produces records in every way, with kgotrace and without kgotrace. It
// checks that the counters of the two clients are the same afterwards.
func TestKgoAccounts(t *testing.T) {
	t.Parallel()
	for state, opts := range kgoStates(t) {
		for beside, hooks := range map[string]func(kgo.Opt) []kgo.Opt{
			"alone":              func(opt kgo.Opt) []kgo.Opt { return []kgo.Opt{opt} },
			"after another hook": func(opt kgo.Opt) []kgo.Opt { return []kgo.Opt{kgo.WithHooks(kgoUserHook{}), opt} },
			"before another":     func(opt kgo.Opt) []kgo.Opt { return []kgo.Opt{opt, kgo.WithHooks(kgoUserHook{})} },
		} {
			t.Run(state+", "+beside, func(t *testing.T) {
				t.Parallel()
				without, with := newKgoAccountant(t, hooks(kgo.WithHooks())), newKgoAccountant(t, hooks(kgotrace.Opt(opts...)))
				for way := range without.ways {
					for headers := range kgoOwnHeaders() {
						for within := range kgoContexts(t) {
							want, got := without.produce(t, way, headers, within), with.produce(t, way, headers, within)
							if got != want || got != (kgoAccounts{}) {
								t.Fatalf("%s, headers: %s, context: %s: %+v, without kgotrace %+v", way, headers, within, got, want)
							}
						}
					}
				}
			})
		}
	}
}

// kgoAccountant is a client that has its own broker. Therefore the faults of the broker
// affect only this client.
type kgoAccountant struct {
	client *kgo.Client
	ways   map[string]func(context.Context, *kgo.Client, *kgo.Record) error
}

func newKgoAccountant(t *testing.T, opts []kgo.Opt) kgoAccountant {
	t.Helper()
	c := kgoCluster(t, "quotes")
	return kgoAccountant{kgoClient(t, c, append(opts,
		kgo.DefaultProduceTopic("quotes"), kgo.MetadataMinAge(20*time.Millisecond), kgo.UnknownTopicRetries(0),
		kgo.AllowIdempotentProduceCancellation())...), kgoWays(c)}
}

func (a kgoAccountant) produce(t *testing.T, way, headers, within string) kgoAccounts {
	t.Helper()
	r := &kgo.Record{Key: []byte("key"), Value: []byte("value"), Headers: kgoOwnHeaders()[headers]}
	if err := a.ways[way](kgoContexts(t)[within], a.client, r); err != nil {
		t.Fatalf("%s, headers: %s, context: %s: %v", way, headers, within, err)
	}
	return kgoIdle(t, a.client)
}

// TestKgoAccountsOfTransactions aborts one transaction before its record has been sent, and then
// commits another transaction. It checks that the counters are 0 after each of the two
// transactions.
func TestKgoAccountsOfTransactions(t *testing.T) {
	t.Parallel()
	for state, opts := range kgoStates(t) {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			cl := kgoClient(t, kgoCluster(t, "quotes"), kgo.DefaultProduceTopic("quotes"), kgo.TransactionalID("outbox"),
				kgo.ProducerLinger(time.Minute), kgotrace.Opt(opts...))
			r := kgo.StringRecord("x")
			cl.ProduceSync(t.Context(), r) // this call fails, because no transaction has begun
			for _, try := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
				if err := cl.BeginTransaction(); err != nil {
					t.Fatal(err)
				}
				cl.Produce(t.Context(), r, nil)
				end := cl.Flush
				if try == kgo.TryAbort {
					end = cl.AbortBufferedRecords
				}
				if err := end(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := kgotrace.Wrap(cl).EndTransaction(t.Context(), try); err != nil {
					t.Fatal(err)
				}
				if got := kgoIdle(t, cl); got != (kgoAccounts{}) {
					t.Errorf("committed %t: %+v", try, got)
				}
			}
		})
	}
}

// TestKgoBufferLimits produces many more records than fit into the buffer. It checks that
// Produce waits for free space, and that every record is sent.
func TestKgoBufferLimits(t *testing.T) {
	t.Parallel()
	for state, opts := range kgoStates(t) {
		for name, limit := range map[string]kgo.Opt{"bytes": kgo.MaxBufferedBytes(10_000), "records": kgo.MaxBufferedRecords(10)} {
			t.Run(state+", "+name, func(t *testing.T) {
				t.Parallel()
				cl := kgoClient(t, kgoCluster(t, "quotes"), kgo.DefaultProduceTopic("quotes"), limit, kgotrace.Opt(opts...))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				for i := range 1000 {
					cl.Produce(ctx, &kgo.Record{Value: make([]byte, 1000)}, func(_ *kgo.Record, err error) {
						if err != nil {
							t.Errorf("record %d: %v", i, err)
						}
					})
					if ctx.Err() != nil {
						t.Fatalf("Produce blocks at record %d: %+v", i, kgoAccounts{cl.BufferedProduceRecords(), cl.BufferedProduceBytes()})
					}
				}
				if err := cl.Flush(ctx); err != nil {
					t.Error(err)
				}
				if got := kgoIdle(t, cl); got != (kgoAccounts{}) {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

// TestKgoNoRoom calls TryProduce while the buffer is full. It checks that the record has at
// most one trace context, and that it can be produced later, when the buffer has free space.
func TestKgoNoRoom(t *testing.T) {
	t.Parallel()
	for state, opts := range kgoStates(t) {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			cl := kgoClient(t, kgoCluster(t, "quotes"), kgo.DefaultProduceTopic("quotes"), kgo.MaxBufferedRecords(1),
				kgo.ManualFlushing(), kgotrace.Opt(opts...))
			r, done := kgo.StringRecord("x"), make(chan error, 1)
			for range 100 {
				cl.Produce(t.Context(), kgo.StringRecord("first"), nil)
				cl.TryProduce(t.Context(), r, func(_ *kgo.Record, err error) { done <- err })
				if err := <-done; !errors.Is(err, kgo.ErrMaxBuffered) || len(r.Headers) > 1 {
					t.Fatalf("%v, headers %q", err, r.Headers)
				}
				if err := cl.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := kgoIdle(t, cl); got != (kgoAccounts{}) {
					t.Fatalf("%+v", got)
				}
			}
			cl.TryProduce(t.Context(), r, func(_ *kgo.Record, err error) { done <- err })
			if err := errors.Join(cl.Flush(t.Context()), <-done); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestKgoCanceledWhileBlocked cancels the context of a Produce call while the call waits for
// free space in the buffer.
func TestKgoCanceledWhileBlocked(t *testing.T) {
	t.Parallel()
	for state, opts := range kgoStates(t) {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			c := fakeCluster(t).(*fakeKafka)
			c.CreateTopic(t, "quotes", 1, nil)
			held, release := c.Hold(t)
			cl := kgoClient(t, c.cluster, kgo.DefaultProduceTopic("quotes"), kgo.MaxBufferedRecords(1), kgotrace.Opt(opts...))
			cl.Produce(t.Context(), kgo.StringRecord("first"), nil)
			held()
			ctx, cancel := context.WithCancel(t.Context())
			done, r := make(chan error, 1), kgo.StringRecord("x")
			go cl.Produce(ctx, r, func(_ *kgo.Record, err error) { done <- err })
			oteltest.Eventually(t, func() bool { return cl.BufferedProduceRecords() == 2 })
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			release()
			if err := cl.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			if got := kgoIdle(t, cl); got != (kgoAccounts{}) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestKgoProducedAgain produces one record several times, first with a span in the context
// and then without a span. It checks that the record has only one traceparent each time, and
// that this is the traceparent of the last call.
func TestKgoProducedAgain(t *testing.T) {
	sdk, c := oteltest.New(t), kgoCluster(t, "quotes")
	cl := kgoConsumer(t, sdk, c)
	ctx, parent := sdk.TracerProvider.Tracer("").Start(t.Context(), "work")
	parent.End()
	sdk.Forget()
	r := &kgo.Record{Headers: []kgo.RecordHeader{{Key: "type", Value: []byte("created")}}}
	copied := func() *kgo.Record { return &kgo.Record{Headers: r.Headers} }
	for i, produce := range []func(){
		func() { kgoProduceIn(ctx, t, cl, r) },
		func() { kgoProduceIn(t.Context(), t, cl, r) },
		func() { kgoProduceIn(t.Context(), t, cl, copied()) },
	} {
		r.Context = nil //nolint:fatcontext // each record starts without a context
		produce()
		s := sdk.Wait(t, i+1)[i]
		if want := trace.SpanContextFromContext(ctx).SpanID(); i == 0 && s.Parent().SpanID() != want || i > 0 && s.Parent().IsValid() {
			t.Errorf("%d: the producer span has the parent %v", i, s.Parent().SpanID())
		}
		if len(s.Links()) != 0 || s.SpanKind() != trace.SpanKindProducer {
			t.Errorf("%d: a %v span with %d links", i, s.SpanKind(), len(s.Links()))
		}
		got := kgoPoll(t, cl, 1)[0]
		want := fmt.Sprintf("00-%s-%s-01", s.SpanContext().TraceID(), s.SpanContext().SpanID())
		if len(got.Headers) != 2 || got.Headers[0].Key != "type" || string(got.Headers[1].Value) != want {
			t.Errorf("%d: traceparents on the wire: %q, want %s", i, got.Headers, want)
		}
	}
}

func kgoProduceIn(ctx context.Context, t *testing.T, cl kgoProducer, r *kgo.Record) {
	t.Helper()
	if err := cl.ProduceSync(ctx, r).FirstErr(); err != nil {
		t.Fatal(err)
	}
}
