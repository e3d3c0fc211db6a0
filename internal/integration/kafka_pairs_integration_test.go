//go:build integration

package integration

import "testing"

func TestKafkaPairsOnKafka(t *testing.T) {
	for _, real := range realClusters {
		t.Run(real.name, func(t *testing.T) { testKafkaPairs(t, real.cluster(t)) })
	}
}
