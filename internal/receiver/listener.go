package receiver

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc"
)

// listener counts the connections it has handed out and not seen closed, and
// the requests under way on them.
type listener struct {
	net.Listener

	mu      sync.Mutex
	conns   int
	calls   int
	changed chan struct{} // closed and replaced at every change
}

func track(l net.Listener) *listener {
	return &listener{Listener: l, changed: make(chan struct{})}
}

func (l *listener) busy() (bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns > 0 || l.calls > 0, l.changed
}

func (l *listener) add(conns, calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns += conns
	l.calls += calls
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.add(1, 0)
	return &conn{Conn: c, listener: l}, nil
}

func (l *listener) trackCall(
	ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	l.add(0, 1)
	defer l.add(0, -1)
	return handler(ctx, req)
}

type conn struct {
	net.Conn
	listener *listener
	once     sync.Once
}

func (c *conn) Close() error {
	c.once.Do(func() { c.listener.add(-1, 0) })
	return c.Conn.Close()
}
