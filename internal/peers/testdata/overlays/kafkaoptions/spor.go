// Package kafkaoptions has the options of kafkatrace for the suites of Kafka clients.
package kafkaoptions

import (
	"github.com/nais/spor/internal/peers/probe"
	"github.com/nais/spor/kafkatrace"
)

// Options returns the options of the variant.
func Options() []kafkatrace.Option {
	if !probe.Has("options") {
		return nil
	}
	return []kafkatrace.Option{
		kafkatrace.WithPartitionMetrics(), kafkatrace.WithKey(nil), kafkatrace.WithBaggage(1000, "tenant"),
		kafkatrace.WithCommitSpans(), kafkatrace.WithParent(kafkatrace.ParentAmbient),
	}
}
