package kafkasuite

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/nais/spor/kafkatrace"
)

// A Client is a client library with its adapter, used as the adapter's
// documentation says.
type Client interface {
	// Modes returns the ways to send that the library has, the usual one first.
	Modes() []string
	// Lacks returns why the library cannot do something, "" if it can.
	Lacks(ability Ability) (reason string)
	Producer(t *testing.T, with Producing) Producer
	Consumer(t *testing.T, with Consuming) Consumer
	// Record returns what the client's own record says now.
	Record(native any) Record
	// Headers makes the client's own headers, with room for more behind them, for
	// Record.Shared.
	Headers(headers []Header, spare int) (shared any)
	// Shared returns what they say now, those in the spare room too.
	Shared(shared any) []Header
}

// A Ability is what not every client can do.
type Ability string

// What not every client can do.
const (
	// Transactions are producers with a transactional id.
	Transactions Ability = "transactions"
	// Nulls is telling values that are null from empty ones on reading.
	Nulls Ability = "null values"
	// Polls are polls that come back with nothing.
	Polls Ability = "polls"
	// Outcomes is telling the program of each record by its own callback.
	Outcomes Ability = "outcomes"
	// Revocations is telling, once a handler is done, that its partition was
	// taken away meanwhile.
	Revocations Ability = "revocations"
	// OwnHeaders is to return a record with the headers that the program gave.
	OwnHeaders Ability = "headers as given"
	// NilHeaders is telling header values that are null from empty ones.
	NilHeaders Ability = "null headers"
)

// Producing is how a row wants a producer.
type Producing struct {
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

// A Producer sends records.
type Producer interface {
	// Send sends a record, and returns when it was acknowledged or given up. It
	// keeps the client's own record in r.Native, and sends that one if there is one.
	Send(ctx context.Context, r *Record) error
	// SendAll does so with records that go together.
	SendAll(ctx context.Context, records []*Record) error
	// Start sends a record without waiting. done is called as the client tells
	// the program, with the context that it hands over, the record as the program
	// would find it then, and the error.
	Start(ctx context.Context, r *Record, done func(ctx context.Context, r Record, err error))
	// Forward sends a record that was received to another topic, by the shortest
	// way that the client has.
	Forward(ctx context.Context, received Record, topic string) error
	Begin(ctx context.Context) error
	End(ctx context.Context, commit bool) error
	// Close closes the producer as programs do, which may wait for records.
	Close()
	// Abandon closes it without waiting for records any longer than it must.
	Abandon()
}

// Consuming is how a row wants a member of a consumer group.
type Consuming struct {
	Brokers []string
	TLS     *tls.Config
	Options []kafkatrace.Option
	Group   string
	Topic   string
}

// A Consumer is a member of a consumer group, which starts at the first
// record where nothing was committed.
type Consumer interface {
	// Run hands over each record with the context of its span, one after another,
	// and commits those that handle is done with, until ctx ends or handle returns
	// an error, which it returns.
	Run(ctx context.Context, handle func(ctx context.Context, r Record) error) error
	// RunBatches hands over the records of a poll with the context of one span for
	// all.
	RunBatches(ctx context.Context, handle func(ctx context.Context, records []Record) error) error
	// Poll polls as many times for nothing.
	Poll(ctx context.Context, times int) error
	// Close leaves the group.
	Close()
}
