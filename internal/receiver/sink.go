package receiver

import (
	"context"
	"net/http"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// A Sink handles the requests that a [Server] receives. If a func is nil, everything is
// accepted. If a func returns a nil response and no error, everything is accepted too. If a
// func returns an error from the grpc status package, the answer has the status of that error.
//
// The funcs are called from several goroutines at the same time. A func must return when its
// context ends, because [Server.Stop] waits for the func. The context contains the metadata of
// the request. A func may keep its request after it has returned.
type Sink struct {
	Traces  func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error)
	Metrics func(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error)
	Logs    func(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error)
}

// The method register serves the requests of both protocols: r serves OTLP over gRPC, and mux serves
// OTLP over HTTP.
func (s Sink) register(r grpc.ServiceRegistrar, mux *http.ServeMux, l *listener, i *intake) {
	register(r, l, i, "trace.v1.TraceService", s.Traces)
	register(r, l, i, "metrics.v1.MetricsService", s.Metrics)
	register(r, l, i, "logs.v1.LogsService", s.Logs)
	mux.Handle("POST /v1/traces", httpHandler(i, s.Traces))
	mux.Handle("POST /v1/metrics", httpHandler(i, s.Metrics))
	mux.Handle("POST /v1/logs", httpHandler(i, s.Logs))
}

// The function register serves the Export method of service as a streaming method. A client does
// not notice this. If the method were not a streaming method, gRPC would read and decompress a
// request before it calls the handler. Then the receiver could not limit the memory.
func register[Request, Response any, Message interface {
	*Request
	proto.Message
}](r grpc.ServiceRegistrar, l *listener, i *intake, service string, export func(context.Context, *Request) (*Response, error)) {
	i.layouts.add(Message(new(Request)).ProtoReflect().Descriptor())
	handle := func(_ any, stream grpc.ServerStream) error {
		defer l.trackCall()()
		request := new(Request)
		release, err := i.receive(stream, Message(request))
		if err != nil {
			return err
		}
		defer release()
		response, err := answer(stream.Context(), export, request)
		if err != nil {
			return err
		}
		return stream.SendMsg(response)
	}
	r.RegisterService(&grpc.ServiceDesc{
		ServiceName: "opentelemetry.proto.collector." + service,
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "Export", Handler: handle}},
	}, nil)
}

// The function answer calls export, unless export is nil. If there is no response, it returns an
// empty response, which means that everything is accepted.
func answer[Request, Response any](
	ctx context.Context, export func(context.Context, *Request) (*Response, error), req *Request,
) (*Response, error) {
	var resp *Response
	if export != nil {
		var err error
		if resp, err = export(ctx, req); err != nil {
			return nil, err
		}
	}
	if resp == nil {
		resp = new(Response)
	}
	return resp, nil
}
