package pipeline

import (
	"context"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

const (
	// mostInFlight is how many requests a slow collector has at a time.
	mostInFlight = 8
	// silenceTimeout is how long it may not answer at all before it gets no more.
	silenceTimeout = 5 * time.Second
	// reportInterval is how often an outage is reported that goes on.
	reportInterval = 5 * time.Second
	// outageShutdown bounds the shutdown while the collector cannot be reached.
	outageShutdown = time.Second
)

// sender decides when what is sent. Its fields without a lock are for the
// goroutine of run alone.
type sender struct {
	collector *collector
	buffer    *buffer
	shards    *shards
	delay     time.Duration
	abort     context.CancelFunc // ends the life of the collector

	results  chan result
	flushes  atomic.Uint64 // everything up to that age is to be sent now
	draining atomic.Pointer[drain]

	inFlight  int       // exports
	alone     bool      // what is in flight is to be alone
	through   uint64    // everything up to that age has waited long enough
	due       time.Time // when what waits has; zero when nothing does
	down      bool
	outage    error // why it is down
	failures  int
	notBefore time.Time // no request is made until then
	reported  time.Time
}

// drain is the end.
type drain struct{ begin, end time.Time }

// run runs until the drain is done or life ends. Nothing is in flight then. What a
// round decides, it decides by one reading of the clock: what is not yet due by
// that is what the next round waits for, though it may be due meanwhile.
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

// done reports whether there is nothing left to do, or no hope of doing it.
func (s *sender) done(now time.Time) bool {
	if s.collector.life.Err() != nil {
		return true
	}
	d := s.draining.Load()
	if d == nil || s.inFlight > 0 {
		return false
	}
	return s.buffer.isEmpty() || s.notBefore.After(d.end) || s.down && now.Sub(d.begin) >= outageShutdown
}

// launch sends what is to be sent, as long as the collector may be asked.
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
			s.shards.sealAll()
		}
		batch := s.buffer.next(sendState{now, s.collector.accepted.Load(), s.inFlight == 0}, s.sendThrough())
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

// flush has everything up to that age sent now.
func (s *sender) flush(age uint64) {
	for known := s.flushes.Load(); known < age && !s.flushes.CompareAndSwap(known, age); {
		known = s.flushes.Load()
	}
	s.buffer.wakeSender()
}

func (s *sender) sendThrough() uint64 {
	if s.draining.Load() != nil {
		return math.MaxUint64
	}
	return max(s.through, s.flushes.Load())
}

// free reports whether one more request may be made. Of a collector that is down,
// one is enough to find out.
func (s *sender) free(now time.Time) bool {
	switch {
	case now.Before(s.notBefore) || s.alone:
		return false
	case s.down:
		return s.inFlight == 0 && s.collector.connect()
	case s.inFlight > 0 && s.collector.silence() > silenceTimeout:
		return false
	}
	return s.inFlight < mostInFlight
}

// finish takes in the result of an export.
func (s *sender) finish(r result) {
	s.inFlight--
	s.alone = false
	now := time.Now()
	if r.answered {
		s.collector.lastAnswer.Store(&now)
		s.down, s.failures = false, 0
		s.buffer.unreachable.Store(false)
	}
	if r.gone != nil {
		s.down, s.outage = true, r.gone
		s.failures++
		s.buffer.unreachable.Store(true)
		if !r.dialling { // connecting has pauses of its own
			s.notBefore = later(s.notBefore, now.Add(backoff(s.failures, longestBackoff)))
		}
	}
	if r.stale != nil && r.stale == s.collector.conn.Load() {
		s.collector.reconnect()
	}
	if r.pause > 0 {
		s.notBefore = later(s.notBefore, now.Add(r.pause))
	}
}

// report reports what people should know.
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

// nextRound returns when there is something to do after now, if nothing happens.
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
	if d := s.draining.Load(); d != nil && now.Sub(d.begin) < outageShutdown {
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

// backoff returns about how long no request is made after that many failures.
func backoff(failures int, longest time.Duration) time.Duration {
	pause := firstBackoff
	for i := 1; i < failures && pause < longest; i++ {
		pause += pause / 2
	}
	pause = min(pause, longest)
	return pause/2 + rand.N(pause)
}
