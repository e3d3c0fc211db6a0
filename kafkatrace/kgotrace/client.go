package kgotrace

import (
	"reflect"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

// A client is what is known of a kgo.Client.
type client struct {
	*kgo.Client

	tracer *adapter.Tracer
	acks   bool
}

// clients are the open ones. A kgo.Client has no room for values of others.
var clients sync.Map // *kgo.Client → *client

// clientOf returns what is known of cl; nil when it was made without [Opt].
func clientOf(cl *kgo.Client) *client {
	if known, ok := clients.Load(cl); ok {
		return known.(*client)
	}
	// Records of a client that is closed may still be processed.
	v := reflect.ValueOf(cl.OptValue(kgo.WithHooks))
	if v.Kind() != reflect.Slice {
		return nil
	}
	for i := range v.Len() {
		if h, ok := reflect.TypeAssert[*hooks](v.Index(i)); ok {
			return h.client.Load()
		}
	}
	return nil
}

// newClient asks cl what the program has told it.
func newClient(cl *kgo.Client, opts []kafkatrace.Option) *client {
	known := []kafkatrace.Option{}
	if id := text(cl, kgo.ClientID); id != "" {
		known = append(known, kafkatrace.WithAttributes(semconv.MessagingClientID(id)))
	}
	group := text(cl, kgo.ConsumerGroup)
	if group == "" {
		group = text(cl, "ShareGroup") // of later versions
	}
	known = append(known, kafkatrace.WithConsumerGroup(group))
	// Whether there is one comes after the id, which some versions point to.
	if id := cl.OptValues(kgo.TransactionalID); len(id) == 2 && id[1] == true {
		known = append(known, kafkatrace.WithCommitSpans())
	}
	c := &client{
		Client: cl,
		tracer: adapter.NewTracer(append(known, opts...)...),
		acks:   cl.OptValue(kgo.RequiredAcks) != kgo.NoAck(),
	}
	if text(cl, kgo.ConsumerGroup) != "" {
		c.tracer.RetainLag(c.assigned)
	}
	return c
}

func text(cl *kgo.Client, opt any) string {
	value, _ := cl.OptValue(opt).(string)
	return value
}

// assigned yields the partitions that the group has given the client.
func (c *client) assigned(yield func(string, int32) bool) {
	for topic, partitions := range c.CommittedOffsets() {
		for partition := range partitions {
			if !yield(topic, partition) {
				return
			}
		}
	}
}

// has reports whether a partition is still the client's.
func (c *client) has(topic string, partition int32) bool {
	_, has := c.CommittedOffsets()[topic][partition]
	return has
}
