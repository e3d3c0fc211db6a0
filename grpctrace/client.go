package grpctrace

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/suppress"
)

// NewClient is [grpc.NewClient] with a span and a measurement for every call it
// makes. Options of this package travel among those of gRPC:
//
//	grpctrace.NewClient(target, append(grpctrace.DialOptions(grpctrace.WithExpectedCodes(codes.NotFound)), more...)...)
func NewClient(target string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	if !slices.ContainsFunc(opts, isDialOption) {
		opts = append(DialOptions(), opts...)
	}
	return grpc.NewClient(target, opts...)
}

// DialOptions returns the options that [NewClient] adds, for those who construct
// the client elsewhere. Put them first: interceptors before them, such as one that
// repeats calls, are outside of the span.
func DialOptions(opts ...Option) []grpc.DialOption {
	c := newClient(newConfig(opts))
	if c.idle() {
		return []grpc.DialOption{dialOption{}}
	}
	return []grpc.DialOption{
		dialOption{},
		grpc.WithStatsHandler(c),
		grpc.WithChainUnaryInterceptor(c.unary),
		grpc.WithChainStreamInterceptor(c.stream),
	}
}

// dialOption changes nothing of a client. It lets NewClient find its own.
type dialOption struct{ grpc.EmptyDialOption }

func isDialOption(opt grpc.DialOption) bool {
	_, own := opt.(dialOption)
	return own
}

// client sees the calls of clients: each as a whole as an interceptor, and the
// attempts that gRPC makes for it as a stats.Handler.
type client struct {
	engine
	methods cache.Map[called, *method]
	peers   peers
}

// called is a method at a target.
type called struct{ fullMethod, target string }

var _ stats.Handler = (*client)(nil)

func newClient(c *config) *client {
	return &client{engine: newEngine(c, otelgrpc.NewClientHandler, clientDuration)}
}

// begin starts the span of a call, or returns nil for one that is not to be seen.
func (h *client) begin(ctx context.Context, cc *grpc.ClientConn, fullMethod string) *clientCall {
	if outer := clientCallFrom(ctx); outer != nil && outer.covers(cc, fullMethod) {
		return nil
	}
	if suppress.Is(ctx) || !h.wanted(fullMethod) || !h.working() {
		return nil
	}
	c := &clientCall{client: h, conn: cc, fullMethod: fullMethod}
	c.engine, c.start, c.Context = &h.engine, time.Now(), ctx
	c.method = h.methods.Get(called{fullMethod, cc.Target()}, func(k called) *method {
		return h.methodOf(k.fullMethod, trace.SpanKindClient, endpointOf(cc))
	})
	c.open(c, &stats.RPCTagInfo{FullMethodName: fullMethod})
	return c
}

// unary sees a unary call, however many attempts it takes.
func (h *client) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) (err error) {
	c := h.begin(ctx, cc, method)
	if c == nil {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	returned := false
	defer func() {
		if !returned {
			c.abort()
		}
	}()
	err = invoke(c.inside, method, req, reply, cc, opts...)
	returned = true
	c.finish(err)
	return err
}

// stream sees a stream from its start to its end.
func (h *client) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	c := h.begin(ctx, cc, method)
	if c == nil {
		return streamer(ctx, desc, cc, method, opts...)
	}
	returned := false
	defer func() {
		if !returned {
			c.abort()
		}
	}()
	stream, err := streamer(c.inside, desc, cc, method, append(slices.Clip(opts), grpc.OnFinish(c.finish))...)
	returned = true
	if err != nil {
		c.finish(err)
	}
	return stream, err
}

// TagRPC sends the trace context along with an attempt. It does so behind all
// interceptors, which may have replaced the metadata.
func (h *client) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return h.inject(ctx)
}

// HandleRPC follows an attempt.
func (h *client) HandleRPC(ctx context.Context, event stats.RPCStats) {
	switch event := event.(type) {
	case *stats.Begin:
		if c := h.callFrom(ctx); c != nil {
			c.attempt(event)
		}
	case *stats.OutHeader:
		if c := h.callFrom(ctx); c != nil {
			c.peer.Store(h.peers.at(event.RemoteAddr))
		}
	case *stats.End:
		if c := h.callFrom(ctx); c != nil {
			c.attempted(event)
		}
	}
}

// callFrom returns the call that ctx belongs to if it is one of h, or nil.
func (h *client) callFrom(ctx context.Context) *clientCall {
	if c := clientCallFrom(ctx); c != nil && c.client == h && !c.finished.Load() {
		return c
	}
	return nil
}

// TagConn has nothing to add.
func (h *client) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn has nothing to do.
func (h *client) HandleConn(context.Context, stats.ConnStats) {}
