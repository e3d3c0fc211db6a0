package pipeline

import (
	"context"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	mostInFlight = 8
	// probesPerBatch is the number of attempts during an outage after which another batch is
	// tried.
	probesPerBatch = 64
	// silenceTimeout is a time limit for answers. If the collector has answered no request
	// for this time, no more requests are sent to it.
	silenceTimeout = 5 * time.Second
	reportInterval = 5 * time.Second
	// outageShutdown is the maximum duration of the shutdown if the collector cannot be
	// reached, and could not be reached for some time before.
	outageShutdown = time.Second
)

// sender decides when spans are sent. Only the goroutine of the method run uses the fields
// from inFlight to reported.
type sender struct {
	collector *collector
	buffer    *buffer
	shards    *shards
	delay     time.Duration
	abort     context.CancelFunc // cancels collector.life

	results chan result
	flushes atomic.Uint64 // spans up to this sequence number must be sent now

	inFlight  int       // number of exports
	alone     bool      // the batch in flight must be the only batch in flight
	through   uint64    // the delay is over for all spans up to this sequence number
	due       time.Time // time at which the waiting spans must be sent; zero if no spans wait
	down      bool
	throttled bool // the collector asked for a pause
	outage    error
	failures  int
	notBefore time.Time // no request is made before this time
	reported  time.Time
}

// run sends spans until the shutdown is done or collector.life ends. When run returns, no
// batch is in flight. In each round of the loop, run reads the clock once, and makes all
// decisions with this time. If work becomes due during a round, it is done in the next
// round.
func (s *sender) run() {
	timer := time.NewTimer(math.MaxInt64)
	defer timer.Stop()
	for now := time.Now(); !s.done(now); now = time.Now() {
		if s.shards.pending.Load() {
			s.shards.encodeSome()
			s.buffer.fillSpare()
		}
		s.launch(now)
		s.report(now)
		timer.Reset(time.Until(s.nextRound(now)))
		select {
		case <-s.buffer.wake:
		case r := <-s.results:
			s.finish(r)
		case <-s.collector.connected:
			s.collector.connecting = false
		case <-timer.C:
		case <-s.collector.life.Done():
		}
	}
	s.abort()
	for ; s.inFlight > 0; s.inFlight-- {
		<-s.results
	}
	s.collector.waits.Wait()
}

// done reports whether run must end. During the shutdown, this is the case if no spans wait
// or if the waiting spans can no longer be sent in time. It is also the case if
// collector.life has ended.
func (s *sender) done(now time.Time) bool {
	if s.collector.life.Err() != nil {
		return true
	}
	d := s.buffer.drain.Load()
	if d == nil || s.inFlight > 0 {
		return false
	}
	return s.buffer.isEmpty() || s.notBefore.After(d.end) ||
		s.down && now.Sub(d.begin) >= outageShutdown && !s.collector.trouble.WasReachable()
}

// launch starts exports. It stops when there is no batch to send now, or when no further
// export may start.
func (s *sender) launch(now time.Time) {
	if s.shards.pending.Load() && s.due.IsZero() {
		s.due = now.Add(s.delay)
	}
	for s.free(now) {
		switch {
		case !s.due.IsZero() && !now.Before(s.due):
			s.due = time.Time{}
			s.through = s.shards.sealAll()
			s.buffer.trim()
		case s.buffer.limits.enoughSpans():
			// The field pending stays true, because the spans that do not fit in a full
			// batch still wait for their delay.
			s.shards.seal(false)
		}
		batch := s.buffer.next(s.state(now), s.sendThrough())
		if batch == nil {
			return
		}
		if s.inFlight == 0 {
			s.collector.lastAnswer.Store(&now)
		}
		s.inFlight++
		s.alone = batch.isAlone()
		e := &export{collector: s.collector, buffer: s.buffer}
		go func() { s.results <- e.run(batch) }()
	}
}

