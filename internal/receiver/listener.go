package receiver

import (
	"net"
	"sync"
)

// listener accepts connections and stores the connections that are still open. It also counts the
// requests in progress.
type listener struct {
	net.Listener

	mu      sync.Mutex
	conns   map[*conn]struct{}
	calls   int
	changed chan struct{} // closed and replaced when a connection or a request ends
	stopped bool
}

func track(l net.Listener) *listener {
	return &listener{Listener: l, conns: map[*conn]struct{}{}, changed: make(chan struct{})}
}

func (l *listener) busy() (bool, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns) > 0 || l.calls > 0, l.changed
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tracked := &conn{Conn: c, listener: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	l.conns[tracked] = struct{}{}
	return tracked, nil
}

// closeConns closes all connections. If a connection is accepted later, Accept closes it too.
func (l *listener) closeConns() {
	l.mu.Lock()
	l.stopped = true
	conns := l.conns
	l.conns = map[*conn]struct{}{}
	l.change()
	l.mu.Unlock()
	for c := range conns {
		_ = c.Conn.Close()
	}
}

// trackCall counts a request as in progress until the caller calls end.
func (l *listener) trackCall() (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.calls--
		l.change()
	}
}

// awaitCalls waits until no request is in progress.
func (l *listener) awaitCalls() {
	for {
		l.mu.Lock()
		calls, changed := l.calls, l.changed
		l.mu.Unlock()
		if calls == 0 {
			return
		}
		<-changed
	}
}

// The method change wakes the goroutines that wait for the channel l.changed. The caller must
// hold l.mu.
func (l *listener) change() {
	close(l.changed)
	l.changed = make(chan struct{})
}

type conn struct {
	net.Conn
	listener *listener
}

// Close closes the connection and removes it from the listener.
func (c *conn) Close() error {
	l := c.listener
	l.mu.Lock()
	delete(l.conns, c)
	l.change()
	l.mu.Unlock()
	return c.Conn.Close()
}
