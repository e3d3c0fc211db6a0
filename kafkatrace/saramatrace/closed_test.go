package saramatrace_test

import (
	"context"
	"testing"

	"github.com/IBM/sarama"

	"github.com/nais/spor/internal/oteltest"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// TestLastLagOfGroup checks the lag of a consumer group that is closed before the metrics are
// collected. The last lag is reported once if the program ends the session. If the group ends
// the session, another member reports the lag.
func TestLastLagOfGroup(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(cancel func(), inner *group)
		want []int64
	}{
		"the handler returns": {func(func(), *group) {}, []int64{7}},
		"canceled":            {func(cancel func(), _ *group) { cancel() }, []int64{7}},
		"rebalance":           {func(_ func(), inner *group) { inner.session.end() }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			sdk, inner := oteltest.New(t), &group{claim: newPartition(50)}
			g := saramatrace.WrapConsumerGroup(inner, "stats", nil, options(sdk)...)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := g.Consume(ctx, nil, handling{claim: func(s sarama.ConsumerGroupSession) error {
				s.MarkMessage(received(42), "")
				tt.end(cancel, inner)
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			checkLag(t, sdk, tt.want...)
			checkLag(t, sdk)
		})
	}
}

// TestLastLagOfConsumer checks the lag of a consumer without a group that is closed before the
// metrics are collected.
func TestLastLagOfConsumer(t *testing.T) {
	sdk := oteltest.New(t)
	c := saramatrace.WrapConsumer(consumers{p: newPartition(50)}, nil, options(sdk)...)
	p, err := c.ConsumePartition("quotes", 1, 40)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Process(t.Context(), received(42), succeed); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	checkLag(t, sdk, 10) // the greatest lag
	checkLag(t, sdk)
}
