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

// A Cluster is the Kafka cluster of a test. Its methods Write and Read use a client without
// tracing.
type Cluster interface {
	Brokers() []string
	// TLS returns the TLS configuration for the brokers. It returns nil if the brokers do
	// not use TLS.
	TLS() *tls.Config
	CreateTopic(t *testing.T, name string, partitions int32, config map[string]string)
	// Write appends records to their topics without changing them.
	Write(t *testing.T, records ...Record)
	// Read returns the committed records that a topic has now. They are ordered by partition
	// and offset.
	Read(t *testing.T, topic string) []Record
	// Restart stops the brokers, and starts them again with the same data.
	Restart(t *testing.T)
	// Faults returns the faults that the cluster can simulate. It returns nil if the cluster
	// cannot simulate any faults.
	Faults() Faults
}

// Faults makes a cluster fail.
type Faults interface {
	// NotLeader makes the next write requests to the topic fail. The parameter times is the
	// number of requests that fail. The error is that the broker is not the leader. The
	// returned function hits returns how many requests have failed so far.
	NotLeader(topic string, times int) (hits func() int)
	// Hold delays write requests until the returned function release is called. The returned
	// function held waits until at least one write request is delayed.
	Hold(t *testing.T) (held, release func())
}

// A Record is a Kafka record. All clients of the suite use this type.
type Record struct {
	Topic      string
	Partition  int32
	Offset     int64
	Key, Value []byte // nil means null
	Headers    []Header

	// Shared contains headers of the client's own type, which Client.Headers has made. If
	// Shared is set, the client sends these headers instead of the field Headers, and does
	// not copy them.
	Shared any
	// Metadata is the program's own data. The client keeps this data together with the
	// record.
	Metadata any
	// Native is the received or sent record, in the client's own type.
	Native any
}

// A Header is a header of a record. The value may be nil.
type Header struct {
	Key   string
	Value []byte
}

// sent returns the span context in the headers of a record. The headers must contain exactly
// one traceparent.
func sent(t *testing.T, r Record) trace.SpanContext {
	t.Helper()
	if n := count(r.Headers, "traceparent"); n != 1 {
		t.Fatalf("got %d traceparents in %v, want 1", n, r.Headers)
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

// others returns the headers except traceparent, tracestate and baggage.
func others(headers []Header) []Header {
	return slices.DeleteFunc(slices.Clone(headers), func(h Header) bool {
		return strings.EqualFold(h.Key, "traceparent") || strings.EqualFold(h.Key, "tracestate") || strings.EqualFold(h.Key, "baggage")
	})
}

func sameHeaders(a, b []Header) bool {
	return slices.EqualFunc(a, b, func(a, b Header) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) })
}

func carrying(c trace.SpanContext) Header {
	return Header{"traceparent", fmt.Appendf(nil, "00-%s-%s-%s", c.TraceID(), c.SpanID(), c.TraceFlags())}
}

// foreign returns the context of a span of another service. Each n gives a different span in
// a different trace.
func foreign(n int) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0: 0xaa, 8: byte(n >> 8), 15: byte(n)}, SpanID: trace.SpanID{0: 0xbb, 6: byte(n >> 8), 7: byte(n)},
		TraceFlags: trace.FlagsSampled, Remote: true,
	})
}