func (s *sender) state(now time.Time) sendState {
	state := sendState{now: now, accepted: s.collector.accepted.Load(), idle: s.inFlight == 0}
	if s.down || s.throttled {
		state.probe = s.failures
	}
	return state
}

// flush makes the sender send all spans up to the sequence number age now.
func (s *sender) flush(age uint64) {
	for known := s.flushes.Load(); known < age && !s.flushes.CompareAndSwap(known, age); {
		known = s.flushes.Load()
	}
	s.buffer.wakeSender()
}

// sendThrough returns the sequence number up to which all queued spans must be sent.
func (s *sender) sendThrough() uint64 {
	if s.buffer.drain.Load() != nil {
		return math.MaxUint64
	}
	return max(s.through, s.flushes.Load())
}

// free reports whether one more export may start. If the collector cannot be reached or has
// asked for a pause, only one export may run. One export is enough to detect that the collector
// accepts spans again.
func (s *sender) free(now time.Time) bool {
	switch {
	case now.Before(s.notBefore) || s.alone:
		return false
	case s.down:
		return s.inFlight == 0 && s.collector.connect()
	case s.throttled:
		return s.inFlight == 0
	case s.inFlight > 0 && s.collector.silence() > silenceTimeout:
		return false
	}
	return s.inFlight < mostInFlight
}

func (s *sender) finish(r result) {
	s.inFlight--
	s.alone = false
	now := time.Now()
	if r.answered {
		s.collector.lastAnswer.Store(&now)
		s.down = false
		s.buffer.unreachable.Store(false)
		if s.throttled = r.pause > 0; !s.throttled {
			s.failures = 0
		}
	}
	if r.gone != nil {
		if r.lost && !s.down {
			s.collector.broken.Store(&now)
		}
		s.down, s.outage = true, r.gone
		s.failures++
		s.buffer.unreachable.Store(true)
		if !r.dialling { // gRPC makes its own pauses between attempts to connect
			s.notBefore = later(s.notBefore, now.Add(backoff(s.failures, longestBackoff)))
		}
	}
	if r.stale != nil && r.stale == s.collector.conn.Load() {
		s.collector.reconnect()
	}
	if r.pause > 0 {
		if r.gone == nil {
			s.failures++
		}
		s.notBefore = later(s.notBefore, now.Add(r.pause+backoff(s.failures, longestBackoff)))
	}
}

// report passes an outage and dropped spans to Trouble, at most once per reportInterval.
func (s *sender) report(now time.Time) {
	if now.Sub(s.reported) < reportInterval {
		return
	}
	s.reported = now
	if s.down {
		s.collector.trouble.Outage(s.outage)
	}
	s.collector.trouble.Dropped()
}

// nextRound returns the time at which the next round must start. If an event happens
// earlier, the next round starts earlier.
func (s *sender) nextRound(now time.Time) time.Time {
	wake := now.Add(time.Hour)
	if !s.due.IsZero() && s.due.After(now) {
		wake = s.due
	}
	if at, found := s.buffer.soonest(); found && at.After(now) {
		wake = earlier(wake, at)
	}
	if s.notBefore.After(now) {
		wake = earlier(wake, s.notBefore)
	}
	if s.down {
		wake = earlier(wake, now.Add(reportInterval))
	}
	if d := s.buffer.drain.Load(); d != nil && now.Sub(d.begin) < outageShutdown {
		wake = earlier(wake, d.begin.Add(outageShutdown))
	}
	return wake
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

const (
	firstBackoff   = 200 * time.Millisecond
	longestBackoff = time.Second
)

// backoff returns the pause after a number of failures. The average pause grows with the
// number of failures, up to longest. The result is random, between 50 % and 150 % of the
// average.
func backoff(failures int, longest time.Duration) time.Duration {
	pause := firstBackoff
	for i := 1; i < failures && pause < longest; i++ {
		pause += pause / 2
	}
	pause = min(pause, longest)
	return pause/2 + rand.N(pause)
}
