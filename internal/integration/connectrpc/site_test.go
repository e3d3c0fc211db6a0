package connectrpc_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect"
	connect2 "connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/go-chi/chi/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/chitrace"
	"github.com/nais/spor/internal/oteltest"
)

const (
	connectPath   = "/grpc.testing.TestService/"
	unaryCall     = testgrpc.TestService_UnaryCall_FullMethodName
	cacheableCall = testgrpc.TestService_CacheableUnaryCall_FullMethodName
	outputCall    = testgrpc.TestService_StreamingOutputCall_FullMethodName
	duplexCall    = testgrpc.TestService_FullDuplexCall_FullMethodName
)

// newConnectHandler returns the path and the handler of gRPC's test service, in the same form as
// the constructors that Connect generates.
func newConnectHandler(opts ...connect.HandlerOption) (string, http.Handler) {
	procedures := map[string]http.Handler{
		unaryCall: connect.NewUnaryHandler(unaryCall, answerUnary, opts...),
		cacheableCall: connect.NewUnaryHandler(cacheableCall, answerUnary,
			append(opts, connect.WithIdempotency(connect.IdempotencyNoSideEffects))...),
		outputCall: connect.NewServerStreamHandler(outputCall, answerOutput, opts...),
		duplexCall: connect.NewBidiStreamHandler(duplexCall, answerDuplex, opts...),
	}
	return connectPath, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if procedure, ok := procedures[r.URL.Path]; ok {
			procedure.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})
}

func answerUnary(_ context.Context, request *connect.Request[testgrpc.SimpleRequest]) (*connect.Response[testgrpc.SimpleResponse], error) {
	return connect.NewResponse(new(testgrpc.SimpleResponse)), connectError(request.Msg.GetResponseStatus())
}

func answerOutput(_ context.Context, request *connect.Request[testgrpc.StreamingOutputCallRequest], stream *connect.ServerStream[testgrpc.StreamingOutputCallResponse]) error {
	if err := stream.Send(new(testgrpc.StreamingOutputCallResponse)); err != nil {
		return err
	}
	return connectError(request.Msg.GetResponseStatus())
}

func answerDuplex(_ context.Context, stream *connect.BidiStream[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse]) error {
	request, err := stream.Receive()
	if err != nil {
		return err
	}
	if err := stream.Send(new(testgrpc.StreamingOutputCallResponse)); err != nil {
		return err
	}
	return connectError(request.GetResponseStatus())
}

// connectError returns the error that a request asks for, or nil.
func connectError(status *testgrpc.EchoStatus) error {
	if status.GetCode() == 0 {
		return nil
	}
	return connect.NewError(connect.Code(status.GetCode()), nil) //nolint:gosec // a test sends a small code
}

// newConnectServer returns a server of Connect v2 with the same procedures as newConnectHandler.
func newConnectServer() *connect2.Server {
	server := connect2.NewServer()
	unary := connect2.Spec{Procedure: unaryCall}
	cacheable := connect2.Spec{Procedure: cacheableCall, IdempotencyLevel: connect2.IdempotencyNoSideEffects}
	output := connect2.Spec{Procedure: outputCall, StreamType: connect2.StreamTypeServer}
	duplex := connect2.Spec{Procedure: duplexCall, StreamType: connect2.StreamTypeBidi}
	server.Register(
		connect2.Method{Spec: unary, Handler: answerUnary2},
		connect2.Method{Spec: cacheable, Handler: answerUnary2},
		connect2.Method{Spec: output, Handler: answerStream2},
		connect2.Method{Spec: duplex, Handler: answerStream2},
	)
	return server
}

func answerUnary2(_ context.Context, _ connect2.Spec, stream connect2.ServerStream) error {
	request := new(testgrpc.SimpleRequest)
	if err := stream.Receive(request); err != nil {
		return err
	}
	if code := request.GetResponseStatus().GetCode(); code != 0 {
		return connect2.NewError(connect2.Code(code), "") //nolint:gosec // a test sends a small code
	}
	return stream.Send(new(testgrpc.SimpleResponse))
}

func answerStream2(_ context.Context, _ connect2.Spec, stream connect2.ServerStream) error {
	request := new(testgrpc.StreamingOutputCallRequest)
	if err := stream.Receive(request); err != nil {
		return err
	}
	if err := stream.Send(new(testgrpc.StreamingOutputCallResponse)); err != nil {
		return err
	}
	if code := request.GetResponseStatus().GetCode(); code != 0 {
		return connect2.NewError(connect2.Code(code), "") //nolint:gosec // a test sends a small code
	}
	return nil
}

