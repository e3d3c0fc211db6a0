package integration

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/nais/spor/internal/conformance/kafkasuite"
	"github.com/nais/spor/kafkatrace/kafkagotrace"
)

// kafkaGo runs the suite with segmentio/kafka-go and kafkagotrace. If bare is true, it does
// not use kafkagotrace.
type kafkaGo struct{ bare bool }

func (kafkaGo) Modes() []string { return []string{"sync", "async"} }

func (kafkaGo) Lacks(ability kafkasuite.Ability) string {
	switch ability {
	case kafkasuite.Transactions:
		return "a Writer has no transactions"
	case kafkasuite.Nulls, kafkasuite.NilHeaders:
		return "an empty value is read as null"
	case kafkasuite.Polls:
		return "a Reader blocks until there is a message"
	case kafkasuite.Revocations:
		return "a Reader does not report which partitions the group takes away"
	}
	return ""
}

func (kafkaGo) Record(native any) kafkasuite.Record {
	return kafkaGoRecord(*native.(*kafka.Message))
}

func kafkaGoRecord(m kafka.Message) kafkasuite.Record {
	r := kafkasuite.Record{
		Topic: m.Topic, Partition: int32(m.Partition), Offset: m.Offset, Key: m.Key, Value: m.Value, Native: &m,
	}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, kafkasuite.Header(h))
	}
	return r
}

func kafkaGoHeaders(headers []kafkasuite.Header) (native []kafka.Header) {
	for _, h := range headers {
		native = append(native, kafka.Header(h))
	}
	return native
}

func (kafkaGo) Headers(headers []kafkasuite.Header, spare int) any {
	return append(make([]kafka.Header, 0, len(headers)+spare), kafkaGoHeaders(headers)...)
}

func (kafkaGo) Shared(shared any) []kafkasuite.Header {
	headers := shared.([]kafka.Header)
	return kafkaGoRecord(kafka.Message{Headers: headers[:cap(headers)]}).Headers
}

// kafkaGoWriterData is the program's own value for a message.
type kafkaGoWriterData struct {
	metadata any
	done     func(kafka.Message, error)
}

func kafkaGoMessage(r *kafkasuite.Record) kafka.Message {
	native, kept := r.Native.(*kafka.Message)
	if !kept {
		native = &kafka.Message{Topic: r.Topic, Key: r.Key, Value: r.Value, Headers: kafkaGoHeaders(r.Headers)}
		if r.Shared != nil {
			native.Headers = r.Shared.([]kafka.Header)
		}
		r.Native = native
	}
	return *native
}

func (c kafkaGo) Producer(t *testing.T, with kafkasuite.Producing) kafkasuite.Producer {
	t.Helper()
	w := &kafka.Writer{
		Addr: kafka.TCP(with.Brokers...), Balancer: kafka.BalancerFunc(func(kafka.Message, ...int) int { return 0 }),
		RequiredAcks: kafka.RequireAll, Async: with.Mode == "async", MaxAttempts: 60,
		WriteBackoffMin: 20 * time.Millisecond, WriteBackoffMax: 50 * time.Millisecond, BatchTimeout: 10 * time.Millisecond,
		Transport: &kafka.Transport{TLS: with.TLS, MetadataTTL: 50 * time.Millisecond, DialTimeout: 2 * time.Second},
		Completion: func(msgs []kafka.Message, err error) {
			for _, m := range msgs {
				if data, ok := m.WriterData.(*kafkaGoWriterData); ok {
					data.done(m, err)
				}
			}
		},
	}
	if with.NoAcks {
		w.RequiredAcks = kafka.RequireNone
	}
	if with.Linger > 0 {
		w.BatchTimeout = with.Linger
	}
	if c.bare {
		return &kafkaGoProducer{Writer: w, writer: w}
	}
	traced := kafkagotrace.NewWriter(w, with.Options...)
	return &kafkaGoProducer{Writer: w, writer: traced}
}

type kafkaGoProducer struct {
	*kafka.Writer

	writer interface {
		WriteMessages(ctx context.Context, messages ...kafka.Message) error
		Close() error
	}
	running sync.WaitGroup
	once    sync.Once
}

// The method know waits until the broker returns the metadata of a topic that was just created.
func (p *kafkaGoProducer) know(ctx context.Context, topic string) {
	client := &kafka.Client{Addr: p.Addr, Transport: p.Transport}
	for tick := time.NewTicker(5 * time.Millisecond); ctx.Err() == nil; <-tick.C {
		known, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
		if err == nil && len(known.Topics) == 1 && known.Topics[0].Error == nil {
			return
		}
	}
}

