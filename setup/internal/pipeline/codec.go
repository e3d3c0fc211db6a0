package pipeline

import (
	"errors"
	"sync/atomic"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

const exportMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

type message struct {
	body *body
	sent atomic.Bool
}

// codec passes encoded requests to gRPC. gRPC calls Marshal only when it has a connection
// for the request. Therefore, if Marshal was not called for a message, the message was not
// sent.
type codec struct{}

var errForeign = errors.New("not a message of the pipeline")

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(*message)
	if !ok {
		return nil, errForeign
	}
	m.sent.Store(true)
	return mem.BufferSlice{m.body.buffer()}, nil
}

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	response, ok := v.(*coltracepb.ExportTraceServiceResponse)
	if !ok {
		return errForeign
	}
	if data.Len() == 0 {
		return nil
	}
	return proto.Unmarshal(data.Materialize(), response)
}

func (codec) Name() string { return "proto" }
