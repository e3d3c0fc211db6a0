package kafkasuite

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/internal/oteltest"
)

// A Cluster is what a row of the suite runs against, and a client without
// tracing that shows what is there.
type Cluster interface {
	Brokers() []string
	// TLS returns how to speak to the brokers, nil for in the clear.
	TLS() *tls.Config
	CreateTopic(t *testing.T, name string, partitions int32, config map[string]string)
	// Write appends records as they are.
	Write(t *testing.T, records ...Record)
	// Read returns the records that are in a topic now, the committed ones alone,
	// by partition and offset.
	Read(t *testing.T, topic string) []Record
	// Restart ends the brokers, and starts them again with all they had.
	Restart(t *testing.T)
	// Faults returns what can be made to go wrong, nil for nothing.
	Faults() Faults
}

// Faults make a cluster misbehave.
type Faults interface {
	// NotLeader makes as many requests to write to the topic fail, as if the
	// broker were not the leader, and returns how many did so far.
	NotLeader(topic string, times int) (hits func() int)
	// Hold keeps the broker from seeing requests to write until release is
	// called. held returns when there is one.
	Hold(t *testing.T) (held, release func())
}

// A Record is a record as every client has it.
type Record struct {
	Topic      string
	Partition  int32
	Offset     int64
	Key, Value []byte // nil for null
	Headers    []Header

	// Shared are headers in the client's own form, from Client.Headers, to
	// be sent in place of Headers without a copy.
	Shared any
	// Metadata is what the client keeps beside a record that is sent.
	Metadata any
	// Native is the client's own record, received or sent.
	Native any
}

// A Header is a header of a record. The value may be nil.
type Header struct {
	Key   string
	Value []byte
}

// sent returns the span context in the headers of a record, which must have exactly
// one traceparent.
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

// others returns the headers that the propagator did not write.
func others(headers []Header) []Header {
	return slices.DeleteFunc(slices.Clone(headers), func(h Header) bool {
		return strings.EqualFold(h.Key, "traceparent") || strings.EqualFold(h.Key, "tracestate") || strings.EqualFold(h.Key, "baggage")
	})
}

func sameHeaders(a, b []Header) bool {
	return slices.EqualFunc(a, b, func(a, b Header) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) })
}

// carrying returns the traceparent of a span as a header.
func carrying(c trace.SpanContext) Header {
	return Header{"traceparent", fmt.Appendf(nil, "00-%s-%s-%s", c.TraceID(), c.SpanID(), c.TraceFlags())}
}

// foreign returns the nth span context of another service.
func foreign(n int) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0: 0xaa, 8: byte(n >> 8), 15: byte(n)}, SpanID: trace.SpanID{0: 0xbb, 6: byte(n >> 8), 7: byte(n)},
		TraceFlags: trace.FlagsSampled, Remote: true,
	})
}
