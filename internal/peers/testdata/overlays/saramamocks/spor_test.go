package mocks_test

import (
	"os"
	"testing"

	"github.com/IBM/sarama"
	"github.com/IBM/sarama/mocks"

	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/internal/peers/probe/kafkaoptions"
	"github.com/nais/spor/kafkatrace/saramatrace"
)

func TestMain(m *testing.M) {
	if probe.On() {
		opts := kafkaoptions.Options()
		mocks.SporAsync = func(p sarama.AsyncProducer, config *sarama.Config) sarama.AsyncProducer {
			return saramatrace.WrapAsyncProducer(p, config, opts...)
		}
		mocks.SporSync = func(p sarama.SyncProducer, config *sarama.Config) sarama.SyncProducer {
			return saramatrace.WrapSyncProducer(p, config, opts...)
		}
	}
	os.Exit(probe.Run(m))
}
