package integration

import (
	"testing"

	"github.com/nais/spor/internal/conformance/kafkasuite"
)

func TestKgo(t *testing.T) { kafkasuite.Run(t, franz{}, fakeCluster) }
