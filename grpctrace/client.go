package grpctrace

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/nais/spor/internal/cache"
	"github.com/nais/spor/internal/suppress"
)

// NewClient is like [grpc.NewClient], but it also records a span and a metric for every call of
// the client. Use [DialOptions] to pass options of this package:
//
//	grpctrace.NewClient(target, append(grpctrace.DialOptions(grpctrace.WithExpectedCodes(codes.NotFound)), more...)...)
func NewClient(target string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	if !slices.ContainsFunc(opts, isDialOption) {
		opts = append(DialOptions(), opts...)
	}
	return grpc.NewClient(target, opts...)
}

// DialOptions returns the options that [NewClient] adds. Use DialOptions directly if other code
// creates the client. Put these options first, because the span does not cover interceptors that
// come before them. For example, if an interceptor before them repeats a call, each attempt gets
// its own span.
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

// dialOption is a marker for NewClient. gRPC ignores it. If the caller of NewClient passes a
// dialOption, the caller has already added the options that DialOptions returns.
type dialOption struct{ grpc.EmptyDialOption }

func isDialOption(opt grpc.DialOption) bool {
	_, own := opt.(dialOption)
	return own
}

// The type client records the calls that gRPC clients make. Its interceptors run once per call.
// Its methods of stats.Handler run for each attempt that gRPC makes for the call.
type client struct {
	engine
	methods cache.Map[called, *method]
	peers   peers
}

type called struct{ fullMethod, target string }

var _ stats.Handler = (*client)(nil)

func newClient(c *config) *client {
	return &client{engine: newEngine(c, clientDuration)}
}

// begin starts the span of a call. If the call is not recorded, begin returns nil.
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
	c.open(c)
	return c
}

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

// TagRPC adds the trace context to the metadata of an attempt. gRPC calls TagRPC after all
// interceptors. Therefore the trace context is sent even if an interceptor replaces the metadata.
func (h *client) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return h.inject(ctx)
}

// HandleRPC records the events of an attempt.
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

// callFrom returns the call that ctx belongs to. It returns nil if that call is not a call of h,
// or if the call has finished.
func (h *client) callFrom(ctx context.Context) *clientCall {
	if c := clientCallFrom(ctx); c != nil && c.client == h && !c.finished.Load() {
		return c
	}
	return nil
}

// TagConn returns ctx unchanged.
func (h *client) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (h *client) HandleConn(context.Context, stats.ConnStats) {}
