// Kafka sends one record, and then processes all records of the topic.
//
//	spor run -- go run ./kafka
package main

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/nais/spor/kafkatrace/kgotrace"
	"github.com/nais/spor/setup"
)

func main() {
	slog.SetDefault(slog.New(setup.LogHandler(os.Stdout, nil)))
	if err := setup.Run(context.Background(), run); err != nil {
		os.Exit(1)
	}
}

const topic = "examples.greetings"

// run processes records until SIGTERM.
func run(ctx context.Context) error {
	brokers := os.Getenv("KAFKA_BROKERS")
	if brokers == "" { // on a laptop: start a broker in this process
		fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
		if err != nil {
			return err
		}
		defer fake.Close()
		brokers = strings.Join(fake.ListenAddrs(), ",")
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(brokers, ",")...), kgo.ConsumeTopics(topic),
		kgo.ConsumerGroup(cmp.Or(os.Getenv("NAIS_APP_NAME"), "kafka")),
	}
	if os.Getenv("KAFKA_CA_PATH") != "" {
		config, err := certificates()
		if err != nil {
			return err
		}
		opts = append(opts, kgo.DialTLSConfig(config))
	}
	cl, err := kgotrace.NewClient(opts...)
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("hello")}).FirstErr(); err != nil {
		return err
	}
	for {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		fetches.EachError(func(_ string, _ int32, err error) { slog.ErrorContext(ctx, "records were not fetched", "error", err) })
		fetches.EachRecord(func(r *kgo.Record) {
			if err := cl.Process(ctx, r, greet); err != nil {
				slog.ErrorContext(ctx, "record was not processed", "error", err)
			}
		})
	}
}

func greet(ctx context.Context) error {
	slog.InfoContext(ctx, "greeted") // the log line has trace_id and span_id
	return nil
}
