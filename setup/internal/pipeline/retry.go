package pipeline

import (
	"time"

	"github.com/nais/spor/setup/internal/spanstats"
)

const (
	// ownFailures is after how many failures of its own a batch is halved.
	ownFailures = 3
	// erraticFailures is ownFailures while the collector also accepts what it did
	// not accept before: then the cause is not in single spans.
	erraticFailures = 12
	// mostLosses is at how many losses of the collector a batch is given up that was
	// in flight.
	mostLosses = 3
	// longestOwnBackoff is the longest pause of a span that fails on its own.
	longestOwnBackoff = 5 * time.Second
)

// wait parks a batch until the collector is back. The time does not count.
func (e *export) wait(b *batch, err error, sent bool) {
	e.result.gone, e.result.dialling = err, !sent
	e.result.pause, _ = pauseOf(err)
	e.buffer.park(b)
}

// lose parks a batch that was in flight when the collector was lost. It is alone in
// flight from then on, and given up whole at the third loss: a collector that dies of
// it dies three times at most. At two, a collector that is restarted twice would lose
// spans that do it no harm.
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

// retry parks a batch that the collector may take later.
//
// A failure is the batch's own if the collector accepted another batch since this
// one failed before. After some of these the batch is halved until the spans are
// found that fail. It is given up when the requests and pauses of such failures have
// taken the timeout, or twice the timeout while spans are searched for. Pauses that
// the collector asks for do not count, since nobody may ask it then. Nor does
// UNAVAILABLE while all batches get that: then all wait.
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

// fail notes that the collector did not accept b, and reports whether the failure is
// b's own.
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

// parkSuspect parks a batch whose collector may be unable to work. If it is half
// of a batch that fails on its own, the other half is asked first.
func (e *export) parkSuspect(b *batch, err error) {
	if b.suspect && b.failures == 1 && !e.partFailed {
		e.partFailed = true
		b.notBefore = b.began.Add(firstBackoff)
	} else {
		e.result.gone = err
	}
	e.buffer.park(b)
}

// halves has the halves of a batch sent if it fails on its own, and reports whether
// it does.
func (e *export) halves(b *batch, err error) bool {
	if len(b.spans) == 1 || !e.failsOnItsOwn(b) {
		return false
	}
	if b.halving == nil {
		b.halving = NewHalving(len(b.spans))
	}
	b.halving.Accept() // others were accepted
	if !b.halving.Refuse(err) {
		return false
	}
	b.suspect = true
	e.divide(b)
	return true
}

// failsOnItsOwn reports whether there is enough evidence against a batch. For a part
// of one that is known to fail it is enough that the rest was accepted.
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

// timeFor returns the time that a batch has. One whose guilty span is searched for
// has it twice.
func (e *export) timeFor(b *batch) time.Duration {
	if b.suspect && len(b.spans) > 1 {
		return 2 * e.collector.timeout
	}
	return e.collector.timeout
}

func (e *export) longestBackoff(b *batch) time.Duration {
	if len(b.spans) == 1 && b.own >= ownFailures && !e.collector.isErratic() {
		return longestOwnBackoff
	}
	return longestBackoff
}
