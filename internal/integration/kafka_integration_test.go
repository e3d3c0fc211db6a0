//go:build integration

package integration

import (
	"testing"

	"github.com/nais/spor/internal/conformance/kafkasuite"
)

// realClusters are the real clusters. The suite runs each client with each cluster.
var realClusters = []struct {
	name    string
	cluster func(*testing.T) kafkasuite.Cluster
}{
	{"plain", newRealKafka},
	{"TLS", newRealKafkaTLS},
}

func TestKgoOnKafka(t *testing.T) {
	for _, real := range realClusters {
		t.Run(real.name, func(t *testing.T) { kafkasuite.Run(t, franz{}, real.cluster) })
	}
}

func TestSaramaOnKafka(t *testing.T) {
	saramaWarm(t)
	for _, real := range realClusters {
		t.Run(real.name, func(t *testing.T) { kafkasuite.Run(t, saramaClient{}, real.cluster) })
	}
}

func TestKafkaGoOnKafka(t *testing.T) {
	for _, real := range realClusters {
		t.Run(real.name, func(t *testing.T) { kafkasuite.Run(t, kafkaGo{}, real.cluster) })
	}
}
