package httptrace

import (
	"context"
	"net"
	"net/http/httptrace"
	"net/netip"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
)

// connection records the connection over which a client sends a request.
type connection struct {
	hooks   httptrace.ClientTrace
	watched bool                   // the roundTrip itself is the context that contains hooks
	callers *httptrace.ClientTrace // the hooks of the caller; may be nil

	mu   sync.Mutex
	addr net.Addr // the address of the peer; nil if it is unknown
}

// watch adds hooks to the context of e. The hooks of the caller are called too.
func (c *connection) watch(e *roundTrip) {
	c.hooks.GotConn = c.gotConn
	c.callers = httptrace.ContextClientTrace(e.parent)
	if outer := roundTripFrom(e.parent); outer != nil && c.callers == &outer.connection.hooks {
		c.callers = outer.connection.callers // base of outer sends this request
	}
	if e.transport.phases {
		watchPhases(e.span, &c.hooks)
	}
	if c.callers == nil && !e.transport.phases {
		c.watched = true
		return
	}
	// WithClientTrace also adds the hooks for package net.
	ctx := context.WithValue(e.parent, clientTraceKey, c.callers)
	e.parent = httptrace.WithClientTrace(ctx, &c.hooks)
}

// gotConn records the address of the peer. The connection may be a type of the program, and its
// methods may panic.
func (c *connection) gotConn(info httptrace.GotConnInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() { _ = recover() }()
	c.addr = nil
	if info.Conn != nil {
		c.addr = info.Conn.RemoteAddr()
	}
}

type peer = netip.Addr

// describe adds the address of the peer.
func (c *connection) describe(attrs *otelutil.AttributeList, known *cache.Map[peer, string]) {
	c.mu.Lock()
	addr := c.addr
	c.mu.Unlock()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp != nil && tcp.AddrPort().Addr().IsValid() {
		to := tcp.AddrPort()
		attrs.Add(semconv.NetworkPeerAddress(known.Get(to.Addr().Unmap(), peer.String)), semconv.NetworkPeerPort(int(to.Port())))
		return
	}
	if addr == nil {
		return
	}
	defer func() { _ = recover() }() // for the method String of a type of the program
	attrs.Add(peerOf(addr.String())...)
}

// peerOf returns the attributes for an address of a peer. It returns none for the text of a nil
// address.
func peerOf(address string) []attribute.KeyValue {
	host, port := hostPort(address)
	switch {
	case host == "" || host == "<nil>":
		return nil
	case port == 0:
		return []attribute.KeyValue{semconv.NetworkPeerAddress(errinfo.Cut(host))}
	}
	return []attribute.KeyValue{semconv.NetworkPeerAddress(errinfo.Cut(host)), semconv.NetworkPeerPort(port)}
}
