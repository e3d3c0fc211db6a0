package grpctrace

import (
	"context"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/errinfo"
)

// serverCall is all that grpctrace keeps of one call to a server, in one
// allocation. It is itself a node of the call's context.
type serverCall struct {
	rpc

	server     *server
	fullMethod string

	known   bool        // the server is known to have the method
	learned bool        // a server of the same options has it
	begun   atomic.Bool // something serves it

	mu        sync.Mutex  // guards what follows, and the method of an unknown one
	conn      *conn       // nil if it is not known where the call came from
	stop      func() bool // ends the wait for a call that nothing serves
	confirmed bool        // the server turned out to have the method
	failure   string      // the type of the value that the handler panicked with
}

type serverCallKey struct{}

// serverCallFrom returns the call to a server that ctx belongs to, or nil.
func serverCallFrom(ctx context.Context) *serverCall {
	c, _ := ctx.Value(serverCallKey{}).(*serverCall)
	return c
}

// Value makes serverCall the node of a context that knows the call.
func (c *serverCall) Value(key any) any {
	if key == (serverCallKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// conn is what the calls of a connection have in common.
type conn struct {
	attributes []attribute.KeyValue
	lasting    bool // it has more than one call

	served atomic.Pointer[map[string]bool] // the methods that its server is known to have
}

// serves reports whether the server at this end of c is known to have a method.
func (c *conn) serves(fullMethod string) bool {
	if c == nil {
		return false
	}
	served := c.served.Load()
	return served != nil && (*served)[fullMethod]
}

// learn adds a method to those of the server at this end of c. One that another call
// adds at the same time may be lost, and is added by the next call.
func (c *conn) learn(fullMethod string) {
	if c == nil || !c.lasting {
		return
	}
	served := map[string]bool{fullMethod: true}
	if before := c.served.Load(); before != nil {
		maps.Copy(served, *before)
	}
	c.served.Store(&served)
}

type connKey struct{}

func newConn(local, remote net.Addr) *conn {
	return &conn{attributes: append(localOf(local), peerOf(remote)...)}
}

// identify finds out what the method is called. The methods of a server that was not
// made by NewServer are known only once it serves them, and other servers may have the
// same options: which of them a call is made to is known only from its connection.
func (c *serverCall) identify() {
	methods := &c.server.methods
	if c.method = methods.find(c.fullMethod); c.method != nil {
		c.learned = true
		c.known = c.conn.serves(c.fullMethod) || methods.bound()
		return
	}
	if methods.bound() {
		c.method = c.server.otherMethod(c.fullMethod)
		return
	}
	c.method = c.server.methodOf(c.fullMethod, trace.SpanKindServer, endpoint{})
}

// confirm notes that the server has the method.
func (c *serverCall) confirm() {
	if c.known {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.confirmed || c.finished.Load() {
		return
	}
	c.confirmed = true
	c.rename(c.server.methods.learn(c.fullMethod))
	c.conn.learn(c.fullMethod)
}

// deny notes that the server does not have the method.
func (c *serverCall) deny() {
	if c.known || c.confirmed || c.learned && c.begun.Load() || c.method.attribute == other {
		return
	}
	c.rename(c.server.otherMethod(c.fullMethod))
	c.span.SetAttributes(originalOf(c.fullMethod))
}

func (c *serverCall) rename(m *method) {
	if c.method.name != m.name && c.span.IsRecording() {
		c.span.SetName(m.name)
		c.span.Span.SetAttributes(semconv.RPCMethod(m.attribute))
	}
	c.method = m
}

// answerTimeout is how long gRPC may take to answer, or to find somebody to serve, a
// call whose caller has gone. It does nothing else in the meantime.
const answerTimeout = 100 * time.Millisecond

// watch sees to it that the span of a call that nothing serves ends even if the
// caller went away before gRPC could answer.
func (c *serverCall) watch(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = context.AfterFunc(ctx, func() { time.AfterFunc(answerTimeout, c.abandoned) })
}

func (c *serverCall) abandoned() {
	if !c.begun.Load() {
		c.unserved(codes.Canceled, "")
	}
}

// arrived notes where the call came from. Of the connections of net/http gRPC
// does not tell as such.
func (c *serverCall) arrived(header *stats.InHeader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		c.conn = newConn(header.LocalAddr, header.RemoteAddr)
	}
}

// served notes that gRPC found somebody to serve the call. For unary calls that
// means that the server has the method; a stream may be for its handler of
// unknown ones.
func (c *serverCall) served(begin *stats.Begin) {
	c.begun.Store(true)
	if !begin.IsClientStream && !begin.IsServerStream {
		c.confirm()
	}
}

// answered ends a call for which gRPC found nobody: what it says of those is
// nothing but that it sent a status.
func (c *serverCall) answered() {
	if !c.begun.Load() {
		c.unserved(codes.Unimplemented, "unknown service or method")
	}
}

func (c *serverCall) unserved(code codes.Code, message string) {
	c.finish(&stats.End{BeginTime: c.start, EndTime: time.Now(), Error: status.Error(code, message)})
}

// finish records how the call ended.
func (c *serverCall) finish(end *stats.End) {
	if !c.finished.CompareAndSwap(false, true) {
		return
	}
	died := c.conclude(end)
	c.close(end)
	if died {
		flush(c.server.tracerProvider)
	}
}

// conclude decides what the call was, and reports whether it is the death of
// the process.
func (c *serverCall) conclude(end *stats.End) (died bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop()
	}
	c.deny()
	c.outcome = newOutcome(statusOf(end.Error), c.server.expected, serverError)
	if died = c.failure != "" && end.Error == nil; died {
		c.outcome.code = "" // nothing was sent
	}
	if c.failure != "" && !c.outcome.failed {
		c.outcome.failed, c.outcome.errorType = true, c.failure
	}
	if c.conn != nil && c.span.IsRecording() {
		c.span.SetAttributes(c.conn.attributes...)
	}
	return died
}

// guard records a panic of the handler, v, and lets it go on.
func (c *serverCall) guard(returned bool, v any) {
	if returned || v == nil { // runtime.Goexit recovers nil
		return
	}
	failure := errinfo.Record(c.span.Span, v)
	c.mu.Lock()
	c.failure = failure
	c.mu.Unlock()
	panic(v) //nolint:forbidigo // the handler's own panic goes on
}

// flushTimeout is how long the export of the last spans may delay the end of the process.
const flushTimeout = time.Second

// flush exports the spans that provider, or else the global provider, still holds. It is
// for a panic from which nothing has recovered: the process is about to end.
func flush(provider trace.TracerProvider) {
	if provider == nil {
		provider = otel.GetTracerProvider()
	}
	if sdk, ok := provider.(interface{ ForceFlush(context.Context) error }); ok {
		ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
		defer cancel()
		if err := sdk.ForceFlush(ctx); err != nil {
			otel.Handle(err)
		}
	}
}
