package saramatrace_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// callbacks is a meter provider that counts the registered callbacks.
type callbacks struct {
	metric.MeterProvider

	registered *atomic.Int64
}

func (c callbacks) Meter(name string, opts ...metric.MeterOption) metric.Meter {
	return callbackMeter{c.MeterProvider.Meter(name, opts...), c.registered}
}

type callbackMeter struct {
	metric.Meter

	registered *atomic.Int64
}

func (m callbackMeter) RegisterCallback(f metric.Callback, instruments ...metric.Observable) (metric.Registration, error) {
	r, err := m.Meter.RegisterCallback(f, instruments...)
	if err == nil {
		m.registered.Add(1)
	}
	return callbackRegistration{r, m.registered}, err
}

type callbackRegistration struct {
	metric.Registration

	registered *atomic.Int64
}

func (r callbackRegistration) Unregister() error {
	r.registered.Add(-1)
	return r.Registration.Unregister()
}

// partitionOf is a claim and a partition consumer without a broker.
type partitionOf struct {
	sarama.PartitionConsumer

	messages chan *sarama.ConsumerMessage
	initial  int64 // the offset of the first message; negative if the group has no offset
	high     atomic.Int64
	paused   atomic.Bool
}

// newPartition returns a partition whose broker has the messages below the offset high.
func newPartition(high int64) *partitionOf {
	p := &partitionOf{messages: make(chan *sarama.ConsumerMessage, 256), initial: sarama.OffsetOldest}
	p.high.Store(high)
	return p
}

func (*partitionOf) Topic() string                              { return "quotes" }
func (*partitionOf) Partition() int32                           { return 1 }
func (p *partitionOf) InitialOffset() int64                     { return p.initial }
func (*partitionOf) AsyncClose()                                {}
func (*partitionOf) Close() error                               { return nil }
func (p *partitionOf) HighWaterMarkOffset() int64               { return p.high.Load() }
func (p *partitionOf) IsPaused() bool                           { return p.paused.Load() }
func (p *partitionOf) Messages() <-chan *sarama.ConsumerMessage { return p.messages }

// group is a consumer group without a broker. Each call of Consume is one session, which has
// the partition claim. sarama calls Cleanup even if Setup fails.
type group struct {
	sarama.ConsumerGroup

	claim   *partitionOf
	session *groupSession // the latest session
}

func (g *group) Consume(ctx context.Context, _ []string, h sarama.ConsumerGroupHandler) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	s := &groupSession{ctx: ctx, end: end}
	g.session = s
	err := h.Setup(s)
	if err == nil {
		err = h.ConsumeClaim(s, g.claim)
	}
	return errors.Join(err, h.Cleanup(s))
}

func (*group) Close() error { return nil }

type groupSession struct {
	sarama.ConsumerGroupSession

	ctx     context.Context
	end     func() // ends the session, as a rebalance does
	commits int
}

func (s *groupSession) Context() context.Context                  { return s.ctx }
func (*groupSession) GenerationID() int32                         { return 1 }
func (*groupSession) MarkMessage(*sarama.ConsumerMessage, string) {}
func (*groupSession) MarkOffset(string, int32, int64, string)     {}
func (s *groupSession) Commit()                                   { s.commits++ }

// handling is a handler that consists of the function for a claim.
type handling struct {
	setup error
	claim func(sarama.ConsumerGroupSession) error
}

func (h handling) Setup(sarama.ConsumerGroupSession) error { return h.setup }
func (handling) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (h handling) ConsumeClaim(s sarama.ConsumerGroupSession, _ sarama.ConsumerGroupClaim) error {
	return h.claim(s)
}

func received(offset int64) *sarama.ConsumerMessage {
	return &sarama.ConsumerMessage{Topic: "quotes", Partition: 1, Offset: offset}
}

func succeed(context.Context) error { return nil }

// TestSessionsLeaveNothing runs 5,000 sessions of a consumer group. There must be one callback
// that measures the lag, also after the group was closed. The lag is reported while the group
// has the partition, and once after that. The sessions must not need more and more memory.
func TestSessionsLeaveNothing(t *testing.T) {
	for name, tt := range map[string]struct{ setup, processing error }{
		"processing": {}, "setting up fails": {setup: errRefused}, "processing fails": {processing: errRefused},
	} {
		t.Run(name, func(t *testing.T) {
			sdk, registered := oteltest.New(t), new(atomic.Int64)
			g := saramatrace.WrapConsumerGroup(&group{claim: newPartition(50)}, "stats", nil,
				append(options(sdk), kafkatrace.WithMeterProvider(callbacks{sdk.MeterProvider, registered}))...)
			session := func(during func()) {
				err := g.Consume(t.Context(), []string{"quotes"}, handling{tt.setup, func(s sarama.ConsumerGroupSession) error {
					err := g.Process(s.Context(), received(42), func(context.Context) error { return tt.processing })
					during()
					return err
				}})
				if want := errors.Join(tt.setup, tt.processing); (err == nil) != (want == nil) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			session(func() { checkLag(t, sdk, 7) })
			if tt.setup == nil {
				checkLag(t, sdk, 7)
			}
			checkLag(t, sdk)
			sdk.Forget()
			before := heap()
			for range 5000 {
				session(func() {})
				sdk.Forget()
			}
			if grown := int64(heap()) - int64(before); grown > 300_000 {
				t.Errorf("the heap has %d bytes more after 5,000 sessions", grown)
			}
			if n := registered.Load(); n != 1 && tt.setup == nil {
				t.Errorf("%d callbacks, want 1", n)
			}
			if err := g.Close(); err != nil || registered.Load() > 1 {
				t.Errorf("%d callbacks after Close, %v", registered.Load(), err)
			}
		})
	}
}

// checkLag compares the lags of the partitions with want.
func checkLag(t *testing.T, sdk *oteltest.SDK, want ...int64) {
	t.Helper()
	if got := lags(t, sdk); !slices.Equal(got, want) {
		t.Errorf("lag %v, want %v", got, want)
	}
}

// lags collects the metrics and returns the lag of each partition.
func lags(t *testing.T, sdk *oteltest.SDK) (all []int64) {
	t.Helper()
	gauge, _ := sdk.Metric(t, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64])
	for _, p := range gauge.DataPoints {
		all = append(all, p.Value)
	}
	return all
}

