package kgotrace

import (
	"errors"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// A Client is a kgo.Client that is traced and measured. Functions of other packages that
// need a kgo.Client can use the field Client: it is the same client, and the records that it
// sends are traced too. The methods of a Client may be called by several goroutines at the
// same time.
type Client struct {
	*kgo.Client

	tracer    *adapter.Tracer
	positions positions
	acks      bool
	leaving   atomic.Bool // the client leaves its group
	closed    atomic.Bool
}

// NewClient returns a traced kgo.Client. The options in opts are the options of
// [kgo.NewClient]. Use [Opt] to add options of package kafkatrace. Without Opt, NewClient
// uses the defaults of package kafkatrace.
func NewClient(opts ...kgo.Opt) (*Client, error) {
	cl, err := kgo.NewClient(withOwnHooks(opts)...)
	if err != nil {
		return nil, err
	}
	return Wrap(cl), nil
}

// errUntraced is reported for a client that has no Opt of its own.
var errUntraced = errors.New("kgotrace: the client is not traced " +
	"(make it with kgotrace.NewClient, or call kgotrace.Opt once for each client)")

// Wrap returns the Client for cl. Pass [Opt] to the code that makes cl. If cl has no Opt, or
// shares its Opt with another client, Wrap reports an error to [otel.Handle], and returns a
// Client that traces and measures nothing.
func Wrap(cl *kgo.Client) *Client {
	if h := hooksOf(cl); h != nil {
		if c := h.client.Load(); c != nil && c.Client == cl {
			return c
		}
	}
	otel.Handle(errUntraced)
	return &Client{Client: cl, tracer: adapter.NewTracer(
		kafkatrace.WithTracerProvider(tracenoop.NewTracerProvider()),
		kafkatrace.WithMeterProvider(metricnoop.NewMeterProvider()),
	)}
}

// newClient makes the Client for cl. The Tracer gets the options that newClient derives from
// the configuration of cl, followed by the options in opts.
func newClient(cl *kgo.Client, opts []kafkatrace.Option) *Client {
	known := []kafkatrace.Option{}
	if id := text(cl, kgo.ClientID); id != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(id)))
	}
	group := text(cl, kgo.ConsumerGroup)
	if group == "" {
		group = text(cl, "ShareGroup") // an option of later versions of franz-go
	}
	known = append(known, kafkatrace.WithConsumerGroup(group))
	// id[1] reports whether cl has a transactional ID. id[0] is not used, because in some
	// versions of franz-go it is a pointer.
	if id := cl.OptValues(kgo.TransactionalID); len(id) == 2 && id[1] == true {
		known = append(known, kafkatrace.WithCommitSpans())
	}
	c := &Client{
		Client: cl,
		tracer: adapter.NewTracer(append(known, opts...)...),
		acks:   cl.OptValue(kgo.RequiredAcks) != kgo.NoAck(),
	}
	c.positions.set = c.tracer.SetLag
	if text(cl, kgo.ConsumerGroup) != "" {
		c.tracer.RetainLag(c.assigned)
	}
	return c
}

// text returns the value of an option. It returns "" if the value is not a string.
func text(cl *kgo.Client, opt any) string {
	value, _ := cl.OptValue(opt).(string)
	return value
}

// Close is [kgo.Client.Close]. Call it on a Client and not on the embedded kgo.Client, so that
// the last lag is exported only for partitions that the client still has.
func (c *Client) Close() {
	c.leave()
	c.Client.Close()
}

// CloseAllowingRebalance is [kgo.Client.CloseAllowingRebalance]. See Close.
func (c *Client) CloseAllowingRebalance() {
	c.leave()
	c.Client.CloseAllowingRebalance()
}

// leave keeps the partitions that the client has now as the partitions whose last lag is
// exported, because a client that has left its group has no partitions. If the client has left
// its group earlier, all partitions since the last collection are kept.
func (c *Client) leave() {
	if text(c.Client, kgo.ConsumerGroup) == "" || !c.leaving.CompareAndSwap(false, true) {
		return
	}
	has := map[place]bool{}
	for topic, partition := range c.assigned {
		has[place{topic, partition}] = true
	}
	if len(has) == 0 {
		c.tracer.RetainLag(nil)
		return
	}
	c.tracer.RetainLag(func(yield func(string, int32) bool) {
		for p := range has {
			if !yield(p.topic, p.partition) {
				return
			}
		}
	})
}

// close is called after the last fetch. If the program has called Close on the embedded
// kgo.Client, the partitions are no longer known.
func (c *Client) close() {
	c.closed.Store(true)
	if c.leaving.CompareAndSwap(false, true) {
		c.tracer.RetainLag(nil)
	}
	c.tracer.Close()
}

// assigned yields the partitions that the group has assigned to the client. It may yield a
// partition twice. Some versions of franz-go return only partitions with a committed offset
// from CommittedOffsets.
func (c *Client) assigned(yield func(string, int32) bool) {
	for _, offsets := range []map[string]map[int32]kgo.EpochOffset{c.CommittedOffsets(), c.UncommittedOffsets()} {
		for topic, partitions := range offsets {
			for partition := range partitions {
				if !yield(topic, partition) {
					return
				}
			}
		}
	}
}

func (c *Client) has(topic string, partition int32) bool {
	for t, p := range c.assigned {
		if t == topic && p == partition {
			return true
		}
	}
	return false
}
