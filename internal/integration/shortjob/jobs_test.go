package shortjob_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/IBM/sarama"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	_ "modernc.org/sqlite" // the driver

	"github.com/nais/spor/kafkatrace/kafkagotrace"
	"github.com/nais/spor/kafkatrace/kgotrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
	"github.com/nais/spor/setup"
	"github.com/nais/spor/sqltrace"
	"github.com/nais/spor/sqltrace/pgxtrace"
)

// broker is the variable with the address of the Kafka broker.
const broker = "CHILD_BROKER"

// jobs contains the programs of the test. Each closes its pool or its client before it returns.
var jobs = map[string]func(context.Context) error{
	"sqltrace":     sqlJob,
	"pgxtrace":     pgxJob,
	"kgotrace":     kgoJob,
	"saramatrace":  saramaJob,
	"kafkagotrace": kafkaGoJob,
}

// job runs a job in the same way as the main of a service.
func job(run func(context.Context) error) (code int) {
	if err := setup.Run(context.Background(), run); err != nil {
		return 1
	}
	return 0
}

func sqlJob(ctx context.Context) error {
	db, err := sqltrace.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(7)
	var one int
	return db.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

func pgxJob(ctx context.Context) error {
	config, err := pgxpool.ParseConfig("postgres://user:secret@127.0.0.1:5433/shop?sslmode=disable&pool_max_conns=7")
	if err != nil {
		return err
	}
	config.ConnConfig.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go serve(server)
		return client, nil
	}
	pool, err := pgxtrace.NewPoolWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn.Release()
	return nil
}

// serve is a PostgreSQL server that accepts a connection, and reads until it is closed.
func serve(conn net.Conn) {
	defer conn.Close()
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	_ = b.Flush()
	for {
		if _, err := b.Receive(); err != nil {
			return
		}
	}
}

func kgoJob(ctx context.Context) error {
	cl, err := kgotrace.NewClient(kgo.SeedBrokers(os.Getenv(broker)), kgo.ConsumerGroup("stats"), kgo.ConsumeTopics("quotes"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer cl.Close()
	return cl.PollRecords(ctx, 4).Err()
}

func saramaJob(ctx context.Context) error {
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	group, err := saramatrace.NewConsumerGroup([]string{os.Getenv(broker)}, "stats", config)
	if err != nil {
		return err
	}
	defer group.Close()
	return group.Consume(ctx, []string{"quotes"}, four{})
}

// four is a handler that marks four messages of each claim.
type four struct{}

func (four) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (four) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (four) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	for range 4 {
		s.MarkMessage(<-c.Messages(), "")
	}
	return nil
}

func kafkaGoJob(ctx context.Context) (err error) {
	reader := kafkagotrace.NewReader(kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{os.Getenv(broker)}, Topic: "quotes", MaxWait: 100 * time.Millisecond,
	}))
	defer func() { err = errors.Join(err, reader.Close()) }()
	for range 4 {
		if _, err := reader.FetchMessage(ctx); err != nil {
			return fmt.Errorf("fetching: %w", err)
		}
	}
	return nil
}