// TestPartitionMovesBetweenSessions checks a partition that has a second claim before the
// first claim has returned. The end of the first claim must not remove the lag.
func TestPartitionMovesBetweenSessions(t *testing.T) {
	sdk := oteltest.New(t)
	g := saramatrace.WrapConsumerGroup(&group{claim: newPartition(50)}, "stats", nil, options(sdk)...)
	consume := func(during func(sarama.ConsumerGroupSession)) {
		err := g.Consume(t.Context(), nil, handling{claim: func(s sarama.ConsumerGroupSession) error { during(s); return nil }})
		if err != nil {
			t.Error(err)
		}
	}
	first, second := make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() { consume(func(sarama.ConsumerGroupSession) { close(first); <-second }) })
	<-first
	consume(func(s sarama.ConsumerGroupSession) {
		close(second)
		done.Wait()
		if err := g.Process(s.Context(), received(42), succeed); err != nil {
			t.Error(err)
		}
		checkLag(t, sdk, 7)
	})
	checkLag(t, sdk, 7) // the last lag
	checkLag(t, sdk)
}

// TestLagOfIgnoredMessages checks that a message counts as read when the program marks it,
// although it makes no span for it.
func TestLagOfIgnoredMessages(t *testing.T) {
	sdk := oteltest.New(t)
	g := saramatrace.WrapConsumerGroup(&group{claim: newPartition(50)}, "stats", nil, options(sdk)...)
	err := g.Consume(t.Context(), nil, handling{claim: func(s sarama.ConsumerGroupSession) error {
		s.MarkMessage(received(39), "")
		checkLag(t, sdk, 10)
		s.MarkOffset("quotes", 1, 45, "")
		checkLag(t, sdk, 10) // the greatest lag since the last collection
		checkLag(t, sdk, 5)
		s.MarkMessage(received(42), "") // earlier than the last one
		checkLag(t, sdk, 5)
		s.MarkMessage(nil, "")
		return nil
	}})
	if err != nil || sdk.Started() != 0 {
		t.Errorf("%d spans, %v", sdk.Started(), err)
	}
}

func nothing(*sarama.Config, *partitionOf) {}
func slowly(c *sarama.Config, _ *partitionOf) {
	c.Consumer.MaxWaitTime, c.Consumer.MaxProcessingTime, c.Net.ReadTimeout = 10*time.Second, 20*time.Second, time.Minute
}