// A connectMount mounts the service so that each procedure has its own route.
type connectMount struct {
	name    string
	handler func(opts ...httptrace.Option) http.Handler
	prefix  string // the path before the path of the service
	unknown string // the route of unknown procedures; "" if they have no route
}

var connectMounts = []connectMount{
	{name: "constants", handler: mountByConstants},
	{name: "descriptor", handler: mountByDescriptor},
	{name: "prefix", handler: mountBelowPrefix, prefix: "/api"},
	{name: "chi", handler: mountInChi},
	{name: "chi below a prefix", handler: mountInSubrouter, prefix: "/api"},
	{name: "v2", handler: mountVersion2, unknown: connectPath},
}

func mountByConstants(opts ...httptrace.Option) http.Handler {
	mux := http.NewServeMux()
	path, handler := newConnectHandler()
	mux.Handle(path, handler)
	mux.Handle(unaryCall, handler)
	mux.Handle(cacheableCall, handler)
	mux.Handle(outputCall, handler)
	mux.Handle(duplexCall, handler)
	return httptrace.Handler(mux, opts...)
}

func mountByDescriptor(opts ...httptrace.Option) http.Handler {
	return httptrace.Handler(connectMux(), opts...)
}

// connectMux returns a mux to which the procedures are added in the way that docs/http.md shows.
func connectMux(opts ...connect.HandlerOption) *http.ServeMux {
	mux := http.NewServeMux()
	path, handler := newConnectHandler(opts...)
	mux.Handle(path, handler)
	methods := testgrpc.File_grpc_testing_test_proto.Services().ByName("TestService").Methods()
	for i := range methods.Len() {
		mux.Handle(path+string(methods.Get(i).Name()), handler)
	}
	return mux
}

func mountBelowPrefix(opts ...httptrace.Option) http.Handler {
	outer := http.NewServeMux()
	outer.Handle("/api/", http.StripPrefix("/api", httptrace.Handler(connectMux(), opts...)))
	return httptrace.Handler(outer, opts...)
}

func mountInChi(opts ...httptrace.Option) http.Handler {
	outer := chi.NewRouter()
	outer.Use(chitrace.Middleware(opts...))
	outer.Mount("/", connectRouter())
	return outer
}

func mountInSubrouter(opts ...httptrace.Option) http.Handler {
	outer := chi.NewRouter()
	outer.Use(chitrace.Middleware(opts...))
	outer.Mount("/api", http.StripPrefix("/api", connectRouter()))
	return outer
}

func connectRouter() chi.Router {
	router := chi.NewRouter()
	path, handler := newConnectHandler()
	router.Mount(path, handler)
	for _, procedure := range []string{unaryCall, cacheableCall, outputCall, duplexCall} {
		router.Handle(procedure, handler)
	}
	return router
}

func mountVersion2(opts ...httptrace.Option) http.Handler {
	mux := http.NewServeMux()
	connecthttp.Mount(mux, newConnectServer())
	return httptrace.Handler(mux, opts...)
}

// connectSite is a traced server with a client for Connect over HTTP/1.1 and a client for gRPC.
type connectSite struct {
	url    string
	client *http.Client
	grpc   testgrpc.TestServiceClient
	conn   *grpc.ClientConn
	sdk    *oteltest.SDK
}

func newConnectSite(t *testing.T, prefix string, handler func(opts ...httptrace.Option) http.Handler) connectSite {
	t.Helper()
	sdk := oteltest.New(t)
	site := httptest.NewUnstartedServer(handler(httptrace.WithTracerProvider(sdk.TracerProvider),
		httptrace.WithMeterProvider(sdk.MeterProvider), httptrace.WithPropagator(sdk.Propagator)))
	site.Config.Protocols = new(http.Protocols)
	site.Config.Protocols.SetHTTP1(true)
	site.Config.Protocols.SetUnencryptedHTTP2(true)
	site.Start()
	t.Cleanup(site.Close)
	conn, err := grpc.NewClient(site.Listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, request, response any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return invoke(ctx, prefix+method, request, response, cc, opts...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			return stream(ctx, desc, cc, prefix+method, opts...)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return connectSite{
		url: site.URL + strings.TrimSuffix(prefix, "/"), client: site.Client(),
		grpc: testgrpc.NewTestServiceClient(conn), conn: conn, sdk: sdk,
	}
}
