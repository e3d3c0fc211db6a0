package mocks_test

import (
	"os"
	"testing"

	"github.com/IBM/sarama"
	"github.com/IBM/sarama/mocks"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/kafkatrace"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

func TestMain(m *testing.M) {
	if probe.On() {
		var opts []kafkatrace.Option
		if probe.Has("options") {
			opts = append(opts, kafkatrace.WithPartitionMetrics(), kafkatrace.WithKey(nil),
				kafkatrace.WithBaggage(1000, "tenant"), kafkatrace.WithCommitSpans())
		}
		mocks.SporAsync = func(p sarama.AsyncProducer, config *sarama.Config) sarama.AsyncProducer {
			return saramatrace.AsyncProducer(p, config, opts...)
		}
		mocks.SporSync = func(p sarama.SyncProducer) sarama.SyncProducer { return saramatrace.SyncProducer(p, opts...) }
	}
	os.Exit(probe.Run(m))
}
