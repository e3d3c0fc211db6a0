package grpctrace

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/nais/spor/internal/healthcheck"
	"github.com/nais/spor/internal/suppress"
)

// NewServer is like [grpc.NewServer], but it also records a span and a metric for every call that
// the server serves. Use [ServerOptions] to pass options of this package. They can be at any
// position in the list:
//
//	grpctrace.NewServer(append(grpctrace.ServerOptions(grpctrace.WithPublicEndpoint()), more...)...)
func NewServer(opts ...grpc.ServerOption) *grpc.Server {
	i := slices.IndexFunc(opts, isServerOption)
	if i < 0 {
		i, opts = len(opts), append(slices.Clip(opts), ServerOptions()...)
	}
	own := opts[i].(*serverOption)
	if own.config == nil {
		return grpc.NewServer(opts...)
	}
	others := slices.DeleteFunc(slices.Clone(opts), func(opt grpc.ServerOption) bool { return slices.Contains(own.rest, opt) })
	s := newServer(own.config) // two servers may get the same options, but have different methods
	server := grpc.NewServer(append(others, s.options()...)...)
	s.methods.bind(server)
	return server
}

// ServerOptions returns the options that [NewServer] adds. Use ServerOptions directly if other
// code creates the server. Then put these options last. If an interceptor comes after them and
// recovers from panics, the panics are not recorded.
func ServerOptions(opts ...Option) []grpc.ServerOption {
	c := newConfig(opts)
	s := newServer(c)
	if s.idle() {
		return []grpc.ServerOption{&serverOption{}}
	}
	rest := s.options()
	return append([]grpc.ServerOption{&serverOption{config: c, rest: rest}}, rest...)
}

// serverOption is a marker for NewServer. gRPC ignores it. If the caller of NewServer passes a
// serverOption, the caller has already added the options that ServerOptions returns.
type serverOption struct {
	grpc.EmptyServerOption

	config *config             // nil if nothing will ever be recorded
	rest   []grpc.ServerOption // the options of ServerOptions that have an effect
}

func isServerOption(opt grpc.ServerOption) bool {
	_, own := opt.(*serverOption)
	return own
}

// The type server records the calls that a gRPC server serves. It implements stats.Handler, and
// two of its methods are interceptors.
type server struct {
	engine
	methods methods
}

var _ stats.Handler = (*server)(nil)

func newServer(c *config) *server {
	s := &server{engine: newEngine(c, serverDuration)}
	s.methods.config = c
	return s
}

func (s *server) options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.StatsHandler(s),
		grpc.ChainUnaryInterceptor(s.unary),
		grpc.ChainStreamInterceptor(s.stream),
	}
}

// TagRPC starts the span of a call. If the call is not recorded, it starts no span.
func (s *server) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	switch {
	// If ctx already belongs to a call, the server has the options of this package twice. In that
	// case, the call is already recorded.
	case serverCallFrom(ctx) != nil || suppress.Is(ctx):
		return ctx
	case healthcheck.RPC(info.FullMethodName):
		return suppress.Context(ctx)
	case !s.wanted(info.FullMethodName):
		return s.filtered(ctx)
	case s.working():
		return s.begin(ctx, info)
	case s.public:
		return ctx
	}
	return s.extract(ctx)
}

// filtered returns the context of a call that is filtered out. The trace of the caller continues in
// the calls of the handler, unless the caller is unknown.
func (s *server) filtered(ctx context.Context) context.Context {
	if s.public {
		return suppress.Context(ctx)
	}
	return suppress.Below(s.extract(ctx))
}

func (s *server) begin(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	c := &serverCall{server: s, fullMethod: info.FullMethodName}
	c.engine, c.start = &s.engine, time.Now()
	c.Context = s.extract(ctx)
	if s.public {
		if caller := trace.SpanContextFromContext(c.Context); caller.IsValid() {
			c.links = []trace.Link{{SpanContext: caller}}
		}
		c.newRoot, c.Context = true, ctx
	}
	c.conn, _ = ctx.Value(connKey{}).(*conn)
	c.identify()
	c.open(c)
	if !c.known {
		c.watch(ctx)
	}
	return c.inside
}

// HandleRPC records the events of a call.
func (s *server) HandleRPC(ctx context.Context, event stats.RPCStats) {
	switch event := event.(type) {
	case *stats.InHeader:
		if c := s.callFrom(ctx); c != nil {
			c.arrived(event)
		}
	case *stats.Begin:
		if c := s.callFrom(ctx); c != nil {
			c.served(event)
		}
	case *stats.OutTrailer:
		if c := s.callFrom(ctx); c != nil {
			c.answered()
		}
	case *stats.End:
		if c := s.callFrom(ctx); c != nil {
			c.finish(event)
		}
	}
}

// callFrom returns the call that ctx belongs to. It returns nil if that call is not a call of s.
func (s *server) callFrom(ctx context.Context) *serverCall {
	if c := serverCallFrom(ctx); c != nil && c.server == s {
		return c
	}
	return nil
}

// TagConn returns ctx with the data that all calls of a connection share.
func (s *server) TagConn(ctx context.Context, info *stats.ConnTagInfo) context.Context {
	if ctx.Value(connKey{}) != nil {
		return ctx
	}
	c := newConn(info.LocalAddr, info.RemoteAddr)
	c.lasting = true
	return context.WithValue(ctx, connKey{}, c)
}

// HandleConn does nothing.
func (s *server) HandleConn(context.Context, stats.ConnStats) {}

// unary is the interceptor for unary calls. It records a panic of the handler. It must be the
// innermost interceptor. Then the panic is recorded before another interceptor recovers from it.
func (s *server) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	c := s.callFrom(ctx)
	if c == nil {
		return handler(ctx, req)
	}
	var reply any
	var err error
	c.guarded(func() { reply, err = handler(ctx, req) })
	return reply, err
}

// stream is the interceptor for streams. It records a panic of the handler.
func (s *server) stream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	c := s.callFrom(stream.Context())
	if c == nil {
		return handler(srv, stream)
	}
	if srv != nil { // srv is nil if the server does not have the method
		c.confirm()
	}
	var err error
	c.guarded(func() { err = handler(srv, stream) })
	return err
}
