package integration

import (
	"testing"

	"github.com/nais/spor/internal/conformance"
)

func TestKgo(t *testing.T) { conformance.Kafka(t, franz{}, fakeCluster) }
