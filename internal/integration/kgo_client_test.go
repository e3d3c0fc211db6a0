package integration

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// TestKgoLagOfEachPoll checks that each method that polls measures the lag.
func TestKgoLagOfEachPoll(t *testing.T) {
	for name, poll := range map[string]func(context.Context, *kgotrace.Client) kgo.Fetches{
		"PollFetches": func(ctx context.Context, cl *kgotrace.Client) kgo.Fetches { return cl.PollFetches(ctx) },
		"PollRecords": func(ctx context.Context, cl *kgotrace.Client) kgo.Fetches { return cl.PollRecords(ctx, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			cl := kgoConsumer(t, sdk, kgoCluster(t, "quotes"))
			kgoProduce(t, cl, kgo.StringRecord("x"))
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if n := poll(ctx, cl).NumRecords(); n != 1 {
				t.Fatalf("got %d records, want 1", n)
			}
			mustEventuallyLag(t, sdk, 1)
		})
	}
}

// kgoErrors counts the errors that are reported to OpenTelemetry until the test ends.
func kgoErrors(t *testing.T) *atomic.Int64 {
	t.Helper()
	n, previous := new(atomic.Int64), otel.GetErrorHandler()
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) { n.Add(1) }))
	t.Cleanup(func() { otel.SetErrorHandler(previous) })
	return n
}

type kgoNew = func(...kgo.Opt) (*kgotrace.Client, error)

// kgoNews returns the two ways to make a client.
func kgoNews() map[string]kgoNew {
	return map[string]kgoNew{
		"NewClient": kgotrace.NewClient,
		"Wrap": func(opts ...kgo.Opt) (*kgotrace.Client, error) {
			cl, err := kgo.NewClient(opts...)
			if err != nil {
				return nil, err
			}
			return kgotrace.Wrap(cl), nil
		},
	}
}

