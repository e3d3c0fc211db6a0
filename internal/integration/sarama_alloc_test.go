//go:build !race

package integration

import "testing"

// TestSaramaAllocatesLessThanOtelsarama tests that spor makes fewer allocations than
// otelsarama: when a message is produced, and when a message is processed. There is no broker,
// and there are no metrics.
func TestSaramaAllocatesLessThanOtelsarama(t *testing.T) {
	for _, state := range sqlStates {
		t.Run(state.name, func(t *testing.T) {
			s := newSDK(t, state.sampler)
			ours, rival := newSporSarama(t, s, false), newOtelsarama(t, s)
			for name, run := range saramaOperations() {
				got := testing.AllocsPerRun(1000, func() { run(ours) })
				theirs := testing.AllocsPerRun(1000, func() { run(rival) })
				t.Logf("%s: %v allocations, otelsarama %v", name, got, theirs)
				if got >= theirs {
					t.Errorf("%s: %v allocations, want fewer than otelsarama's %v", name, got, theirs)
				}
			}
		})
	}
}
