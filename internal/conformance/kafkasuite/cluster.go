package kafkasuite

import (
	"crypto/tls"
	"testing"
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
