package grpctrace

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"

	"github.com/nais/spor/internal/otelutil"
)

// clientCall is all that grpctrace keeps of one call of a client, in one
// allocation. It is itself a node of the call's context.
type clientCall struct {
	rpc

	client     *client
	conn       *grpc.ClientConn
	fullMethod string

	attempts atomic.Int64
	last     atomic.Pointer[string] // the status code of the attempt that ended last
	peer     atomic.Pointer[peer]
}

type clientCallKey struct{}

// clientCallFrom returns the call of a client that ctx belongs to, or nil.
func clientCallFrom(ctx context.Context) *clientCall {
	c, _ := ctx.Value(clientCallKey{}).(*clientCall)
	return c
}

// Value makes clientCall the node of a context that knows the call.
func (c *clientCall) Value(key any) any {
	if key == (clientCallKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// covers reports whether a call under the context of c is c itself on its way
// through other options of this package: not, say, one for the token it needs.
func (c *clientCall) covers(cc *grpc.ClientConn, fullMethod string) bool {
	return c.conn == cc && c.fullMethod == fullMethod && !c.finished.Load()
}

// attempt notes that gRPC, or an interceptor, tries once. From the second time on
// it is to be seen, in the words of gRPC's own tracing.
// https://github.com/grpc/proposal/blob/master/A72-open-telemetry-tracing.md
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

// attempted notes how an attempt ended.
func (c *clientCall) attempted(end *stats.End) {
	if end.Error != nil {
		name := codeName(statusOf(end.Error).Code())
		c.last.Store(&name)
	}
}

// finish records how the call ended. Only the first call has an effect.
func (c *clientCall) finish(err error) {
	if !c.finished.CompareAndSwap(false, true) {
		return
	}
	s := statusOf(err)
	c.outcome = newOutcome(s, c.client.expected, func(code codes.Code) bool {
		return clientError(code) && (code != codes.Canceled || !c.canceled())
	})
	c.complete(s.Err())
}

// abort records that an interceptor or a codec panicked.
func (c *clientCall) abort() {
	if c.finished.CompareAndSwap(false, true) {
		c.outcome = outcome{failed: true, errorType: other, message: "panic"}
		c.complete(nil)
	}
}

func (c *clientCall) complete(err error) {
	if p := c.peer.Load(); p != nil && c.span.IsRecording() {
		c.span.SetAttributes(p.attributes...)
	}
	c.close(&stats.End{Client: true, BeginTime: c.start, EndTime: time.Now(), Error: err})
}

// canceled reports whether the caller lost interest, which is no error.
// https://opentelemetry.io/docs/specs/semconv/general/recording-errors/
func (c *clientCall) canceled() bool { return errors.Is(c.Err(), context.Canceled) }

// peer is the other end of a connection.
type peer struct {
	addr       net.Addr
	attributes []attribute.KeyValue
}

// peers remembers the peer seen last, which is the next one as a rule.
type peers struct{ last atomic.Pointer[peer] }

func (p *peers) at(addr net.Addr) *peer {
	if last := p.last.Load(); last != nil && otelutil.Same(last.addr, addr) {
		return last
	}
	next := &peer{addr: addr, attributes: peerOf(addr)}
	p.last.Store(next)
	return next
}
