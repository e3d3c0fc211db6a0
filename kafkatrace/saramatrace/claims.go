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
	tracer    *adapter.Tracer
	committed bool          // the consumer reads only committed messages
	patience  time.Duration // see [claims.finished]

	closing atomic.Bool // the program closes the consumer group

	mu   sync.RWMutex
	of   map[place]*claim
	left map[place]*claim // claims that the program has ended since the last collection
}

// newClaims returns the claims of a consumer that has the given configuration.
func newClaims(t *adapter.Tracer, config *sarama.Config) *claims {
	c := &claims{
		tracer:    t,
		committed: config.Consumer.IsolationLevel == sarama.ReadCommitted,
		patience:  2*(config.Consumer.MaxWaitTime+config.Consumer.MaxProcessingTime) + config.Net.ReadTimeout,
		of:        map[place]*claim{},
		left:      map[place]*claim{},
	}
	t.RetainLag(c.report)
	return c
}

// add adds a partition that is read from the given offset. A negative offset is unknown. ended
// is nil if there is no consumer group.
func (c *claims) add(at place, from source, offset int64, ended func() (generation int32, ended bool)) (added *claim) {
	added = &claim{source: from, ended: ended}
	added.next.Store(unknown)
	if offset >= 0 {
		added.pass(offset - 1)
	}
	c.tracer.SetLag(at.topic, at.partition, added.greatest.Load()) // this also makes the metric
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[at] = added
	delete(c.left, at)
	return added
}

// remove removes added, unless the partition already has a newer claim. If last is true, the
// last lag of added is reported at the next collection.
func (c *claims) remove(at place, added *claim, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[at] != added {
		return
	}
	delete(c.of, at)
	if last {
		c.left[at] = added
	}
}

// at returns the claim of a partition. It returns nil if the consumer does not have the
// partition.
func (c *claims) at(topic string, partition int32) *claim {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.of[place{topic, partition}]
}

// report is called when the metrics are collected, and when the consumer is closed. It sets the
// lag of each partition whose position is known, and yields this partition. A claim that has
// ended is reported once.
func (c *claims) report(yield func(string, int32) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at, claim := range c.of {
		if !c.reportLag(at, claim, yield) {
			return
		}
	}
	for at, claim := range c.left {
		delete(c.left, at)
		if !c.reportLag(at, claim, yield) {
			return
		}
	}
}

// reportLag returns the result of yield, or true if the position is not known.
func (c *claims) reportLag(at place, claim *claim, yield func(string, int32) bool) bool {
	if claim.next.Load() == unknown {
		return true
	}
	now := claim.lag()
	if now > 0 && c.finished(claim) {
		now = 0
	}
	c.tracer.UpdateLag(at.topic, at.partition, claim.greatest.Swap(0))
	c.tracer.UpdateLag(at.topic, at.partition, now)
	return yield(at.topic, at.partition)
}

// finished reports whether only control records and records of aborted transactions are left
// in the partition. sarama skips such records and does not report their offsets. Therefore
// finished looks for signs: the program has got everything that sarama has fetched, and sarama
// has fetched nothing else for so long that a fetch must have ended. The leader of the
// partition may be unreachable for so long, too. finished cannot find this out.
func (c *claims) finished(of *claim) bool {
	if paused, ok := of.source.(interface{ IsPaused() bool }); ok && paused.IsPaused() {
		return false
	}
	messages := of.source.Messages()
	return c.committed && cap(messages) > 0 && len(messages) == 0 &&
		time.Since(time.Unix(0, of.passed.Load())) > c.patience
}

// A source delivers the messages of one partition. It is a claim of a consumer group or a
// partition consumer.
type source interface {
	Messages() <-chan *sarama.ConsumerMessage
	HighWaterMarkOffset() int64
}

// A claim stores how far the program has read one partition.
type claim struct {
	source source
	ended  func() (generation int32, ended bool) // reports whether the group ended the session

	next     atomic.Int64 // the offset of the next message, or unknown
	greatest atomic.Int64 // the greatest lag since the last collection of metrics
	passed   atomic.Int64 // when next was set, in nanoseconds of the Unix time
}

const unknown = -1

// pass records that the program has got the message at this offset. Calls for earlier
// messages are ignored.
func (c *claim) pass(offset int64) {
	if c == nil || !raise(&c.next, offset+1) {
		return
	}
	if lag := c.lag(); lag > 0 {
		c.passed.Store(time.Now().UnixNano())
		raise(&c.greatest, lag)
	}
}

// lag returns the number of offsets after the last message that the program has got.
func (c *claim) lag() int64 { return c.source.HighWaterMarkOffset() - c.next.Load() }

// raise sets n to value if value is greater, and reports whether it did.
func raise(n *atomic.Int64, value int64) bool {
	for old := n.Load(); value > old; old = n.Load() {
		if n.CompareAndSwap(old, value) {
			return true
		}
	}
	return false
}
