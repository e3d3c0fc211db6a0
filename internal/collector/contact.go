package collector

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/stats"
)

// A Contact records when there was a connection to a collector. It is a [stats.Handler] of the
// connection. Its methods may be called by several goroutines at the same time.
type Contact struct {
	mu       sync.Mutex
	open     int       // number of connections that are open now
	answered time.Time // when the collector last answered a request
	// last is when the last connection ended. If there was none, it is when the first request
	// was made, because a collector that is starting may not accept connections yet. It is zero
	// before the first request.
	last time.Time
}

// provenAfter is how long a connection must have been open to count as a connection. A
// connection on which the collector has answered always counts. A proxy accepts connections
// and closes them immediately if there is no collector.
const provenAfter = time.Second / 4

// Within reports whether there is a connection, or was one within the duration d, or whether the
// first request was made within d.
func (c *Contact) Within(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open > 0 || !c.last.IsZero() && time.Since(c.last) <= d
}

type beginKey struct{}

// TagConn implements [stats.Handler].
func (c *Contact) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, beginKey{}, time.Now())
}

// HandleConn implements [stats.Handler].
func (c *Contact) HandleConn(ctx context.Context, s stats.ConnStats) {
	now := time.Now()
	begin, _ := ctx.Value(beginKey{}).(time.Time)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s.(type) {
	case *stats.ConnBegin:
		c.open++
	case *stats.ConnEnd:
		c.open--
		if now.Sub(begin) >= provenAfter || c.answered.After(begin) {
			c.last = now
		}
	}
}

// TagRPC implements [stats.Handler].
func (c *Contact) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.IsZero() {
		c.last = time.Now()
	}
	return ctx
}

// HandleRPC implements [stats.Handler].
func (c *Contact) HandleRPC(_ context.Context, s stats.RPCStats) {
	switch s.(type) {
	case *stats.InHeader, *stats.InTrailer:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.answered = time.Now()
	}
}