// TestLagPassesSkippedRecords checks the lag of a partition that ends with records that sarama
// skips. The lag becomes 0 when sarama has found no message for a while. It stays if the
// program has not read all messages, if the partition is paused, if sarama has no buffer, and
// if the consumer also reads aborted messages.
func TestLagPassesSkippedRecords(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*sarama.Config, *partitionOf)
		wait   time.Duration
		want   int64
	}{
		"read committed":        {nothing, 32 * time.Second, 0},
		"too early":             {nothing, 31 * time.Second, 502},
		"broker may still wait": {slowly, 120 * time.Second, 502},
		"broker has answered":   {slowly, 121 * time.Second, 0},
		"read uncommitted":      {func(c *sarama.Config, _ *partitionOf) { c.Consumer.IsolationLevel = sarama.ReadUncommitted }, time.Hour, 502},
		"message left":          {func(_ *sarama.Config, p *partitionOf) { p.messages <- received(50) }, time.Hour, 502},
		"paused":                {func(_ *sarama.Config, p *partitionOf) { p.paused.Store(true) }, time.Hour, 502},
		"no buffer":             {func(_ *sarama.Config, p *partitionOf) { p.messages = make(chan *sarama.ConsumerMessage) }, time.Hour, 502},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sdk, p, config := oteltest.New(t), newPartition(545), sarama.NewConfig()
				config.Consumer.IsolationLevel = sarama.ReadCommitted
				tt.change(config, p)
				g := saramatrace.WrapConsumerGroup(&group{claim: p}, "stats", config, options(sdk)...)
				err := g.Consume(t.Context(), nil, handling{claim: func(s sarama.ConsumerGroupSession) error {
					err := g.Process(s.Context(), received(42), succeed)
					_ = lags(t, sdk)
					time.Sleep(tt.wait) //nolint:forbidigo // fake time in the synctest bubble
					_ = lags(t, sdk)
					checkLag(t, sdk, tt.want)
					return err
				}})
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// consumers returns the partition p.
type consumers struct {
	sarama.Consumer

	p   *partitionOf
	err error
}

func (c consumers) ConsumePartition(string, int32, int64) (sarama.PartitionConsumer, error) {
	return c.p, c.err
}
func (consumers) Close() error { return nil }

// TestConsumerWithoutGroup checks the spans and the lag of a consumer that has no group.
func TestConsumerWithoutGroup(t *testing.T) {
	sdk, registered := oteltest.New(t), new(atomic.Int64)
	c := saramatrace.WrapConsumer(consumers{p: newPartition(50)}, nil,
		append(options(sdk), kafkatrace.WithMeterProvider(callbacks{sdk.MeterProvider, registered}))...)
	p, err := c.ConsumePartition("quotes", 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(c.Process(t.Context(), received(39), succeed),
		c.ProcessBatch(t.Context(), []*sarama.ConsumerMessage{received(40), nil, received(42)}, succeed))
	if n := len(sdk.Ended()); n != 2 || err != nil {
		t.Errorf("%d spans, %v", n, err)
	}
	checkLag(t, sdk, 50) // from the start
	checkLag(t, sdk, 7)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	checkLag(t, sdk, 7) // the last lag
	checkLag(t, sdk)
	if err := c.Close(); err != nil || registered.Load() != 1 {
		t.Errorf("%d callbacks after Close, %v", registered.Load(), err)
	}
	if _, err := saramatrace.WrapConsumer(consumers{err: errRefused}, nil).ConsumePartition("quotes", 1, 0); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want %v", err, errRefused)
	}
}

// TestSessionEndsDuringProcessing checks the event of a message whose session ends while the
// message is processed. If the program itself ends the session, there must be no event.
func TestSessionEndsDuringProcessing(t *testing.T) {
	for _, canceled := range []bool{false, true} {
		sdk, inner := oteltest.New(t), &group{claim: newPartition(50)}
		g := saramatrace.WrapConsumerGroup(inner, "stats", nil, options(sdk)...)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := g.Consume(ctx, nil, handling{claim: func(s sarama.ConsumerGroupSession) error {
			return g.Process(s.Context(), received(42), func(context.Context) error {
				if canceled {
					cancel()
				} else {
					inner.session.end()
				}
				return nil
			})
		}})
		events := sdk.Only(t).Events()
		if err != nil || canceled && len(events) != 0 || !canceled && (len(events) != 1 || events[0].Name != "partitions revoked") {
			t.Errorf("canceled %t: the events are %v, %v", canceled, events, err)
		}
	}
}

// TestLagFromTheStart checks the lag of a partition of which no message was read yet, and the
// lag after the partition was lost and got again.
func TestLagFromTheStart(t *testing.T) {
	sdk, inner := oteltest.New(t), &group{claim: newPartition(50)}
	g := saramatrace.WrapConsumerGroup(inner, "stats", nil, options(sdk)...)
	session := func(initial int64, during func(sarama.ConsumerGroupSession)) {
		inner.claim.initial = initial
		if err := g.Consume(t.Context(), nil, handling{claim: func(s sarama.ConsumerGroupSession) error { during(s); return nil }}); err != nil {
			t.Error(err)
		}
	}
	session(sarama.OffsetOldest, func(s sarama.ConsumerGroupSession) {
		checkLag(t, sdk) // the position is not known yet
		s.MarkMessage(received(9), "")
		checkLag(t, sdk, 40)
		s.MarkMessage(received(49), "")
	})
	session(50, func(sarama.ConsumerGroupSession) {
		_ = lags(t, sdk)
		checkLag(t, sdk, 0)
	})
	session(0, func(sarama.ConsumerGroupSession) { checkLag(t, sdk, 50) })
}

// TestSessionIsOneKey checks that a program can use the session as the key of a map.
func TestSessionIsOneKey(t *testing.T) {
	seen := keys{}
	g := saramatrace.WrapConsumerGroup(&group{claim: newPartition(50)}, "stats", nil)
	if err := g.Consume(t.Context(), nil, seen); err != nil || len(seen) != 1 {
		t.Errorf("one session has %d keys, %v", len(seen), err)
	}
}

// keys is a handler that collects the sessions.
type keys map[sarama.ConsumerGroupSession]bool

func (k keys) Setup(s sarama.ConsumerGroupSession) error   { k[s] = true; return nil }
func (k keys) Cleanup(s sarama.ConsumerGroupSession) error { k[s] = true; return nil }
func (k keys) ConsumeClaim(s sarama.ConsumerGroupSession, _ sarama.ConsumerGroupClaim) error {
	k[s] = true
	return nil
}
