//go:build !race

package integration

import (
	"math"
	"testing"
)

// TestKafkaGoAllocatesNoMoreThanByHand tests that spor makes no more allocations than code that
// uses the API of OpenTelemetry. The allocations of kafka-go are in both numbers. There is no
// broker, and there are no metrics.
func TestKafkaGoAllocatesNoMoreThanByHand(t *testing.T) {
	for _, state := range sqlStates {
		t.Run(state.name, func(t *testing.T) {
			s := newSDK(t, state.sampler)
			ours, rival, bare := newSporKafkaGo(t, s, false), newHandKafkaGo(t, s), newBareKafkaGo(t)
			for name, run := range kafkaGoOperations() {
				allocs := func(l *kafkaGoLibrary) float64 {
					return leastAllocs(func() {
						if err := run(l); err != nil {
							t.Fatal(err)
						}
					})
				}
				client, got, theirs := allocs(bare), allocs(ours), allocs(rival)
				t.Logf("%s: kafka-go %v allocations, spor adds %v, by hand adds %v", name, client, got-client, theirs-client)
				if got > theirs {
					t.Errorf("%s: spor adds %v allocations, want at most the %v that code by hand adds", name, got-client, theirs-client)
				}
			}
		})
	}
}

// leastAllocs returns how many allocations fn needs. kafka-go works in several goroutines, and
// sometimes the runtime makes more allocations for them. Therefore leastAllocs measures several
// times, and returns the least average, rounded.
func leastAllocs(fn func()) float64 {
	const calls = 10 // per run, because AllocsPerRun rounds down
	least := math.Inf(1)
	for range 5 {
		least = min(least, testing.AllocsPerRun(20, func() {
			for range calls {
				fn()
			}
		})/calls)
	}
	return math.Round(least)
}
