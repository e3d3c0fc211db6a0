package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

// saramaClient runs the suite with sarama and saramatrace. If bare is true, it does not use
// saramatrace.
type saramaClient struct{ bare bool }

func (saramaClient) Modes() []string { return []string{"sync", "async"} }

func (saramaClient) Lacks(ability kafkasuite.Ability) string {
	if ability == kafkasuite.Polls {
		return "messages come through a channel"
	}
	return ""
}

func (saramaClient) Record(native any) kafkasuite.Record {
	if sent, ok := native.(*sarama.ProducerMessage); ok {
		return saramaSent(sent)
	}
	return saramaReceived(native.(*sarama.ConsumerMessage))
}

func saramaSent(m *sarama.ProducerMessage) kafkasuite.Record {
	r := kafkasuite.Record{
		Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Key: encoded(m.Key), Value: encoded(m.Value),
		Metadata: m.Metadata, Native: m,
	}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, kafkasuite.Header{Key: string(h.Key), Value: h.Value})
	}
	return r
}

func saramaReceived(m *sarama.ConsumerMessage) kafkasuite.Record {
	r := kafkasuite.Record{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Key: m.Key, Value: m.Value, Native: m}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, kafkasuite.Header{Key: string(h.Key), Value: h.Value})
	}
	return r
}

func encoded(e sarama.Encoder) []byte {
	if e == nil {
		return nil
	}
	bytes, err := e.Encode()
	if err != nil {
		panic(err)
	}
	return bytes
}

func encoder(value []byte) sarama.Encoder {
	if value == nil {
		return nil
	}
	return sarama.ByteEncoder(value)
}

