package receiver

import (
	"context"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

// A Sink takes what a [Server] receives and gives the answer. A nil func
// accepts, and so does a nil response. An error made by the grpc status
// package is answered as that status.
//
// The funcs are called from many goroutines. Each must return when its context
// ends, since [Server.Stop] waits for it. The context carries the request's
// metadata. The request is the func's to keep.
type Sink struct {
	Traces  func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error)
	Metrics func(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error)
	Logs    func(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error)
}

func (s Sink) register(r grpc.ServiceRegistrar) {
	coltrace.RegisterTraceServiceServer(r, traces{export: s.Traces})
	colmetrics.RegisterMetricsServiceServer(r, metrics{export: s.Metrics})
	collogs.RegisterLogsServiceServer(r, logs{export: s.Logs})
}

type (
	traces struct {
		coltrace.UnimplementedTraceServiceServer
		export func(context.Context, *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error)
	}
	metrics struct {
		colmetrics.UnimplementedMetricsServiceServer
		export func(context.Context, *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error)
	}
	logs struct {
		collogs.UnimplementedLogsServiceServer
		export func(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error)
	}
)

func (t traces) Export(ctx context.Context, req *coltrace.ExportTraceServiceRequest) (*coltrace.ExportTraceServiceResponse, error) {
	return answer(ctx, t.export, req)
}

func (m metrics) Export(ctx context.Context, req *colmetrics.ExportMetricsServiceRequest) (*colmetrics.ExportMetricsServiceResponse, error) {
	return answer(ctx, m.export, req)
}

func (l logs) Export(ctx context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	return answer(ctx, l.export, req)
}

// answer asks export, if there is one, and makes up the response that accepts.
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
