package kafkasuite

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/nais/spor/kafkatrace"
)

// A Client makes the producers and consumers of one client library. They use the adapter for
// the library in the way that the documentation of the adapter describes.
type Client interface {
	// Modes returns the modes in which the library can send. The usual mode is the first.
	Modes() []string
	// Lacks returns the reason why the library does not have an ability. It returns "" if
	// the library has the ability.
	Lacks(ability Ability) (reason string)
	Producer(t *testing.T, with Producing) Producer
	Consumer(t *testing.T, with Consuming) Consumer
	// Record converts native, a record of the client's own type, to a Record with the same
	// content.
	Record(native any) Record
	// Headers converts headers to a slice of the client's own type, for the field Shared of
	// a Record. The parameter spare is the number of additional headers for which the slice
	// has free capacity.
	Headers(headers []Header, spare int) (shared any)
	// Shared returns the current content of a slice that Headers has made, including the
	// free capacity.
	Shared(shared any) []Header
}

// An Ability is a feature that some clients do not have.
type Ability string

// Features that some clients do not have.
const (
	// Transactions: a producer can have a transactional ID.
	Transactions Ability = "transactions"
	// Nulls: when the client reads records, it distinguishes a null value from an empty
	// value.
	Nulls Ability = "null values"
	// Polls: a poll may return without any record.
	Polls Ability = "polls"
	// Outcomes: each record has its own callback.
	Outcomes Ability = "outcomes"
	// Revocations: while a handler runs, the group may assign the partition to another
	// member. After the handler has returned, the adapter can detect this.
	Revocations Ability = "revocations"
	// OwnHeaders: after the send, a record has exactly the headers that the program set.
	OwnHeaders Ability = "headers as given"
	// NilHeaders: when the client reads records, it distinguishes a null header value from
	// an empty header value.
	NilHeaders Ability = "null headers"
)

// Producing configures a producer for a test.
type Producing struct {
	Brokers []string
	TLS     *tls.Config
	Options []kafkatrace.Option
	// Mode is one of Client.Modes.
	Mode string
	// NoAcks means that the producer does not wait for acknowledgements.
	NoAcks bool
	// Linger is how long a record waits for other records of the same batch.
	Linger time.Duration
	// Transaction is the transactional ID. "" means that the producer has no transactional
	// ID.
	Transaction string
}

// A Producer sends records.
type Producer interface {
	// Send sends r, and waits until the library reports the result. Send converts r to a
	// record of the client's own type, and stores that record in r.Native. If r.Native is
	// already set, Send sends the record in r.Native.
	Send(ctx context.Context, r *Record) error
	// SendAll sends several records together, and waits until the library reports the
	// results of all records.
	SendAll(ctx context.Context, records []*Record) error
	// Start sends a record without waiting. When the client calls the program's callback,
	// the function done is called with three arguments. They are the context from the
	// client, the current content of the record, and the error.
	Start(ctx context.Context, r *Record, done func(ctx context.Context, r Record, err error))
	// Forward sends a copy of a received record to another topic. Apart from the topic, the
	// copy differs from the received record only if the client requires this.
	Forward(ctx context.Context, received Record, topic string) error
	Begin(ctx context.Context) error
	End(ctx context.Context, commit bool) error
	// Close closes the producer in the way that programs close it. It may wait until records
	// are sent.
	Close()
	// Abandon closes the producer. If the client allows this, Abandon does not wait until
	// records are sent.
	Abandon()
}

// Consuming configures a member of a consumer group for a test.
type Consuming struct {
	Brokers []string
	TLS     *tls.Config
	Options []kafkatrace.Option
	Group   string
	Topic   string
}

// A Consumer is a member of a consumer group. If the group has not committed an offset, the
// Consumer starts at the first record.
type Consumer interface {
	// Run calls handle for each record in order. The context of the call contains the span
	// for the record. Run commits each record that handle has processed. Run returns nil
	// when ctx ends. If handle returns an error, Run returns that error.
	Run(ctx context.Context, handle func(ctx context.Context, r Record) error) error
	// RunBatches calls handle once per poll, with all records of the poll. The context of
	// the call contains one span for all these records.
	RunBatches(ctx context.Context, handle func(ctx context.Context, records []Record) error) error
	// Poll polls the given number of times. The tests call it while there are no records.
	Poll(ctx context.Context, times int) error
	// Close leaves the group.
	Close()
}