func saramaHeaders(headers []kafkasuite.Header) (native []sarama.RecordHeader) {
	for _, h := range headers {
		native = append(native, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
	}
	return native
}

func (saramaClient) Headers(headers []kafkasuite.Header, spare int) any {
	return append(make([]sarama.RecordHeader, 0, len(headers)+spare), saramaHeaders(headers)...)
}

func (saramaClient) Shared(shared any) []kafkasuite.Header {
	headers := shared.([]sarama.RecordHeader)
	return saramaSent(&sarama.ProducerMessage{Headers: headers[:cap(headers)]}).Headers
}

func saramaMessage(ctx context.Context, r *kafkasuite.Record) *sarama.ProducerMessage {
	native := nativeMessage(r)
	saramatrace.Inject(ctx, native)
	return native
}

func nativeMessage(r *kafkasuite.Record) *sarama.ProducerMessage {
	native, kept := r.Native.(*sarama.ProducerMessage)
	if !kept {
		native = &sarama.ProducerMessage{
			Topic: r.Topic, Partition: r.Partition, Key: encoder(r.Key), Value: encoder(r.Value),
			Headers: saramaHeaders(r.Headers), Metadata: r.Metadata,
		}
		if r.Shared != nil {
			native.Headers = r.Shared.([]sarama.RecordHeader)
		}
		r.Native = native
	}
	return native
}

func saramaConfig(with kafkasuite.Producing) *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Metadata.Retry.Backoff = 20 * time.Millisecond
	config.Net.DialTimeout = 2 * time.Second
	config.Producer.Retry.Backoff = 50 * time.Millisecond
	config.Producer.Retry.Max = 60
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Flush.Frequency = with.Linger
	if with.NoAcks {
		config.Producer.RequiredAcks = sarama.NoResponse
	}
	if with.Transaction != "" {
		config.Producer.Transaction.ID = with.Transaction
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	config.Net.TLS.Enable, config.Net.TLS.Config = with.TLS != nil, with.TLS
	return config
}

func (c saramaClient) Producer(t *testing.T, with kafkasuite.Producing) kafkasuite.Producer {
	t.Helper()
	config := saramaConfig(with)
	if with.Mode == "async" {
		p, err := sarama.NewAsyncProducer(with.Brokers, config)
		if err != nil {
			t.Fatal(err)
		}
		if !c.bare {
			p = saramatrace.WrapAsyncProducer(p, config, with.Options...)
		}
		return newSaramaAsync(p)
	}
	p, err := sarama.NewSyncProducer(with.Brokers, config)
	if err != nil {
		t.Fatal(err)
	}
	if !c.bare {
		p = saramatrace.WrapSyncProducer(p, config, with.Options...)
	}
	return &saramaSync{SyncProducer: p}
}

// transactional has the transaction methods of sarama's SyncProducer and AsyncProducer.
type transactional interface {
	BeginTxn() error
	CommitTxn() error
	AbortTxn() error
}

func endTransaction(p transactional, commit bool) error {
	if commit {
		return p.CommitTxn()
	}
	return p.AbortTxn()
}

func forwarded(received kafkasuite.Record, topic string) *sarama.ProducerMessage {
	native := received.Native.(*sarama.ConsumerMessage)
	m := &sarama.ProducerMessage{Topic: topic, Key: encoder(native.Key), Value: encoder(native.Value)}
	for _, h := range native.Headers {
		m.Headers = append(m.Headers, *h)
	}
	return m
}

type saramaSync struct {
	sarama.SyncProducer

	once sync.Once
}

// Send and SendAll use the methods of saramatrace that take a context. Start and Forward use
// the methods of sarama.
func (p *saramaSync) Send(ctx context.Context, r *kafkasuite.Record) (err error) {
	if traced, ok := p.SyncProducer.(*saramatrace.SyncProducer); ok {
		_, _, err = traced.SendMessageContext(ctx, nativeMessage(r))
	} else {
		_, _, err = p.SendMessage(nativeMessage(r))
	}
	return err
}

func (p *saramaSync) SendAll(ctx context.Context, records []*kafkasuite.Record) error {
	var native []*sarama.ProducerMessage
	for _, r := range records {
		native = append(native, nativeMessage(r))
	}
	if traced, ok := p.SyncProducer.(*saramatrace.SyncProducer); ok {
		return traced.SendMessagesContext(ctx, native)
	}
	return p.SendMessages(native)
}

func (p *saramaSync) Start(ctx context.Context, r *kafkasuite.Record, done func(context.Context, kafkasuite.Record, error)) {
	m := saramaMessage(ctx, r)
	taken := make(chan struct{})
	take := sync.OnceFunc(func() { close(taken) })
	if m.Value != nil {
		m.Value = noticed{m.Value, take}
	}
	go func() {
		defer take()
		_, _, err := p.SendMessage(m)
		done(ctx, saramaSent(m), err)
	}()
	if m.Value != nil {
		<-taken // if Close were called before this, the producer would panic
	}
}

// The type noticed is the value of a message. When the producer reads the value, the method
// Length calls the function take.
type noticed struct {
	sarama.Encoder

	take func()
}

func (n noticed) Length() int {
	n.take()
	return n.Encoder.Length()
}

func (p *saramaSync) Forward(ctx context.Context, received kafkasuite.Record, topic string) error {
	m := forwarded(received, topic)
	saramatrace.Inject(ctx, m)
	_, _, err := p.SendMessage(m)
	return err
}

func (p *saramaSync) Begin(context.Context) error              { return p.BeginTxn() }
func (p *saramaSync) End(_ context.Context, commit bool) error { return endTransaction(p, commit) }
func (p *saramaSync) Close()                                   { p.once.Do(func() { _ = p.SyncProducer.Close() }) }
func (p *saramaSync) Abandon()                                 { p.Close() }

type saramaAsync struct {
	sarama.AsyncProducer

	mu      sync.Mutex
	waiting map[*sarama.ProducerMessage][]func(error)
	once    sync.Once
	drained sync.WaitGroup
}

func newSaramaAsync(p sarama.AsyncProducer) *saramaAsync {
	a := &saramaAsync{AsyncProducer: p, waiting: map[*sarama.ProducerMessage][]func(error){}}
	a.drained.Go(func() {
		for m := range p.Successes() {
			a.reported(m, nil)
		}
	})
	a.drained.Go(func() {
		for e := range p.Errors() {
			a.reported(e.Msg, e.Err)
		}
	})
	return a
}

func (p *saramaAsync) reported(m *sarama.ProducerMessage, err error) {
	p.mu.Lock()
	answered := p.waiting[m][0]
	p.waiting[m] = p.waiting[m][1:]
	p.mu.Unlock()
	answered(err)
}

func (p *saramaAsync) send(m *sarama.ProducerMessage, answered func(error)) {
	p.register(m, answered)
	p.Input() <- m
}

func (p *saramaAsync) register(m *sarama.ProducerMessage, answered func(error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[m] = append(p.waiting[m], answered)
}

func (p *saramaAsync) wait(m *sarama.ProducerMessage) error {
	reported := make(chan error, 1)
	p.send(m, func(err error) { reported <- err })
	return <-reported
}

// Send uses the method of saramatrace that takes a context. The other methods use the channel
// of sarama.
func (p *saramaAsync) Send(ctx context.Context, r *kafkasuite.Record) error {
	traced, ok := p.AsyncProducer.(*saramatrace.AsyncProducer)
	if !ok {
		return p.wait(nativeMessage(r))
	}
	m, reported := nativeMessage(r), make(chan error, 1)
	p.register(m, func(err error) { reported <- err })
	if err := traced.SendMessageContext(ctx, m); err != nil {
		return err
	}
	return <-reported
}

func (p *saramaAsync) SendAll(ctx context.Context, records []*kafkasuite.Record) error {
	reported := make(chan error, len(records))
	for _, r := range records {
		p.send(saramaMessage(ctx, r), func(err error) { reported <- err })
	}
	var all error
	for range records {
		all = errors.Join(all, <-reported)
	}
	return all
}

func (p *saramaAsync) Start(ctx context.Context, r *kafkasuite.Record, done func(context.Context, kafkasuite.Record, error)) {
	m := saramaMessage(ctx, r)
	p.send(m, func(err error) { done(ctx, saramaSent(m), err) })
}

func (p *saramaAsync) Forward(ctx context.Context, received kafkasuite.Record, topic string) error {
	m := forwarded(received, topic)
	saramatrace.Inject(ctx, m)
	return p.wait(m)
}

func (p *saramaAsync) Begin(context.Context) error              { return p.BeginTxn() }
func (p *saramaAsync) End(_ context.Context, commit bool) error { return endTransaction(p, commit) }
func (p *saramaAsync) Abandon()                                 { p.Close() }

func (p *saramaAsync) Close() {
	p.once.Do(func() {
		p.AsyncClose()
		p.drained.Wait()
	})
}

func (saramaClient) Consumer(t *testing.T, with kafkasuite.Consuming) kafkasuite.Consumer {
	t.Helper()
	config := saramaConfig(kafkasuite.Producing{TLS: with.TLS})
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.IsolationLevel = sarama.ReadCommitted
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	config.Consumer.Group.Heartbeat.Interval = 100 * time.Millisecond
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Rebalance.Retry.Backoff = 100 * time.Millisecond
	group, err := saramatrace.NewConsumerGroup(with.Brokers, with.Group, config, with.Options...)
	if err != nil {
		t.Fatal(err)
	}
	return &saramaConsumer{group: group, with: with}
}

type saramaConsumer struct {
	group *saramatrace.ConsumerGroup
	with  kafkasuite.Consuming
	once  sync.Once
}

// saramaHandler is a consumer group handler. It consists only of the function that handles a
// claim.
type saramaHandler func(sarama.ConsumerGroupSession, sarama.ConsumerGroupClaim) error

func (saramaHandler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (saramaHandler) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (h saramaHandler) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	return h(s, c)
}

// isTransient reports whether the consumer can join the group again after the error err.
// sarama returns such errors while members join or leave the group, and while a restarted
// broker loads the group.
func isTransient(err error) bool {
	return slices.ContainsFunc([]error{
		sarama.ErrRebalanceInProgress, sarama.ErrOffsetsLoadInProgress,
		sarama.ErrNotCoordinatorForConsumer, sarama.ErrConsumerCoordinatorNotAvailable,
	}, func(transient error) bool { return errors.Is(err, transient) })
}

// consume joins the group again and again, until ctx ends or the handler of a claim returns
// an error.
func (c *saramaConsumer) consume(ctx context.Context, claim saramaHandler) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	var failed error
	h := saramaHandler(func(s sarama.ConsumerGroupSession, cl sarama.ConsumerGroupClaim) error {
		if err := claim(s, cl); err != nil {
			mu.Lock()
			failed = errors.Join(failed, err)
			mu.Unlock()
			stop()
			return err
		}
		return nil
	})
	for ctx.Err() == nil {
		err := c.group.Consume(ctx, []string{c.with.Topic}, h)
		if err != nil && ctx.Err() == nil && !isTransient(err) {
			return fmt.Errorf("consuming: %w", err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return failed
}

func (c *saramaConsumer) Run(ctx context.Context, handle func(context.Context, kafkasuite.Record) error) error {
	return c.consume(ctx, func(s sarama.ConsumerGroupSession, cl sarama.ConsumerGroupClaim) error {
		for {
			select {
			case <-s.Context().Done():
				return nil
			case m, open := <-cl.Messages():
				if !open || ctx.Err() != nil {
					return nil //nolint:nilerr // ctx has ended
				}
				err := c.group.Process(s.Context(), m, func(ctx context.Context) error { return handle(ctx, saramaReceived(m)) })
				if err != nil {
					return err
				}
				s.MarkMessage(m, "")
				s.Commit()
			}
		}
	})
}

func (c *saramaConsumer) RunBatches(ctx context.Context, handle func(context.Context, []kafkasuite.Record) error) error {
	return c.consume(ctx, func(s sarama.ConsumerGroupSession, cl sarama.ConsumerGroupClaim) error {
		for ctx.Err() == nil {
			native := saramaBatch(s.Context(), cl.Messages())
			if len(native) == 0 {
				continue
			}
			var records []kafkasuite.Record
			for _, m := range native {
				records = append(records, saramaReceived(m))
			}
			if err := c.group.ProcessBatch(s.Context(), native, func(ctx context.Context) error { return handle(ctx, records) }); err != nil {
				return err
			}
			s.MarkMessage(native[len(native)-1], "")
			s.Commit()
		}
		return nil
	})
}

// saramaBatch collects messages. It returns when no message has arrived for 300 ms.
func saramaBatch(ctx context.Context, messages <-chan *sarama.ConsumerMessage) (batch []*sarama.ConsumerMessage) {
	for {
		select {
		case <-ctx.Done():
			return nil
		case m, open := <-messages:
			if !open {
				return batch
			}
			batch = append(batch, m)
		case <-time.After(300 * time.Millisecond):
			return batch
		}
	}
}

func (c *saramaConsumer) Poll(context.Context, int) error { return errors.ErrUnsupported }

func (c *saramaConsumer) Close() { c.once.Do(func() { _ = c.group.Close() }) }

// saramaWarm makes a client before the tests. The first client of a process starts goroutines
// for sarama's metrics. These goroutines never end, so the tests must not count them as leaks.
func saramaWarm(t *testing.T) {
	t.Helper()
	p := saramaClient{}.Producer(t, kafkasuite.Producing{Brokers: fakeCluster(t).Brokers()})
	p.Close()
}

func TestSarama(t *testing.T) {
	saramaWarm(t)
	kafkasuite.Run(t, saramaClient{}, fakeCluster)
}
