package integration

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/kafkatrace/kgotrace"
)

// franz runs the suite with franz-go and kgotrace.
type franz struct{}

func (franz) Modes() []string { return []string{"idempotent", "not idempotent"} }

func (franz) Lacks(ability kafkasuite.Ability) string {
	if ability == kafkasuite.OwnHeaders {
		return "franz-go counts the bytes of the headers again when a record has been sent"
	}
	return ""
}

func (franz) Record(native any) kafkasuite.Record { return kafkaRecord(native.(*kgo.Record)) }

func (franz) Headers(headers []kafkasuite.Header, spare int) any {
	native := make([]kgo.RecordHeader, 0, len(headers)+spare)
	return append(native, kgoHeaders(headers)...)
}

func (franz) Shared(shared any) []kafkasuite.Header {
	headers := shared.([]kgo.RecordHeader)
	return kafkaRecord(&kgo.Record{Headers: headers[:cap(headers)]}).Headers
}

func kgoOpts(k plainKafka) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.SeedBrokers(k.brokers...), kgo.MetadataMinAge(20 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }),
	}
	if k.tls != nil {
		opts = append(opts, kgo.DialTLSConfig(k.tls))
	}
	return opts
}

func (franz) Producer(t *testing.T, with kafkasuite.Producing) kafkasuite.Producer {
	t.Helper()
	opts := append(kgoOpts(plainKafka{brokers: with.Brokers, tls: with.TLS}),
		kgotrace.Opt(with.Options...), kgo.ProducerLinger(with.Linger), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	switch {
	case with.NoAcks:
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	case with.Transaction != "":
		session, err := kgo.NewGroupTransactSession(append(opts, kgo.TransactionalID(with.Transaction), kgo.ConsumerGroup(with.Transaction))...)
		if err != nil {
			t.Fatal(err)
		}
		return &franzProducer{client: kgotrace.Wrap(session.Client()), session: session}
	case with.Mode == "not idempotent":
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	client, err := kgotrace.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return &franzProducer{client: client}
}

type franzProducer struct {
	client  *kgotrace.Client
	session *kgo.GroupTransactSession // nil without transactions
}

// metadataKey is a context key. Its value is the program's own value for a record.
type metadataKey struct{}

func kgoRecord(r *kafkasuite.Record) *kgo.Record {
	if native, kept := r.Native.(*kgo.Record); kept {
		return native
	}
	native := &kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: kgoHeaders(r.Headers)}
	if r.Shared != nil {
		native.Headers = r.Shared.([]kgo.RecordHeader)
	}
	if r.Metadata != nil {
		native.Context = context.WithValue(context.Background(), metadataKey{}, r.Metadata)
	}
	r.Native = native
	return native
}

func (p *franzProducer) Send(ctx context.Context, r *kafkasuite.Record) error {
	return p.client.ProduceSync(ctx, kgoRecord(r)).FirstErr()
}

func (p *franzProducer) SendAll(ctx context.Context, records []*kafkasuite.Record) error {
	var native []*kgo.Record
	for _, r := range records {
		native = append(native, kgoRecord(r))
	}
	return p.client.ProduceSync(ctx, native...).FirstErr()
}

func (p *franzProducer) Start(ctx context.Context, r *kafkasuite.Record, done func(context.Context, kafkasuite.Record, error)) {
	if r.Metadata != nil {
		ctx = context.WithValue(ctx, metadataKey{}, r.Metadata)
		r.Metadata = nil
	}
	p.client.Produce(ctx, kgoRecord(r), func(native *kgo.Record, err error) {
		reported := kafkaRecord(native)
		reported.Metadata = native.Context.Value(metadataKey{})
		done(native.Context, reported, err)
	})
}

func (p *franzProducer) Forward(ctx context.Context, received kafkasuite.Record, topic string) error {
	native := received.Native.(*kgo.Record)
	sent := *native
	sent.Topic = topic
	return p.client.ProduceSync(ctx, &sent).FirstErr()
}

func (p *franzProducer) Begin(context.Context) error { return p.session.Begin() }

func (p *franzProducer) End(ctx context.Context, commit bool) error {
	committed, err := p.client.End(ctx, p.session, kgo.TransactionEndTry(commit))
	if err == nil && committed != commit {
		return errors.New("the transaction was not ended as requested")
	}
	return err
}

func (p *franzProducer) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = p.client.Flush(ctx)
	p.client.Close()
}

func (p *franzProducer) Abandon() { p.client.Close() }

func (franz) Consumer(t *testing.T, with kafkasuite.Consuming) kafkasuite.Consumer {
	t.Helper()
	client, err := kgotrace.NewClient(append(kgoOpts(plainKafka{brokers: with.Brokers, tls: with.TLS}),
		kgotrace.Opt(with.Options...), kgo.ConsumerGroup(with.Group), kgo.ConsumeTopics(with.Topic),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.HeartbeatInterval(100*time.Millisecond), kgo.DisableAutoCommit(),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	return &franzConsumer{client: client}
}

type franzConsumer struct {
	client *kgotrace.Client
	once   sync.Once
}

func (c *franzConsumer) Run(ctx context.Context, handle func(context.Context, kafkasuite.Record) error) error {
	for {
		fetches := c.client.PollFetches(ctx)
		if ended(ctx) {
			return nil
		}
		for _, r := range fetches.Records() {
			err := c.client.Process(ctx, r, func(ctx context.Context) error { return handle(ctx, kafkaRecord(r)) })
			if err != nil {
				return err
			}
			if err := c.commit(ctx, r); err != nil {
				return err
			}
			if ended(ctx) {
				return nil
			}
		}
	}
}

func ended(ctx context.Context) bool { return ctx.Err() != nil }

func (c *franzConsumer) commit(ctx context.Context, records ...*kgo.Record) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return c.client.CommitRecords(ctx, records...)
}

func (c *franzConsumer) RunBatches(ctx context.Context, handle func(context.Context, []kafkasuite.Record) error) error {
	for {
		fetches := c.client.PollFetches(ctx)
		if ended(ctx) {
			return nil
		}
		native := fetches.Records()
		var records []kafkasuite.Record
		for _, r := range native {
			records = append(records, kafkaRecord(r))
		}
		if len(native) == 0 {
			continue
		}
		if err := c.client.ProcessBatch(ctx, native, func(ctx context.Context) error { return handle(ctx, records) }); err != nil {
			return err
		}
		if err := c.commit(ctx, native...); err != nil {
			return err
		}
	}
}

func (c *franzConsumer) Poll(ctx context.Context, times int) error {
	for range times {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		fetches := c.client.PollFetches(ctx)
		cancel()
		for _, r := range fetches.Records() {
			return errors.New("polled a record: " + string(r.Value))
		}
	}
	return nil
}

func (c *franzConsumer) Close() { c.once.Do(c.client.CloseAllowingRebalance) }
