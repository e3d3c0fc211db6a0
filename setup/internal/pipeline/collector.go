package pipeline

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
)

// collector is the connection to the collector, and the state of the collector. It is safe
// for concurrent use, except for the field connecting and the methods connect and reconnect,
// which only the sender uses.
type collector struct {
	trouble Trouble
	timeout time.Duration
	life    context.Context //nolint:containedctx // ends when no more requests may be sent

	dial       func() (*grpc.ClientConn, error)
	conn       atomic.Pointer[grpc.ClientConn]
	connected  chan struct{} // gets a value when there is a connection again
	waits      sync.WaitGroup
	connecting bool // used only by the sender: a goroutine waits for a connection

	lastAnswer atomic.Pointer[time.Time] // last answer, or start of the first export in flight
	accepted   atomic.Uint64             // number of batches that the collector has accepted
	erratic    atomic.Pointer[time.Time] // last acceptance of a batch with own failures, see export.retry
	search     sync.Mutex                // held until a part of a refused batch is accepted
	refusesAll atomic.Bool               // a whole batch was refused, and nothing was accepted since
}

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

// isErratic reports whether the collector has recently accepted a batch that had own
// failures.
func (c *collector) isErratic() bool {
	at := c.erratic.Load()
	return at != nil && time.Since(*at) < c.timeout
}

// silence returns the time since the last answer, or since the first export in flight
// started.
func (c *collector) silence() time.Duration { return time.Since(*c.lastAnswer.Load()) }

// connect reports whether there is a connection. If there is none, connect starts to make
// one. Only the sender calls it.
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

// await waits until conn is connected, and then informs the sender.
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

// reconnect replaces the connection. Requests on the old connection fail, and are sent again
// on the new one.
func (c *collector) reconnect() {
	conn, err := c.dial()
	if err != nil {
		return // keep the old connection, because the address has not changed
	}
	_ = c.conn.Swap(conn).Close()
}
