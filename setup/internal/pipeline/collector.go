package pipeline

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
)

// collector contains the connection to the collector. It also contains what is known about
// the state of the collector. A collector is safe for concurrent use, with three
// exceptions: the method connect, the method reconnect, and the field with the name
// connecting. Only the sender may use these three.
type collector struct {
	trouble Trouble
	timeout time.Duration
	life    context.Context //nolint:containedctx // ends when no more requests may be sent

	dial       func() (*grpc.ClientConn, error)
	conn       atomic.Pointer[grpc.ClientConn]
	connected  chan struct{} // receives a value when there is a connection again
	waits      sync.WaitGroup
	connecting bool // a goroutine is waiting for a connection; only the sender uses this field

	// lastAnswer is the time of the last answer. If the first export in flight started
	// after the last answer, lastAnswer is the start time of this export.
	lastAnswer atomic.Pointer[time.Time]
	accepted   atomic.Uint64 // number of batches that the collector has accepted
	// erratic is the time at which a batch with own failures was last accepted, see
	// export.retry.
	erratic atomic.Pointer[time.Time]
	// broken is the last time when the connection broke during a request, after an answer.
	broken atomic.Pointer[time.Time]
	// late is true if the last answer came after the timeout, see export.timeout.
	late atomic.Bool
	// search is held by the export that searches for refused spans, see export.beginSearch.
	search sync.Mutex
	// refusesAll is true if all parts of a batch were refused and no batch was accepted
	// after that.
	refusesAll atomic.Bool
}

// drain is the time during which the processor shuts down. A nil drain means that the processor
// is not shutting down.
type drain struct{ begin, end time.Time }

// half returns the time at which a half of the time between now and the end is over.
func (d *drain) half(now time.Time) time.Time { return now.Add(d.end.Sub(now) / 2) }

// accept records that the collector accepted a batch. failedBefore is true if the batch had
// own failures, see export.retry.
func (c *collector) accept(failedBefore bool) {
	c.refusesAll.Store(false)
	c.accepted.Add(1)
	if failedBefore {
		now := time.Now()
		c.erratic.Store(&now)
	}
}

func (c *collector) isErratic() bool {
	at := c.erratic.Load()
	return at != nil && time.Since(*at) < c.timeout
}

// silence returns the time since the last answer of the collector. If the first export in
// flight started after the last answer, silence returns the time since the start of this
// export.
func (c *collector) silence() time.Duration { return time.Since(*c.lastAnswer.Load()) }

// connect reports whether there is a connection. If there is no connection, connect starts
// a goroutine that connects. Only the sender calls connect.
func (c *collector) connect() bool {
	state := c.conn.Load().GetState()
	if state == connectivity.Ready {
		return true
	}
	if !c.connecting {
		c.connecting = true
		conn := c.conn.Load()
		c.waits.Go(func() { c.await(conn) })
	}
	return false
}

func (c *collector) await(conn *grpc.ClientConn) {
	for state := conn.GetState(); state != connectivity.Ready && state != connectivity.Shutdown; state = conn.GetState() {
		if state == connectivity.Idle {
			conn.Connect()
		}
		if !conn.WaitForStateChange(c.life, state) {
			return
		}
	}
	select {
	case c.connected <- struct{}{}:
	case <-c.life.Done():
	}
}

// reconnect replaces the connection. Requests on the old connection fail, and are sent
// again on the new connection.
func (c *collector) reconnect() {
	conn, err := c.dial()
	if err != nil {
		return // keep the old connection, because the address has not changed
	}
	_ = c.conn.Swap(conn).Close()
}
