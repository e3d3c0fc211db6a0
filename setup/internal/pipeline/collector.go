package pipeline

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
)

// collector is the connection to the collector, and what is known of it. It is safe
// for concurrent use, except for the fields and methods that are said to be for the
// sender.
type collector struct {
	trouble Trouble
	timeout time.Duration
	life    context.Context //nolint:containedctx // ends when nothing is to be sent any more

	dial       func() (*grpc.ClientConn, error)
	conn       atomic.Pointer[grpc.ClientConn]
	connected  chan struct{} // there is a connection again
	waits      sync.WaitGroup
	connecting bool // for the sender: a goroutine waits for a connection

	lastAnswer atomic.Pointer[time.Time] // when it answered, or the first of the exports in flight began
	accepted   atomic.Uint64             // batches that it has accepted
	erratic    atomic.Pointer[time.Time] // when it last accepted one that had failed on its own
	search     sync.Mutex                // held until a refused batch is known to have parts that are accepted
	refusesAll atomic.Bool               // no part of the last refused batch was accepted, nor anything since
}

// accept notes that the collector accepted a batch, which had failed on its own before
// or not.
func (c *collector) accept(failedBefore bool) {
	c.refusesAll.Store(false)
	c.accepted.Add(1)
	if failedBefore {
		now := time.Now()
		c.erratic.Store(&now)
	}
}

// isErratic reports whether the collector accepted something lately that had failed
// on its own before.
func (c *collector) isErratic() bool {
	at := c.erratic.Load()
	return at != nil && time.Since(*at) < c.timeout
}

// silence returns for how long the collector has not answered while it was asked.
func (c *collector) silence() time.Duration { return time.Since(*c.lastAnswer.Load()) }

// connect reports whether there is a connection, and has one made. It is for the
// sender.
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

// await waits for a connection.
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

// reconnect replaces the connection. Requests on the old one fail, and are tried
// again on the new one.
func (c *collector) reconnect() {
	conn, err := c.dial()
	if err != nil {
		return // as it was: the address has not changed
	}
	_ = c.conn.Swap(conn).Close()
}
