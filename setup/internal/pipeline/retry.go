package pipeline

import (
	"time"

	"github.com/nais/spor/setup/internal/spanstats"
)

const (
	// ownFailures is the number of own failures after which a batch is halved, see retry.
	ownFailures = 3
	// erraticFailures replaces ownFailures while the collector also accepts batches that it
	// had not accepted before, because the cause is then not a single span.
	erraticFailures = 12
	// mostLosses is the number of losses of the collector at which a batch that was in
	// flight is given up.
	mostLosses = 3
	// longestOwnBackoff is the longest pause of a single span that has own failures.
	longestOwnBackoff = 5 * time.Second
)

// wait parks a batch until the collector can be reached again. The batch's time limit does
// not include this time.
func (e *export) wait(b *batch, err error, sent bool) {
	e.result.gone, e.result.dialling = err, !sent
	e.result.pause, _ = pauseOf(err)
	e.buffer.park(b)
}

// lose parks a batch that was in flight when the collector was lost. The batch is then sent
// only while no other batch is in flight. The whole batch is given up at the third loss, so
// a collector that crashes because of the batch crashes at most three times. With a limit of
// two, a collector that is restarted twice would lose spans that do not harm it.
func (e *export) lose(b *batch, err error) {
	e.result.gone = err
	e.fail(b)
	b.losses++
	if b.losses == mostLosses {
		e.giveUp(b, spanstats.CollectorLost, err)
		return
	}
	e.buffer.park(b)
}

// retry parks a batch that the collector may accept later.
//
// A failure is an own failure of the batch if the collector accepted another batch since the
// previous failure of this batch. After several own failures, the batch is halved until the
// spans that fail are found. The batch is given up when its requests and pauses have taken
// longer than the timeout, or longer than twice the timeout while spans are searched for.
// Pauses that the collector requests do not count, because no requests may be sent then.
// UNAVAILABLE does not count either if all batches get it, because then all batches wait.
func (e *export) retry(b *batch, v verdict, err error) {
	own := e.fail(b)
	e.result.pause, _ = pauseOf(err)
	if v == unavailable && !own {
		e.parkSuspect(b, err)
		return
	}
	now, backoff := time.Now(), backoff(b.failures, e.longestBackoff(b))
	e.result.answered = e.result.answered || own
	b.asked = true
	b.spent += now.Sub(b.began) + backoff
	b.notBefore = now.Add(e.result.pause + backoff)
	switch {
	case own && e.halves(b, err):
	case b.spent > e.timeFor(b):
		e.giveUp(b, spanstats.TimedOut, err)
	default:
		e.buffer.park(b)
	}
}

// fail records that the collector did not accept b. It reports whether this is an own
// failure of b.
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

// parkSuspect parks a batch if the collector may be unable to work. If the batch is half of
// a batch with own failures, the other half is sent first.
func (e *export) parkSuspect(b *batch, err error) {
	if b.suspect && b.failures == 1 && !e.partFailed {
		e.partFailed = true
		b.notBefore = b.began.Add(firstBackoff)
	} else {
		e.result.gone = err
	}
	e.buffer.park(b)
}

// halves divides a batch that has enough own failures, and reports whether it did.
func (e *export) halves(b *batch, err error) bool {
	if len(b.spans) == 1 || !e.failsOnItsOwn(b) {
		return false
	}
	if b.halving == nil {
		b.halving = NewHalving(len(b.spans))
	}
	b.halving.Accept() // other batches were accepted
	if !b.halving.Refuse(err) {
		return false
	}
	b.suspect = true
	e.divide(b)
	return true
}

// failsOnItsOwn reports whether a batch has enough own failures to be halved. For a half of
// a batch that was divided for this reason, one failure is enough if the other half was
// accepted.
func (e *export) failsOnItsOwn(b *batch) bool {
	switch {
	case b.suspect && b.own > 0:
		return true
	case e.collector.isErratic():
		return b.own >= erraticFailures
	case b.suspect:
		return b.failures > 0 && e.collector.accepted.Load() > b.accepted
	}
	return b.own >= ownFailures
}

// timeFor returns the time limit of a batch. The limit is doubled while failing spans are
// searched for.
func (e *export) timeFor(b *batch) time.Duration {
	if b.suspect && len(b.spans) > 1 {
		return 2 * e.collector.timeout
	}
	return e.collector.timeout
}

// longestBackoff returns the longest pause before b is sent again.
func (e *export) longestBackoff(b *batch) time.Duration {
	if len(b.spans) == 1 && b.own >= ownFailures && !e.collector.isErratic() {
		return longestOwnBackoff
	}
	return longestBackoff
}
