package saramatrace

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/nais/spor/kafkatrace/internal/adapter"
)

type place struct {
	topic     string
	partition int32
}

// claims contains the partitions that a consumer has now.
type claims struct {
	tracer *adapter.Tracer
	idle   time.Duration // see [claim.finished]
	sparse bool          // the consumer reads only committed messages

	mu sync.RWMutex
	of map[place]*claim
}

// newClaims returns the claims of a consumer that has the given configuration.
func newClaims(t *adapter.Tracer, config *sarama.Config) *claims {
	c := &claims{
		tracer: t,
		idle:   5*time.Second + 2*config.Consumer.MaxWaitTime,
		sparse: config.Consumer.IsolationLevel == sarama.ReadCommitted,
		of:     map[place]*claim{},
	}
	t.RetainLag(c.report)
	return c
}

func (c *claims) add(at place, from source, s sarama.ConsumerGroupSession) (added *claim) {
	added = &claim{source: from, session: s, set: func(lag int64) { c.tracer.SetLag(at.topic, at.partition, lag) }}
	added.sparse.Store(c.sparse)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[at] = added
	return added
}

// remove removes added, unless the partition already has a newer claim.
func (c *claims) remove(at place, added *claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[at] == added {
		delete(c.of, at)
	}
}

// at returns the claim of a partition. It returns nil if the consumer does not have the
// partition.
func (c *claims) at(topic string, partition int32) *claim {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.of[place{topic, partition}]
}

// report is called when the metrics are collected. It sets the lag of each partition, and
// yields the partition.
func (c *claims) report(yield func(string, int32) bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for at, claim := range c.of {
		claim.report(c.idle)
		if !yield(at.topic, at.partition) {
			return
		}
	}
}

// A source delivers the messages of one partition. It is a claim of a consumer group or a
// partition consumer.
type source interface {
	Messages() <-chan *sarama.ConsumerMessage
	HighWaterMarkOffset() int64
}

// A claim stores how far the program has read one partition.
type claim struct {
	source  source
	session sarama.ConsumerGroupSession // nil without a consumer group
	set     func(lag int64)             // sets the lag of the partition

	next     atomic.Int64 // the offset after the last known message; 0 if no message is known
	greatest atomic.Int64 // the greatest lag since the last collection of metrics
	passed   atomic.Int64 // when next was set, in nanoseconds of the Unix time
	sparse   atomic.Bool  // offsets without messages are expected
}

// pass records that the program has got the message at this offset. Calls for earlier
// messages are ignored.
func (c *claim) pass(offset int64) {
	if c == nil {
		return
	}
	before := c.next.Load()
	if offset < before || !c.next.CompareAndSwap(before, offset+1) {
		return
	}
	if before != 0 && offset > before {
		c.sparse.Store(true)
	}
	lag := c.source.HighWaterMarkOffset() - offset - 1
	if before == 0 {
		c.set(lag) // from now on, the lag is reported
	}
	if lag <= 0 {
		return
	}
	c.passed.Store(time.Now().UnixNano())
	for greatest := c.greatest.Load(); lag > greatest && !c.greatest.CompareAndSwap(greatest, lag); {
		greatest = c.greatest.Load()
	}
}

// report sets the greatest lag since the last call, and then the lag now.
func (c *claim) report(idle time.Duration) {
	next := c.next.Load()
	if next == 0 {
		return
	}
	now := c.source.HighWaterMarkOffset() - next
	if now > 0 && c.finished(idle) {
		now = 0
	}
	c.set(c.greatest.Swap(0))
	c.set(now)
}

// finished reports whether only control records and records of aborted transactions are left.
// sarama skips such records and does not report their offsets. Therefore finished looks for
// signs: the partition has such records, sarama has delivered everything that it has fetched,
// and it has fetched no other message for a time in which it has asked the broker at least
// twice. If the broker cannot be reached, sarama ends the session, and with it the claim.
func (c *claim) finished(idle time.Duration) bool {
	if paused, ok := c.source.(interface{ IsPaused() bool }); ok && paused.IsPaused() {
		return false
	}
	messages := c.source.Messages()
	return c.sparse.Load() && cap(messages) > 0 && len(messages) == 0 &&
		time.Since(time.Unix(0, c.passed.Load())) > idle
}
