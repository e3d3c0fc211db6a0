package integration

import (
	"testing"

	"github.com/nais/spor/internal/conformance"
)

func fakeCluster(t *testing.T) conformance.KafkaCluster { return newFakeKafka(t) }

func TestKgo(t *testing.T) { conformance.Kafka(t, franz{}, fakeCluster) }
