package kafkasuite

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/nais/spor/kafkatrace"
)

// A Client is a client library with its adapter, set up in the way the adapter's
// documentation describes.
type Client interface {
	// Modes returns the modes in which the library can send. The usual mode is the first.
	Modes() []string
	// Lacks returns the reason why the library does not have an ability, "" if it has the
	// ability.
	Lacks(ability Ability) (reason string)
	Producer(t *testing.T, with Producing) Producer
	Consumer(t *testing.T, with Consuming) Consumer
	// Record returns the current content of the client's own record.
	Record(native any) Record
	// Headers makes headers of the client's own type, with free capacity for spare more.
	// They are for Record.Shared.
	Headers(headers []Header, spare int) (shared any)
	// Shared returns the current content of these headers, including the free capacity.
	Shared(shared any) []Header
}

// An Ability is a feature that some clients do not have.
type Ability string

// Features that some clients do not have.
const (
	// Transactions: a producer can have a transactional ID.
	Transactions Ability = "transactions"
	// Nulls: the client distinguishes a null value from an empty value when it reads.
	Nulls Ability = "null values"
	// Polls: a poll can return no records.
	Polls Ability = "polls"
	// Outcomes: each record has its own callback.
	Outcomes Ability = "outcomes"
	// Revocations: after a handler has returned, the adapter can find out whether the group
	// has assigned the partition to another member meanwhile.
	Revocations Ability = "revocations"
	// OwnHeaders: a record comes back with exactly the headers that the program set.
	OwnHeaders Ability = "headers as given"
	// NilHeaders: the client distinguishes a null header value from an empty value when it
	// reads.
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
	// Transaction is the transactional ID, "" for none.
	Transaction string
}

// A Producer sends records.
type Producer interface {
	// Send sends a record. It returns when the record was acknowledged or given up. Send
	// stores the client's own record in r.Native. If r.Native is already set, it sends that
	// record.
	Send(ctx context.Context, r *Record) error
	// SendAll sends several records together. It returns when all were acknowledged or given
	// up.
	SendAll(ctx context.Context, records []*Record) error
	// Start sends a record without waiting. done is called when the client calls the
	// program's callback. Its arguments are the context that the client passes, the record
	// as the program then finds it, and the error.
	Start(ctx context.Context, r *Record, done func(ctx context.Context, r Record, err error))
	// Forward sends a received record to another topic, with as few changes as the client
	// allows.
	Forward(ctx context.Context, received Record, topic string) error
	Begin(ctx context.Context) error
	End(ctx context.Context, commit bool) error
	// Close closes the producer in the way programs do. It may wait for records.
	Close()
	// Abandon closes the producer, and waits for records only if the client requires it.
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

// A Consumer is a member of a consumer group. If the group has committed no offset, it
// starts at the first record.
type Consumer interface {
	// Run calls handle for each record in order, with the context of the record's span. It
	// commits each record that handle has processed. It returns when ctx ends, or with the
	// error of handle.
	Run(ctx context.Context, handle func(ctx context.Context, r Record) error) error
	// RunBatches calls handle for the records of each poll, with the context of one span for
	// all of them.
	RunBatches(ctx context.Context, handle func(ctx context.Context, records []Record) error) error
	// Poll polls that many times while there are no records.
	Poll(ctx context.Context, times int) error
	// Close leaves the group.
	Close()
}
