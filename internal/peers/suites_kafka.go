package main

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kafkaSuites are the suites of Kafka clients.
var kafkaSuites = []*suite{
	{
		name: "kgo", module: "github.com/twmb/franz-go", version: "v1.22.3",
		packages: []string{"pkg/kgo"},
		overlays: map[string]string{"pkg/kgo": "kgo", "sporprobe/kafkaoptions": "kafkaoptions"},
		edits: []edit{
			{files: "pkg/kgo/client.go", fn: "NewClient", rename: "sporNewClient"},
			{files: "pkg/kgo/consumer.go", fn: "Client.PollRecords", rename: "sporPollRecords"},
			{files: "pkg/kgo/txn.go", fn: "Client.EndTransaction", rename: "sporEndTransaction"},
			{files: "pkg/kgo/txn.go", fn: "GroupTransactSession.End", rename: "sporEnd"},
		},
		variants: []string{"default", "batch+options"},
		service:  "SPOR_KAFKA_BROKERS",
		env: func(context.Context, string) ([]string, error) {
			return []string{"KGO_SEEDS=" + os.Getenv("SPOR_KAFKA_BROKERS"), "KGO_TEST_RF=1", "KGO_TEST_RECORDS=10000", "KGO_LOG_LEVEL=none"}, nil
		},
		skip: map[string]string{
			"TestAuditFullPromiseRingBoundAndConvergence": "must fill a queue with 8,256 records within ten seconds; with a span for each record, the race detector and other tests beside it, this can take longer",
		},
		least: 110,
		quick: "^Test(Client_Produce|Pooling|OptValues|Buffered|Unbuffered|.*Ring)",
		stall: 5 * time.Minute,

		quickVariants: []string{"default"},
	},
	{
		name: "sarama", module: "github.com/IBM/sarama", version: "v1.61.1",
		packages: []string{".", "mocks"},
		overlays: map[string]string{".": "sarama", "mocks": "saramamocks", "sporprobe/kafkaoptions": "kafkaoptions"},
		edits: slices.Concat(
			[]edit{
				{files: "sync_producer.go", fn: "NewSyncProducer", from: "NewAsyncProducer", to: "sporNewAsyncProducer"},
				{files: "sync_producer.go", fn: "NewSyncProducerFromClient", from: "NewAsyncProducerFromClient", to: "sporNewAsyncProducerFromClient"},
				{files: "consumer_group.go", fn: "consumerGroup.Consume", rename: "sporConsume"},
				{files: "consumer.go", fn: "partitionConsumer.interceptors", to: "sporConsumed(msg)"},
				{files: "sarama_test.go", fn: "TestMain", from: "m.Run()", to: "sporRun(m)"},
			},
			renames("sync_producer.go", "", "NewSyncProducer", "NewSyncProducerFromClient"),
			renames("async_producer.go", "", "NewAsyncProducer", "NewAsyncProducerFromClient"),
			renames("async_producer.go", "asyncProducer.", "Input", "Successes", "Errors", "AsyncClose", "Close", "CommitTxn", "AbortTxn"),
			renames("mocks/async_producer.go", "", "NewAsyncProducer"),
			renames("mocks/async_producer.go", "AsyncProducer.", "Input", "Successes", "Errors", "AsyncClose", "Close", "CommitTxn", "AbortTxn"),
			renames("mocks/sync_producer.go", "", "NewSyncProducer"),
			renames("mocks/sync_producer.go", "SyncProducer.", "SendMessage", "SendMessages", "Close", "CommitTxn", "AbortTxn"),
		),
		variants: []string{"default", "batch+options"},
		least:    90,
		quick:    "Producer|Txn",

		quickVariants: []string{"default"},
	},
	{
		name: "kafka-go", module: "github.com/segmentio/kafka-go", version: "v0.4.51",
		packages: []string{"."},
		overlays: map[string]string{".": "kafkago", "sporprobe/kafkaoptions": "kafkaoptions"},
		edits: slices.Concat(
			renames("writer.go", "Writer.", "WriteMessages", "Close"),
			renames("reader.go", "Reader.", "FetchMessage", "CommitMessages", "Close"),
			// The tests of addresses and of the Dialer keep the address, because they compare it.
			replacements(`"localhost:9092"`, strconv.Quote(broker()),
				"addoffsetstotxn_test.go", "batch_test.go", "client_test.go", "conn_test.go", "consumergroup_test.go",
				"createtopics_test.go", "deletegroups_test.go", "describegroups_test.go", "heartbeat_test.go",
				"listgroups_test.go", "offsetcommit_test.go", "offsetdelete_test.go", "offsetfetch_test.go",
				"reader_test.go", "txnoffsetcommit_test.go", "write_test.go", "writer_test.go"),
			replacements(`"localhost"`, strconv.Quote(broker()), "client_test.go"),
			replacements(`"127.0.0.1:9092"`, strconv.Quote(broker()), "conn_test.go"),
		),
		variants: []string{"default", "batch+options"},
		service:  "SPOR_KAFKA_BROKERS",
		// With Kafka 4, the whole package hangs in TestBatchDontExpectEOF, without spor too.
		args: []string{
			"-test.run",
			"^Test(BatchQueue|Commit|ConsumerGroup|CloseLeavesGroup|ErrorCannotConnect|ExtractTopics|Generation|OffsetStash|Read|RebalanceTooManyConsumers|Validate(Writer|Reader|ConsumerGroupConfig)|Write)",
		},
		skip: map[string]string{
			"TestReader":              "waits until the broker creates topics by itself, which the Kafka of `make services` does not do",
			"TestReaderConsumerGroup": "panics without spor too when it reads the committed offsets",
		},
		least: 20,
		quick: "TestWriter$|TestBatchQueue|Validate",

		quickVariants: []string{"default"},
	},
}

// renames returns edits that add the prefix spor to the names of functions. receiver is empty, or
// a type and a dot.
func renames(file, receiver string, names ...string) []edit {
	var edits []edit
	for _, name := range names {
		edits = append(edits, edit{files: file, fn: receiver + name, rename: "spor" + name})
	}
	return edits
}

// replacements returns edits that replace an expression in files.
func replacements(from, to string, files ...string) []edit {
	var edits []edit
	for _, file := range files {
		edits = append(edits, edit{files: file, from: from, to: to})
	}
	return edits
}

// broker returns the address of the first broker of `make services`.
func broker() string {
	first, _, _ := strings.Cut(os.Getenv("SPOR_KAFKA_BROKERS"), ",")
	return first
}