func kgoMust(t *testing.T, newClient kgoNew, c *kfake.Cluster, opts ...kgo.Opt) *kgotrace.Client {
	t.Helper()
	cl, err := newClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic("quotes"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// kgoIDs returns the client IDs of the spans.
func kgoIDs(sdk *oteltest.SDK) (ids []string) {
	for _, s := range sdk.Ended() {
		ids = append(ids, kgoMap(s)["messaging.client.id"])
	}
	return ids
}

// TestKgoSharedOpt makes two clients with one slice of options.
func TestKgoSharedOpt(t *testing.T) {
	sdk, c, reported := oteltest.New(t), kgoCluster(t, "quotes"), kgoErrors(t)
	shared := []kgo.Opt{kgotrace.Opt(kafkaOptions(sdk)...)}
	first := kgoMust(t, kgotrace.NewClient, c, append(shared, kgo.ClientID("first"))...)
	second := kgoMust(t, kgotrace.NewClient, c, append(shared, kgo.ClientID("second"))...)
	for _, cl := range []*kgotrace.Client{first, second} {
		kgoProduce(t, cl, kgo.StringRecord("x"))
		cl.Process(t.Context(), &kgo.Record{Topic: "quotes"}, nothing)
	}
	if got, want := kgoIDs(sdk), []string{"first", "first", "second", "second"}; !slices.Equal(got, want) {
		t.Errorf("client IDs: got %q, want %q", got, want)
	}
	if n := reported.Load(); n != 0 {
		t.Errorf("got %d errors, want none", n)
	}
}

// TestKgoSharedOptOfOthers makes clients with [kgo.NewClient] and one Opt. Two clients that
// are open at the same time are an error. A client may be made after the first was closed.
func TestKgoSharedOptOfOthers(t *testing.T) {
	sdk, c, reported := oteltest.New(t), kgoCluster(t, "quotes"), kgoErrors(t)
	shared, newClient := kgotrace.Opt(kafkaOptions(sdk)...), kgoNews()["Wrap"]
	for _, id := range []string{"first", "second"} {
		cl := kgoMust(t, newClient, c, shared, kgo.ClientID(id))
		kgoProduce(t, cl, kgo.StringRecord("x"))
		cl.Close()
	}
	if got, want := kgoIDs(sdk), []string{"first", "second"}; !slices.Equal(got, want) || reported.Load() != 0 {
		t.Errorf("client IDs: got %q, want %q; %d errors, want none", got, want, reported.Load())
	}
	third := kgoMust(t, newClient, c, shared, kgo.ClientID("third"))
	sdk.Forget()
	if kgoMust(t, newClient, c, shared, kgo.ClientID("fourth")); reported.Load() != 2 {
		t.Errorf("got %d errors, want one of the new client and one of Wrap", reported.Load())
	}
	third.Process(t.Context(), &kgo.Record{Topic: "quotes"}, nothing)
	if got := kgoIDs(sdk); !slices.Equal(got, []string{"third"}) {
		t.Errorf("the spans of the third client have the IDs %q", got)
	}
}

// TestKgoSeveralOpts makes clients with several Opts, and with the same Opt twice. A record
// must have one span.
func TestKgoSeveralOpts(t *testing.T) {
	for way, newClient := range kgoNews() {
		t.Run(way, func(t *testing.T) {
			c, reported := kgoCluster(t, "quotes"), kgoErrors(t)
			sdk, unused := oteltest.New(t), oteltest.New(t)
			opt := kgotrace.Opt(kafkaOptions(sdk)...)
			for range 2 {
				cl := kgoMust(t, newClient, c, opt, opt, kgotrace.Opt(kafkaOptions(unused)...))
				kgoProduce(t, cl, kgo.StringRecord("x"))
				cl.Process(t.Context(), &kgo.Record{Topic: "quotes"}, nothing)
				cl.Close()
			}
			if sdk.Started() != 4 || unused.Started() != 0 || reported.Load() != 0 {
				t.Errorf("%d spans, want 4; %d spans of the second Opt, want none; %d errors, want none",
					sdk.Started(), unused.Started(), reported.Load())
			}
		})
	}
}

// TestKgoWrap checks that Wrap returns the same Client each time.
func TestKgoWrap(t *testing.T) {
	cl := kgoTraced(t, oteltest.New(t), kgoCluster(t, "quotes"))
	if kgotrace.Wrap(cl.Client) != cl {
		t.Error("Wrap returned another Client")
	}
}

// TestKgoWithoutOpt wraps a client that was made without an Opt.
func TestKgoWithoutOpt(t *testing.T) {
	sdk, reported := oteltest.New(t), kgoErrors(t)
	sdk.Install(t)
	cl := kgotrace.Wrap(kgoClient(t, kgoCluster(t, "quotes"), kgo.DefaultProduceTopic("quotes")))
	if reported.Load() != 1 {
		t.Errorf("got %d errors, want 1", reported.Load())
	}
	failure := errors.New("on purpose")
	fail := func(context.Context) error { return failure }
	r := &kgo.Record{Topic: "quotes"}
	kgoProduce(t, cl, kgo.StringRecord("x"))
	for name, err := range map[string]error{
		"process": cl.Process(t.Context(), r, fail), "batch": cl.ProcessBatch(t.Context(), []*kgo.Record{r}, fail),
		"commit": cl.Commit(t.Context(), fail),
	} {
		if err != failure { //nolint:errorlint // it must be the same value
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := sdk.Started(); n != 0 {
		t.Errorf("got %d spans, want none", n)
	}
}

// TestKgoNewClientFails checks that NewClient returns the error of franz-go.
func TestKgoNewClientFails(t *testing.T) {
	if cl, err := kgotrace.NewClient(kgo.MaxBufferedRecords(-1)); err == nil || cl != nil {
		t.Errorf("got %v and the error %v", cl, err)
	}
}

// TestKgoForwardingFromShareGroup sends records on that a share group got. Such a record has
// a context, and franz-go uses this context for the send.
func TestKgoForwardingFromShareGroup(t *testing.T) {
	type client = *kgotrace.Client
	for name, process := range map[string]func(context.Context, client, *kgo.Record, func(context.Context) error) error{
		"Process": func(ctx context.Context, cl client, r *kgo.Record, fn func(context.Context) error) error {
			return cl.Process(ctx, r, fn)
		},
		"ProcessBatch": func(ctx context.Context, cl client, r *kgo.Record, fn func(context.Context) error) error {
			return cl.ProcessBatch(ctx, []*kgo.Record{r}, fn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			sdk, c := oteltest.New(t), kgoCluster(t, "quotes", "dead")
			c.SetGroupConfigs("stats", map[string]string{"share.auto.offset.reset": "earliest"})
			cl := kgoTraced(t, sdk, c, kgo.ShareGroup("stats"), kgo.ConsumeTopics("quotes"))
			kgoProduce(t, cl, kgo.StringRecord("x"))
			r := kgoPoll(t, cl, 1)[0]
			if r.Context == nil {
				t.Fatal("the record has no context")
			}
			sdk.Forget()
			err := process(t.Context(), cl, r, func(ctx context.Context) error {
				r.Topic = "dead"
				return cl.ProduceSync(ctx, r).FirstErr()
			})
			if err != nil {
				t.Fatal(err)
			}
			if spans := sdk.Wait(t, 2); spans[0].Name() != "dead publish" || !isChild(spans[0], spans[1]) {
				t.Errorf("%s is not below %s", spans[0].Name(), spans[1].Name())
			}
		})
	}
}

// TestKgoManyRecords produces many more records than fit into the buffer. The broker refuses
// some requests, so the client sends their records again. Afterwards, the test produces the
// same records a second time.
func TestKgoManyRecords(t *testing.T) {
	for state, opts := range map[string][]kafkatrace.Option{
		"sampled":     kafkaOptions(oteltest.NewSilent(t, sdktrace.AlwaysSample())),
		"not sampled": kafkaOptions(oteltest.NewSilent(t, sdktrace.NeverSample())),
		"no SDK":      {kafkatrace.WithTracerProvider(tracenoop.NewTracerProvider()), kafkatrace.WithPropagator(oteltest.W3C)},
	} {
		t.Run(state, func(t *testing.T) {
			c := kgoCluster(t, "quotes")
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: 10})
			cl := kgoMust(t, kgotrace.NewClient, c, kgo.MaxBufferedBytes(100_000), kgo.MetadataMinAge(20*time.Millisecond), kgotrace.Opt(opts...))
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			records := make([]kgo.Record, kgoMany()/2)
			for round := range 2 {
				sent := 0 // franz-go calls one promise at a time
				for i := range records {
					records[i].Value, records[i].Context = make([]byte, 100), nil
					cl.Produce(ctx, &records[i], func(_ *kgo.Record, err error) {
						if err != nil {
							t.Errorf("record %d: %v", i, err)
						}
						sent++
					})
				}
				if err := cl.Flush(ctx); err != nil {
					t.Fatal(err)
				}
				if got := kgoIdle(t, cl.Client); got != (kgoAccounts{}) || sent != len(records) {
					t.Errorf("round %d: sent %d of %d records; still counted: %+v", round, sent, len(records), got)
				}
			}
		})
	}
}

func kgoMany() int {
	if testing.Short() {
		return 10_000
	}
	return 100_000
}
