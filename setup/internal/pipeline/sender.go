package pipeline

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
)

const (
	// mostFlights is how many requests a slow collector has at a time.
	mostFlights = 8
	// patience is how long it may say nothing at all before it gets no more.
	patience = 5 * time.Second
	// retelling is how often an outage is told that goes on.
	retelling = 5 * time.Second
	// lastChance is what a collector that cannot be reached has at the end.
	lastChance = time.Second
)

// sender decides when what is sent. Its fields without a lock are for the
// goroutine of run alone.
type sender struct {
	dial    func() (*grpc.ClientConn, error)
	conn    atomic.Pointer[grpc.ClientConn]
	buffer  *buffer
	trouble Trouble
	timeout time.Duration
	delay   time.Duration

	life  context.Context //nolint:containedctx // ends when nothing is to be sent any more
	abort context.CancelFunc

	landings chan *flight
	ready    chan struct{} // there is a connection again
	waits    sync.WaitGroup
	flushes  atomic.Uint64             // everything up to that age is to be sent now
	heard    atomic.Pointer[time.Time] // when the collector answered, or the first of the flights began
	draining atomic.Pointer[drain]
	accepted atomic.Uint64             // batches that the collector has accepted
	erratic  atomic.Pointer[time.Time] // when it last accepted one that had failed on its own
	search   sync.Mutex                // held until a refused batch is known to have parts that are accepted
	hopeless atomic.Bool               // no part of the last refused batch was accepted, nor anything since

	flights   int
	alone     bool      // what is in flight is to be alone
	through   uint64    // everything up to that age has waited long enough
	due       time.Time // when what waits has; zero when nothing does
	down      bool
	awaiting  bool
	outage    error // why it is down
	failures  int
	notBefore time.Time // it wants, or needs, to be left alone until then
	told      time.Time
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
		if s.buffer.timed.Load() {
			s.buffer.encodeSome()
			s.buffer.spares()
		}
		s.launch(now)
		s.tell(now)
		timer.Reset(time.Until(s.next(now)))
		select {
		case <-s.buffer.wake:
		case f := <-s.landings:
			s.land(f)
		case <-s.ready:
			s.awaiting = false
		case <-timer.C:
		case <-s.life.Done():
		}
	}
	s.abort()
	for ; s.flights > 0; s.flights-- {
		<-s.landings
	}
	s.waits.Wait()
}

// done reports whether there is nothing left to do, or no hope of doing it.
func (s *sender) done(now time.Time) bool {
	if s.life.Err() != nil {
		return true
	}
	d := s.draining.Load()
	if d == nil || s.flights > 0 {
		return false
	}
	return s.buffer.isEmpty() || s.notBefore.After(d.end) || s.down && now.Sub(d.begin) >= lastChance
}

// launch sends what is to be sent, as long as the collector may be asked.
func (s *sender) launch(now time.Time) {
	if s.buffer.timed.Load() && s.due.IsZero() {
		s.due = now.Add(s.delay)
	}
	for s.free(now) {
		switch {
		case !s.due.IsZero() && !now.Before(s.due):
			s.due = time.Time{}
			s.through = s.buffer.sealAll()
			s.buffer.trim()
		case s.buffer.enoughSpans():
			s.buffer.sealAll()
		}
		batch := s.buffer.next(sendState{now, s.accepted.Load(), s.flights == 0}, s.sendThrough())
		if batch == nil {
			return
		}
		if s.flights == 0 {
			s.heard.Store(&now)
		}
		s.flights++
		s.alone = batch.isAlone()
		go s.fly(batch)
	}
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
		return s.flights == 0 && s.connected()
	case s.flights > 0 && s.silence() > patience:
		return false
	}
	return s.flights < mostFlights
}

// silence returns for how long the collector has not answered while it was asked.
func (s *sender) silence() time.Duration { return time.Since(*s.heard.Load()) }

// connected reports whether there is a connection, and has one made.
func (s *sender) connected() bool {
	state := s.conn.Load().GetState()
	if state == connectivity.Ready {
		return true
	}
	if !s.awaiting {
		s.awaiting = true
		conn := s.conn.Load()
		s.waits.Go(func() { s.await(conn) })
	}
	return false
}

// await waits for a connection.
func (s *sender) await(conn *grpc.ClientConn) {
	for state := conn.GetState(); state != connectivity.Ready && state != connectivity.Shutdown; state = conn.GetState() {
		if state == connectivity.Idle {
			conn.Connect()
		}
		if !conn.WaitForStateChange(s.life, state) {
			return
		}
	}
	select {
	case s.ready <- struct{}{}:
	case <-s.life.Done():
	}
}

// land learns from a flight.
func (s *sender) land(f *flight) {
	s.flights--
	s.alone = false
	now := time.Now()
	if f.answered {
		s.heard.Store(&now)
		s.down, s.failures = false, 0
		s.buffer.stuck.Store(false)
	}
	if f.gone != nil {
		s.down, s.outage = true, f.gone
		s.failures++
		s.buffer.stuck.Store(true)
		if !f.dialling { // connecting has pauses of its own
			s.notBefore = later(s.notBefore, now.Add(backoff(s.failures, longestBackoff)))
		}
	}
	if f.stale != nil && f.stale == s.conn.Load() {
		s.reconnect()
	}
	if f.pause > 0 {
		s.notBefore = later(s.notBefore, now.Add(f.pause))
	}
}

// reconnect replaces the connection. Requests on the old one fail, and are tried
// again on the new one.
func (s *sender) reconnect() {
	conn, err := s.dial()
	if err != nil {
		return // as it was: the address has not changed
	}
	_ = s.conn.Swap(conn).Close()
}

// tell tells people what they should know.
func (s *sender) tell(now time.Time) {
	if now.Sub(s.told) < retelling {
		return
	}
	s.told = now
	if s.down {
		s.trouble.Outage(s.outage)
	}
	s.trouble.Dropped()
}

// next returns when there is something to do after now, if nothing happens.
func (s *sender) next(now time.Time) time.Time {
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
		wake = earlier(wake, now.Add(retelling))
	}
	if d := s.draining.Load(); d != nil && now.Sub(d.begin) < lastChance {
		wake = earlier(wake, d.begin.Add(lastChance))
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

// backoff returns how long to leave the collector alone after that many failures,
// more or less.
func backoff(failures int, longest time.Duration) time.Duration {
	pause := firstBackoff
	for i := 1; i < failures && pause < longest; i++ {
		pause += pause / 2
	}
	pause = min(pause, longest)
	return pause/2 + rand.N(pause)
}