// write writes messages and waits for the results, like a synchronous writer.
func (p *kafkaGoProducer) write(ctx context.Context, messages ...kafka.Message) error {
	p.know(ctx, messages[0].Topic)
	if !p.Async {
		return p.writer.WriteMessages(ctx, messages...)
	}
	reported := make(chan error, len(messages))
	for i := range messages {
		messages[i].WriterData = &kafkaGoWriterData{done: func(_ kafka.Message, err error) { reported <- err }}
	}
	if err := p.writer.WriteMessages(ctx, messages...); err != nil {
		return err
	}
	var all error
	for range messages {
		select {
		case err := <-reported:
			all = errors.Join(all, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return all
}

func (p *kafkaGoProducer) Send(ctx context.Context, r *kafkasuite.Record) error {
	return p.write(ctx, kafkaGoMessage(r))
}

func (p *kafkaGoProducer) SendAll(ctx context.Context, records []*kafkasuite.Record) error {
	var native []kafka.Message
	for _, r := range records {
		native = append(native, kafkaGoMessage(r))
	}
	return p.write(ctx, native...)
}

func (p *kafkaGoProducer) Start(ctx context.Context, r *kafkasuite.Record, done func(context.Context, kafkasuite.Record, error)) {
	m := kafkaGoMessage(r)
	data := &kafkaGoWriterData{metadata: r.Metadata}
	var once sync.Once
	tell := func(m kafka.Message, err error) {
		once.Do(func() {
			reported := kafkaGoRecord(m)
			if data, ok := m.WriterData.(*kafkaGoWriterData); ok {
				reported.Metadata = data.metadata
			}
			done(ctx, reported, err)
		})
	}
	data.done = tell
	m.WriterData = data
	p.running.Go(func() {
		p.know(ctx, m.Topic)
		if err := p.writer.WriteMessages(ctx, m); err != nil {
			tell(m, err)
		}
	})
}

func (p *kafkaGoProducer) Forward(ctx context.Context, received kafkasuite.Record, topic string) error {
	native := *received.Native.(*kafka.Message)
	return p.write(ctx, kafka.Message{Topic: topic, Key: native.Key, Value: native.Value, Headers: native.Headers})
}

func (p *kafkaGoProducer) Begin(context.Context) error     { return errors.ErrUnsupported }
func (p *kafkaGoProducer) End(context.Context, bool) error { return errors.ErrUnsupported }
func (p *kafkaGoProducer) Abandon()                        { p.Close() }

func (p *kafkaGoProducer) Close() {
	p.once.Do(func() {
		_ = p.writer.Close()
		p.running.Wait()
		if transport, ok := p.Transport.(*kafka.Transport); ok {
			transport.CloseIdleConnections()
		}
	})
}

func (kafkaGo) Consumer(t *testing.T, with kafkasuite.Consuming) kafkasuite.Consumer {
	t.Helper()
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: with.Brokers, GroupID: with.Group, Topic: with.Topic, StartOffset: kafka.FirstOffset,
		Dialer: &kafka.Dialer{Timeout: 5 * time.Second, TLS: with.TLS}, IsolationLevel: kafka.ReadCommitted,
		MaxWait: 100 * time.Millisecond, HeartbeatInterval: 100 * time.Millisecond, SessionTimeout: 6 * time.Second,
		RebalanceTimeout: 6 * time.Second, JoinGroupBackoff: 100 * time.Millisecond, ReadBackoffMin: 10 * time.Millisecond,
		ReadBackoffMax: 50 * time.Millisecond, WatchPartitionChanges: false,
	})
	return &kafkaGoConsumer{reader: kafkagotrace.NewReader(r, with.Options...)}
}

type kafkaGoConsumer struct {
	reader *kafkagotrace.Reader
	once   sync.Once
}

func (c *kafkaGoConsumer) Run(ctx context.Context, handle func(context.Context, kafkasuite.Record) error) error {
	for {
		m, err := c.reader.FetchMessage(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // ctx has ended
		}
		if unsettled(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := c.reader.Process(ctx, m, func(ctx context.Context) error { return handle(ctx, kafkaGoRecord(m)) }); err != nil {
			return err
		}
		if err := c.commit(ctx, m); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // ctx has ended
		}
	}
}

func (c *kafkaGoConsumer) commit(ctx context.Context, messages ...kafka.Message) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		if err := c.reader.CommitMessages(ctx, messages...); !unsettled(err) || ctx.Err() != nil {
			return err
		}
	}
}

// unsettled reports whether err is an error of a broker that has restarted but has not loaded
// its consumer groups yet. kafka-go returns such errors to the program.
func unsettled(err error) bool {
	known, _ := errors.AsType[kafka.Error](err)
	return known == kafka.GroupLoadInProgress || known == kafka.GroupCoordinatorNotAvailable || known == kafka.NotCoordinatorForGroup
}

func (c *kafkaGoConsumer) RunBatches(ctx context.Context, handle func(context.Context, []kafkasuite.Record) error) error {
	for ctx.Err() == nil {
		native := c.batch(ctx)
		if len(native) == 0 {
			continue
		}
		var records []kafkasuite.Record
		for _, m := range native {
			records = append(records, kafkaGoRecord(m))
		}
		if err := c.reader.ProcessBatch(ctx, native, func(ctx context.Context) error { return handle(ctx, records) }); err != nil {
			return err
		}
		if err := c.commit(ctx, native...); err != nil {
			return err
		}
	}
	return nil
}

// batch collects messages. It returns when no message has arrived for 500 ms.
func (c *kafkaGoConsumer) batch(ctx context.Context) (batch []kafka.Message) {
	for {
		moment, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		m, err := c.reader.FetchMessage(moment)
		cancel()
		if err != nil {
			return batch
		}
		batch = append(batch, m)
	}
}

func (c *kafkaGoConsumer) Poll(context.Context, int) error { return errors.ErrUnsupported }

func (c *kafkaGoConsumer) Close() { c.once.Do(func() { _ = c.reader.Close() }) }

func TestKafkaGo(t *testing.T) { kafkasuite.Run(t, kafkaGo{}, fakeCluster) }
