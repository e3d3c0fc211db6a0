package environ

import (
	"math"
	"testing"
)

func TestQueueFitsTheMemory(t *testing.T) {
	for _, tt := range []struct {
		memory int64
		want   int
	}{
		{56 << 20, 2048},
		{512 << 20, 5991},
		{8 << 30, 16384},
		{math.MaxInt64, 16384},
	} {
		if got := queueFor(tt.memory); got != tt.want {
			t.Errorf("queue for %d bytes: got %d, want %d", tt.memory, got, tt.want)
		}
	}
}
