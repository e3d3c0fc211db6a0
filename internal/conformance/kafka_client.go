package conformance

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/nais/spor/kafkatrace"
)

// A KafkaClient is a client library with its adapter, used as the adapter's
// documentation says.
type KafkaClient interface {
	// Modes returns the ways to send that the library has, the usual one first.
	Modes() []string
	// Lacks returns why the library cannot do something, "" if it can.
	Lacks(ability KafkaAbility) (reason string)
	Producer(t *testing.T, with KafkaProducing) KafkaProducer
	Consumer(t *testing.T, with KafkaConsuming) KafkaConsumer
	// Record returns what the client's own record says now.
	Record(native any) KafkaRecord
	// Headers makes the client's own headers, with room for more behind them, for
	// KafkaRecord.Shared.
	Headers(headers []KafkaHeader, spare int) (shared any)
	// Shared returns what they say now, those in the spare room too.
	Shared(shared any) []KafkaHeader
}

// A KafkaAbility is what not every client can do.
type KafkaAbility string

// What not every client can do.
const (
	// KafkaTransactions are producers with a transactional id.
	KafkaTransactions KafkaAbility = "transactions"
	// KafkaNulls is telling values that are null from empty ones on reading.
	KafkaNulls KafkaAbility = "null values"
	// KafkaPolls are polls that come back with nothing.
	KafkaPolls KafkaAbility = "polls"
	// KafkaOutcomes is telling the program of each record by its own callback.
	KafkaOutcomes KafkaAbility = "outcomes"
	// KafkaRevocations is telling, once a handler is done, that its partition was
	// taken away meanwhile.
	KafkaRevocations KafkaAbility = "revocations"
	// KafkaOwnHeaders is to return a record with the headers that the program gave.
	KafkaOwnHeaders KafkaAbility = "headers as given"
	// KafkaNilHeaders is telling header values that are null from empty ones.
	KafkaNilHeaders KafkaAbility = "null headers"
)

// KafkaProducing is how a row wants a producer.
type KafkaProducing struct {
	Brokers []string
	TLS     *tls.Config
	Options []kafkatrace.Option
	// Mode is one of the client's.
	Mode string
	// NoAcks is not to wait for the broker.
	NoAcks bool
	// Linger is how long records wait for others to go with them.
	Linger time.Duration
	// Transaction is the transactional id.
	Transaction string
}

// A KafkaProducer sends records.
type KafkaProducer interface {
	// Send sends a record, and returns when it was acknowledged or given up. It
	// keeps the client's own record in r.Native, and sends that one if there is one.
	Send(ctx context.Context, r *KafkaRecord) error
	// SendAll does so with records that go together.
	SendAll(ctx context.Context, records []*KafkaRecord) error
	// Start sends a record without waiting. done is called as the client tells
	// the program, with the context that it hands over, the record as the program
	// would find it then, and the error.
	Start(ctx context.Context, r *KafkaRecord, done func(ctx context.Context, r KafkaRecord, err error))
	// Forward sends a record that was received to another topic, by the shortest
	// way that the client has.
	Forward(ctx context.Context, received KafkaRecord, topic string) error
	Begin(ctx context.Context) error
	End(ctx context.Context, commit bool) error
	// Close closes the producer as programs do, which may wait for records.
	Close()
	// Abandon closes it without waiting for records any longer than it must.
	Abandon()
}

// KafkaConsuming is how a row wants a member of a consumer group.
type KafkaConsuming struct {
	Brokers []string
	TLS     *tls.Config
	Options []kafkatrace.Option
	Group   string
	Topic   string
}

// A KafkaConsumer is a member of a consumer group, which starts at the first
// record where nothing was committed.
type KafkaConsumer interface {
	// Run hands over each record with the context of its span, one after another,
	// and commits those that handle is done with, until ctx ends or handle returns
	// an error, which it returns.
	Run(ctx context.Context, handle func(ctx context.Context, r KafkaRecord) error) error
	// RunBatches hands over the records of a poll with the context of one span for
	// all.
	RunBatches(ctx context.Context, handle func(ctx context.Context, records []KafkaRecord) error) error
	// Poll polls as many times for nothing.
	Poll(ctx context.Context, times int) error
	// Close leaves the group.
	Close()
}
