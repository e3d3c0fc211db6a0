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

// serverCall contains all data about one call to a server, in one allocation. It is also the
// context of this call.
type serverCall struct {
	rpc

	server     *server
	fullMethod string

	known   bool        // it is certain that the server has the method
	learned bool        // it is certain that one of the servers with the same options has the method
	begun   atomic.Bool // gRPC found a handler for the call

	// mu guards the fields that follow. If known is false, it also guards the field method.
	mu        sync.Mutex
	conn      *conn       // nil if the connection is unknown
	stop      func() bool // stops the function that watch registered
	confirmed bool        // set during the call, when it is certain that the server has the method
	failure   string      // the type of the panic value; "" if the handler did not panic
}

type serverCallKey struct{}

// serverCallFrom returns the server's call that ctx belongs to. It returns nil if ctx does not
// belong to a call.
func serverCallFrom(ctx context.Context) *serverCall {
	c, _ := ctx.Value(serverCallKey{}).(*serverCall)
	return c
}

// Value implements [context.Context]. For the key serverCallKey{} it returns c.
func (c *serverCall) Value(key any) any {
	if key == (serverCallKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// conn contains the data that all calls of a connection share.
type conn struct {
	attributes []attribute.KeyValue
	lasting    bool // the connection can be used for more than one call

	// served contains a method if it is certain that the server of this connection has this
	// method.
	served atomic.Pointer[map[string]bool]
}

// serves reports whether it is certain that the server of c has the method.
func (c *conn) serves(fullMethod string) bool {
	if c == nil {
		return false
	}
	served := c.served.Load()
	return served != nil && (*served)[fullMethod]
}

// learn records that the server of c has the method. If two calls run learn at the same time, one
// of the two methods may be lost. The next call of the lost method adds it again.
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

// identify sets the method of the call. If NewServer created the server, all its methods are
// known. Otherwise a method is known only after a server has served it. Several servers can be
// created with the same options, and then share one list of known methods. In that case only the
// connection shows which server gets the call.
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

// deny changes the method to _OTHER, unless the server has the method.
func (c *serverCall) deny() {
	if c.known || c.confirmed || c.learned && c.begun.Load() || c.method.attribute == other {
		return
	}
	c.rename(c.server.otherMethod(c.fullMethod))
	c.add(originalOf(c.fullMethod))
}

func (c *serverCall) rename(m *method) {
	if c.method.name != m.name && c.span.IsRecording() {
		c.span.SetName(m.name)
		if !c.late {
			c.span.SetAttributes(semconv.RPCMethod(m.attribute))
		}
	}
	c.method = m
}

// answerTimeout is a time limit for gRPC. It starts when the context of the call ends, for example
// because the caller disconnects. Within this time, gRPC must find a handler for the call or send
// a status. gRPC needs only CPU time for this, so a short time is enough.
const answerTimeout = 100 * time.Millisecond

// watch makes sure that the span ends if gRPC finds no handler for the call. This is necessary
// because the caller may disconnect before gRPC can send a status.
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

// arrived stores the addresses of the connection. It does nothing if TagConn has already stored
// them.
func (c *serverCall) arrived(header *stats.InHeader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		c.conn = newConn(header.LocalAddr, header.RemoteAddr)
	}
}

// served records that gRPC found a handler for the call. For a unary call, this means that the
// server has the method. For a stream, the handler may be the handler for unknown methods.
func (c *serverCall) served(begin *stats.Begin) {
	c.begun.Store(true)
	if !begin.IsClientStream && !begin.IsServerStream {
		c.confirm()
	}
}

// answered ends a call for which gRPC found no handler. For such a call, gRPC reports only that
// it sent a status.
func (c *serverCall) answered() {
	if !c.begun.Load() {
		c.unserved(codes.Unimplemented, "unknown service or method")
	}
}

func (c *serverCall) unserved(code codes.Code, message string) {
	c.finish(&stats.End{BeginTime: c.start, EndTime: time.Now(), Error: status.Error(code, message)})
}

// finish records the end of the call. If finish is called again, it does nothing.
func (c *serverCall) finish(end *stats.End) {
	if !c.finished.CompareAndSwap(false, true) {
		return
	}
	died := c.conclude(end)
	c.close()
	if died {
		flush(c.server.tracerProvider)
	}
}

// conclude sets the outcome of the call. died is true if the handler panicked but the call has no
// error. This usually means that no code recovered from the panic, and that the process ends
// soon. It also happens if an interceptor recovers from the panic and returns no error.
func (c *serverCall) conclude(end *stats.End) (died bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop()
	}
	c.deny()
	c.outcome = newOutcome(statusOf(end.Error), c.server.expected, serverError)
	if died = c.failure != "" && end.Error == nil; died {
		c.outcome.code = "" // the process usually ends before gRPC sends a status
	}
	if c.failure != "" && !c.outcome.failed {
		c.outcome.failed, c.outcome.errorType = true, c.failure
	}
	if c.conn != nil && c.span.IsRecording() {
		c.add(c.conn.attributes...)
	}
	return died
}

// guarded calls the handler. It records a panic of the handler.
func (c *serverCall) guarded(handler func()) {
	if !c.returns(handler) {
		errinfo.ContinueNilPanic()
	}
}

// returns calls the handler. It returns false if the handler called panic(nil).
func (c *serverCall) returns(handler func()) (returned bool) {
	defer func() { c.guard(returned, recover()) }()
	handler()
	return true
}

// guard records the handler's panic with the value v, and panics again with v. If the handler
// returned, guard does nothing.
func (c *serverCall) guard(returned bool, v any) {
	if returned || v == nil { // v is nil after runtime.Goexit and panic(nil)
		return
	}
	failure := errinfo.Record(c.span, v)
	c.mu.Lock()
	c.failure = failure
	c.mu.Unlock()
	panic(v) //nolint:forbidigo // continues the handler's own panic
}

// flushTimeout is the maximum duration of the last export, which runs before a panic ends the
// process.
const flushTimeout = time.Second

// flush exports the spans that provider has not exported yet. If provider is nil, it uses the
// global tracer provider. flush is called after a panic that ends the process.
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
