package pipeline

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/nais/spor/setup/internal/spanstats"
)

const (
	// ownFailures is the number of own failures after which a batch is halved. The comment
	// of retry explains own failures.
	ownFailures = 3
	// erraticFailures is used instead of ownFailures if the collector has recently accepted
	// a batch that had own failures before. In this case, the cause of the failures is not
	// a single span.
	erraticFailures = 12
	// mostLosses is a number of losses of the collector. If the collector has been lost
	// this many times while the same batch was in flight, the batch is given up.
	mostLosses = 2
	// mostAllLosses is used instead if some of the losses do not count.
	mostAllLosses = 3
	// lossPause is the pause before a batch is sent again that was in flight when the collector
	// was lost. It gives the collector time to start, and other batches time to be delivered.
	lossPause = 5 * time.Second
	// sameLoss is a time after a loss. If the collector is lost again in this time, this counts
	// as the same loss, because all exports in flight report it.
	sameLoss = time.Second / 2
	// lateTimeouts is a number of timeouts. If the collector needs more time for an answer
	// than the timeout, a request may take this many timeouts.
	lateTimeouts = 3
	// longestOwnBackoff is the average pause before a batch with a single span is sent
	// again, if this batch has own failures.
	longestOwnBackoff = 5 * time.Second
)

// wait parks a batch until the collector can be reached again. The waiting time is not part
// of the time limit of the batch.
func (e *export) wait(b *batch, err error, sent bool) {
	e.result.gone, e.result.dialling = err, !sent
	e.result.pause, _ = pauseOf(err)
	e.buffer.park(b)
}

// lose parks a batch that was in flight when the collector was lost. From then on, the
// batch is sent only if no other batch is in flight. At the second loss, the whole batch is
// given up. Therefore, if a batch makes the collector crash, the collector crashes at most
// twice. A loss does not count if the collector was also lost at another time since the
// previous loss, because then the cause may not be this batch. But at the third loss, the batch
// is always given up.
func (e *export) lose(b *batch, err error) {
	e.result.gone, e.result.lost = err, true
	e.fail(b)
	b.allLosses++
	if b.losses == 0 || !e.collector.broken.Load().After(b.lostAt.Add(sameLoss)) {
		b.losses++
	}
	b.lostAt = time.Now()
	if b.losses == mostLosses || b.allLosses == mostAllLosses {
		e.giveUp(b, spanstats.CollectorLost, err)
		return
	}
	b.notBefore = b.lostAt.Add(lossPause + rand.N(lossPause/2))
	e.buffer.park(b)
}

// retry parks a batch that the collector may accept later.
//
// A failure is an own failure of the batch if the collector has accepted another batch
// after the previous failure of this batch. For the first failure, the collector must have
// accepted another batch after the start of the request. After several own failures, the
// batch is halved again and again until the spans that fail are found.
//
// Each batch has a time limit. The limit is the timeout, or twice the timeout during the
// search for spans that fail. The batch is given up when its requests and pauses together
// have taken longer than the limit. Pauses that the collector requests do not count,
// because no requests may be sent during these pauses. If the collector answers UNAVAILABLE
// to all batches, the time does not count either, because then all batches wait. The first
// request that times out does not count, so that the batch is sent again with more time.
func (e *export) retry(b *batch, v verdict, err error) {
	own := e.fail(b)
	e.result.pause, _ = pauseOf(err)
	if v == unavailable && !own && !e.isLastChance(b) {
		e.parkSuspect(b, err)
		return
	}
	now, backoff := time.Now(), e.backoff(b)
	e.result.answered = e.result.answered || own
	b.asked = true
	b.spent += backoff
	if v != late {
		b.spent += now.Sub(b.began)
	}
	b.notBefore = now.Add(e.result.pause + backoff)
	switch {
	case (own || e.isLastChance(b)) && e.halves(b, err):
	case b.spent > e.timeFor(b):
		e.giveUp(b, spanstats.TimedOut, err)
	default:
		e.buffer.park(b)
	}
}

// The method fail records that the collector did not accept b. It reports whether this
// failure is an own failure of b.
func (e *export) fail(b *batch) (own bool) {
	accepted := e.collector.accepted.Load()
	own = accepted > b.accepted
	if own {
		b.own++
	}
	b.failures++
	b.accepted = accepted
	return own
}

// parkSuspect parks a batch after a failure whose cause may be the collector and not the
// batch. If the batch is one half of a batch with own failures, the other half is sent
// before this half is sent again.
func (e *export) parkSuspect(b *batch, err error) {
	if b.suspect && b.failures == 1 && !e.partFailed {
		e.partFailed = true
		b.notBefore = b.began.Add(firstBackoff)
	} else {
		e.result.gone = err
	}
	e.buffer.park(b)
}

// The method halves divides a batch if it has enough own failures. It reports whether it
// has divided the batch.
func (e *export) halves(b *batch, err error) bool {
	if len(b.spans) == 1 || !e.failsOnItsOwn(b) {
		return false
	}
	if b.halving == nil {
		b.halving = NewHalving(len(b.spans))
	}
	b.halving.Accept() // the collector accepts other batches
	if !b.halving.Refuse(err) {
		return false
	}
	b.suspect = true
	e.divide(b)
	return true
}

// failsOnItsOwn reports whether a batch has enough own failures to be halved. If the batch
// is one half of a batch that was divided for this reason, one failure is enough, provided
// that the other half was accepted.
func (e *export) failsOnItsOwn(b *batch) bool {
	switch {
	case b.suspect && b.own > 0:
		return true
	case e.isLastChance(b):
		return true
	case e.collector.isErratic():
		return b.own >= erraticFailures
	case b.suspect:
		return b.failures > 0 && e.collector.accepted.Load() > b.accepted
	}
	return b.own >= ownFailures
}

// isLastChance reports whether b must be halved although there are no own failures, because the
// processor is shutting down. Soon there may be no other batch that the collector can accept.
func (e *export) isLastChance(b *batch) bool {
	return e.buffer.drain.Load() != nil && b.failures >= ownFailures
}

// timeout returns the timeout of the next request for b. A collector can accept a request and
// answer it after the timeout. Then the batch is sent again, and would be accepted twice each
// time. Therefore, after the first timeout, a request has more time, and so have the requests
// of later batches until the collector answers in time again.
func (e *export) timeout(b *batch) time.Duration {
	if b.late || e.collector.late.Load() {
		return lateTimeouts * e.collector.timeout
	}
	return e.collector.timeout
}

// timeFor returns the time limit of a batch. During the search for spans that fail, the
// limit is twice as long.
func (e *export) timeFor(b *batch) time.Duration {
	if b.suspect && len(b.spans) > 1 {
		return 2 * e.collector.timeout
	}
	return e.collector.timeout
}

// backoff returns the pause before b is sent again. If b is a single span that fails on its own,
// the pause is long, because it will probably fail again.
func (e *export) backoff(b *batch) time.Duration {
	if len(b.spans) == 1 && b.own > 0 && (b.suspect || b.own >= ownFailures) && !e.collector.isErratic() {
		return backoff(math.MaxInt, longestOwnBackoff)
	}
	return backoff(b.failures, longestBackoff)
}
