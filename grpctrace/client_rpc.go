package grpctrace

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"

	"github.com/nais/spor/internal/otelutil"
)

// clientCall contains all data about one call of a client, in one allocation. It is also the
// context of this call.
type clientCall struct {
	rpc

	client     *client
	conn       *grpc.ClientConn
	fullMethod string

	attempts atomic.Int64
	last     atomic.Pointer[string] // the status code of the latest attempt that failed
	peer     atomic.Pointer[peer]
}

type clientCallKey struct{}

// clientCallFrom returns the call of a client that ctx belongs to, or nil.
func clientCallFrom(ctx context.Context) *clientCall {
	c, _ := ctx.Value(clientCallKey{}).(*clientCall)
	return c
}

// Value implements [context.Context]. For the key clientCallKey{} it returns c.
func (c *clientCall) Value(key any) any {
	if key == (clientCallKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// covers reports whether a call of fullMethod on cc is the call c itself. The context of that call
// must contain c. The result is true if the client has the options of this package twice, because
// its interceptors then run twice for each call. The result is false for other calls, such as a
// call that fetches a token for c.
func (c *clientCall) covers(cc *grpc.ClientConn, fullMethod string) bool {
	return c.conn == cc && c.fullMethod == fullMethod && !c.finished.Load()
}

// attempt records that an attempt starts. Each attempt after the first one becomes an event of
// the span. The event has the attributes that gRPC's own tracing uses:
// https://github.com/grpc/proposal/blob/master/A72-open-telemetry-tracing.md.
func (c *clientCall) attempt(begin *stats.Begin) {
	before := c.attempts.Add(1) - 1
	if before == 0 || !c.span.IsRecording() {
		return
	}
	attrs := []attribute.KeyValue{
		attribute.Int64("previous-rpc-attempts", before),
		attribute.Bool("transparent-retry", begin.IsTransparentRetryAttempt),
	}
	if last := c.last.Load(); last != nil {
		attrs = append(attrs, semconv.RPCResponseStatusCode(*last))
	}
	c.span.AddEvent("attempt", trace.WithAttributes(attrs...))
}

// attempted stores the status code of an attempt, if the attempt failed.
func (c *clientCall) attempted(end *stats.End) {
	if end.Error != nil {
		name := codeName(statusOf(end.Error).Code())
		c.last.Store(&name)
	}
}

// finish records the end of the call. If finish is called again, it does nothing.
func (c *clientCall) finish(err error) {
	if !c.finished.CompareAndSwap(false, true) {
		return
	}
	s := statusOf(err)
	c.outcome = newOutcome(s, c.client.expected, func(code codes.Code) bool {
		return clientError(code) && (code != codes.Canceled || !c.canceled())
	})
	c.end()
}

// abort records that an interceptor or a codec panicked.
func (c *clientCall) abort() {
	if c.finished.CompareAndSwap(false, true) {
		c.outcome = outcome{failed: true, errorType: other, message: "panic"}
		c.end()
	}
}

func (c *clientCall) end() {
	if p := c.peer.Load(); p != nil {
		c.add(p.attributes...)
	}
	c.close()
}

// canceled reports whether the caller canceled the call. According to
// https://opentelemetry.io/docs/specs/semconv/general/recording-errors/, this is not an error.
func (c *clientCall) canceled() bool { return errors.Is(c.Err(), context.Canceled) }

type peer struct {
	addr       net.Addr
	attributes []attribute.KeyValue
}

// peers caches the peer of the latest attempt, because the next attempt usually has the same
// peer.
type peers struct{ last atomic.Pointer[peer] }

func (p *peers) at(addr net.Addr) *peer {
	if last := p.last.Load(); last != nil && otelutil.Same(last.addr, addr) {
		return last
	}
	next := &peer{addr: addr, attributes: peerOf(addr)}
	p.last.Store(next)
	return next
}
