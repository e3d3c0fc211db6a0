package sarama

import (
	"testing"

	"github.com/nais/spor/internal/peers/probe"
)

// sporRun takes the place of m.Run.
func sporRun(m *testing.M) int { return probe.Run(m) }
