package saramatrace_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

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

// groupSession is a session with one partition. If the field lost is true, the session has
// no partition.
type groupSession struct {
	sarama.ConsumerGroupSession

	ctx  context.Context
	lost bool
}

func (s *groupSession) Context() context.Context { return s.ctx }
func (*groupSession) GenerationID() int32        { return 1 }

func (s *groupSession) Claims() map[string][]int32 {
	if s.lost {
		return nil
	}
	return map[string][]int32{"quotes": {1}}
}

type groupClaim struct{ sarama.ConsumerGroupClaim }

func (groupClaim) Topic() string              { return "quotes" }
func (groupClaim) Partition() int32           { return 1 }
func (groupClaim) HighWaterMarkOffset() int64 { return 50 }

// groupHandler processes one message per claim.
type groupHandler struct{ setup, claim error }

func (h groupHandler) Setup(sarama.ConsumerGroupSession) error { return h.setup }
func (groupHandler) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (h groupHandler) ConsumeClaim(s sarama.ConsumerGroupSession, _ sarama.ConsumerGroupClaim) error {
	m := &sarama.ConsumerMessage{Topic: "quotes", Partition: 1, Offset: 42}
	return saramatrace.Process(s.Context(), m, func(context.Context) error { return h.claim })
}

// runSession calls the methods of h in the same order as sarama does in a session. sarama
// calls Cleanup even if Setup fails.
func runSession(t *testing.T, h sarama.ConsumerGroupHandler, during func()) {
	t.Helper()
	s := &groupSession{ctx: t.Context()}
	if h.Setup(s) == nil {
		_ = h.ConsumeClaim(s, groupClaim{})
		during()
	}
	if err := h.Cleanup(s); err != nil {
		t.Error(err)
	}
}

// TestSessionsLeaveNothing checks the callbacks that measure the lag. During a session of a
// consumer group, one callback must be registered. After the sessions, no callback may be
// registered. The handler is wrapped either once, or again for each session.
func TestSessionsLeaveNothing(t *testing.T) {
	for name, own := range map[string]groupHandler{
		"processing": {}, "setting up fails": {setup: errRefused}, "processing fails": {claim: errRefused},
	} {
		for _, once := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, wrapped once %t", name, once), func(t *testing.T) {
				sdk, registered := oteltest.New(t), new(atomic.Int64)
				opts := append(options(sdk), kafkatrace.WithMeterProvider(callbacks{sdk.MeterProvider, registered}))
				h := saramatrace.ConsumerGroupHandler(own, opts...)
				for range 100 {
					if !once {
						h = saramatrace.ConsumerGroupHandler(own, opts...)
					}
					runSession(t, h, func() {
						if n := registered.Load(); n != 1 {
							t.Errorf("%d callbacks in a session", n)
						}
						checkLag(t, sdk, 7)
					})
				}
				if n := registered.Load(); n != 0 {
					t.Errorf("%d callbacks after the sessions", n)
				}
				checkLag(t, sdk)
				if want := 100; own.setup == nil && len(sdk.Ended()) != want {
					t.Errorf("%d spans, want %d", len(sdk.Ended()), want)
				}
			})
		}
	}
}

// checkLag compares the number of partitions that have a lag with the length of want. If
// want has exactly one value, checkLag also compares the lag with this value.
func checkLag(t *testing.T, sdk *oteltest.SDK, want ...int64) {
	t.Helper()
	gauge, _ := sdk.Metric(t, "kafka.consumer.records_lag_max").(metricdata.Gauge[int64])
	if len(gauge.DataPoints) != len(want) || len(want) == 1 && gauge.DataPoints[0].Value != want[0] {
		t.Errorf("lag %v, want %v", gauge.DataPoints, want)
	}
}

// TestSessionsAtOnce checks a handler that has sessions in two groups at the same time.
// After the first session has ended, the lag must still be measured. After both sessions
// have ended, no callback may be registered.
func TestSessionsAtOnce(t *testing.T) {
	sdk, registered := oteltest.New(t), new(atomic.Int64)
	h := saramatrace.ConsumerGroupHandler(groupHandler{}, append(options(sdk),
		kafkatrace.WithMeterProvider(callbacks{sdk.MeterProvider, registered}))...)
	first, second := &groupSession{ctx: t.Context()}, &groupSession{ctx: t.Context()}
	if err := errors.Join(h.Setup(first), h.Setup(second), h.ConsumeClaim(first, groupClaim{}), h.Cleanup(first),
		h.ConsumeClaim(second, groupClaim{})); err != nil {
		t.Fatal(err)
	}
	if n := registered.Load(); n != 1 {
		t.Errorf("%d callbacks while a session is left", n)
	}
	checkLag(t, sdk, 7)
	if err := h.Cleanup(second); err != nil {
		t.Fatal(err)
	}
	if n := registered.Load(); n != 0 {
		t.Errorf("%d callbacks after the sessions", n)
	}
}

// TestCooperativeSession checks the lag of a session that gets its partition after Setup and
// loses it before Cleanup.
func TestCooperativeSession(t *testing.T) {
	sdk := oteltest.New(t)
	h := saramatrace.ConsumerGroupHandler(groupHandler{}, options(sdk)...)
	s := &groupSession{ctx: t.Context(), lost: true}
	if err := h.Setup(s); err != nil {
		t.Fatal(err)
	}
	s.lost = false
	if err := h.ConsumeClaim(s, groupClaim{}); err != nil {
		t.Fatal(err)
	}
	checkLag(t, sdk, 7)
	s.lost = true
	checkLag(t, sdk)
	if err := h.Cleanup(s); err != nil {
		t.Fatal(err)
	}
}
