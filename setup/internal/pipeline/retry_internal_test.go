package pipeline

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nais/spor/setup/internal/otlp"
)

type silent struct{ Trouble }

func (silent) GaveUp(error) {}

// TestLossesOfABatch checks after how many losses of the collector a batch is given up. A loss
// does not count if the collector was also lost at another time since the previous loss, but the
// third loss always counts.
func TestLossesOfABatch(t *testing.T) {
	for name, tt := range map[string]struct {
		others bool // the collector is also lost between the losses of the batch
		want   int
	}{
		"only this batch": {false, 2},
		"other batches":   {true, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, b := &collector{trouble: silent{}}, newBuffer(1<<20)
				c.broken.Store(new(time.Time))
				batch := &batch{spans: make([]otlp.Span, 1), body: &body{}}
				for losses := 1; ; losses++ {
					e := &export{collector: c, buffer: b}
					batch.body.holders.Store(2)
					e.lose(batch, errors.New("lost"))
					if drops, _ := b.limits.stats.Drops(); len(drops) > 0 {
						if losses != tt.want {
							t.Errorf("given up at loss %d, want %d", losses, tt.want)
						}
						return
					}
					b.parked.pop()
					now := time.Now()
					c.broken.Store(&now) // the sender records the loss of this batch
					<-time.After(time.Minute)
					if tt.others {
						now := time.Now()
						c.broken.Store(&now)
					}
					<-time.After(time.Minute)
				}
			})
		})
	}
}
