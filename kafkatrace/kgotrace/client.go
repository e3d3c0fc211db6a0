package kgotrace

import (
	"reflect"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/internal/adapter"
)

type client struct {
	*kgo.Client

	tracer *adapter.Tracer
	acks   bool
}

// clients contains the clients that are open. It is a map because a kgo.Client cannot store
// values of other packages.
var clients sync.Map // *kgo.Client → *client

// clientOf returns the client for cl. It returns nil if cl was made without [Opt].
func clientOf(cl *kgo.Client) *client {
	if known, ok := clients.Load(cl); ok {
		return known.(*client)
	}
	// The program may still process records after cl was closed. The hooks of cl still
	// contain the *client.
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

// newClient makes the client for cl. The Tracer gets the options that newClient derives from
// the configuration of cl, followed by the options in opts.
func newClient(cl *kgo.Client, opts []kafkatrace.Option) *client {
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

// text returns the value of an option. It returns "" if the value is not a string.
func text(cl *kgo.Client, opt any) string {
	value, _ := cl.OptValue(opt).(string)
	return value
}

func (c *client) assigned(yield func(string, int32) bool) {
	for topic, partitions := range c.CommittedOffsets() {
		for partition := range partitions {
			if !yield(topic, partition) {
				return
			}
		}
	}
}

func (c *client) has(topic string, partition int32) bool {
	_, has := c.CommittedOffsets()[topic][partition]
	return has
}
