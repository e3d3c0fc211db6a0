package grpcsuite

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/nais/spor/internal/conformance"
)

// service implements gRPC's own test service. A row can change the behavior of its methods.
type service struct {
	testgrpc.UnimplementedTestServiceServer

	// The function do runs during every gRPC call. The error that it returns becomes the error of
	// the gRPC call. The field may be nil.
	do func(context.Context) error
	// The function stream replaces the usual behavior of FullDuplexCall. The field may be nil.
	stream func(testgrpc.TestService_FullDuplexCallServer) error
}

// The names of the methods, as they are in span names.
const (
	unaryMethod  = "grpc.testing.TestService/UnaryCall"
	inputMethod  = "grpc.testing.TestService/StreamingInputCall"
	outputMethod = "grpc.testing.TestService/StreamingOutputCall"
	duplexMethod = "grpc.testing.TestService/FullDuplexCall"
)

func (s *service) act(ctx context.Context) error {
	if s.do == nil {
		return nil
	}
	return s.do(ctx)
}

func (s *service) UnaryCall(ctx context.Context, req *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	if err := s.act(ctx); err != nil {
		return nil, err
	}
	return &testgrpc.SimpleResponse{Payload: req.GetPayload()}, nil
}

func (s *service) StreamingInputCall(stream testgrpc.TestService_StreamingInputCallServer) error {
	n := 0
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		n += len(req.GetPayload().GetBody())
	}
	if err := s.act(stream.Context()); err != nil {
		return err
	}
	return stream.SendAndClose(&testgrpc.StreamingInputCallResponse{AggregatedPayloadSize: int32(n)})
}

func (s *service) StreamingOutputCall(req *testgrpc.StreamingOutputCallRequest, stream testgrpc.TestService_StreamingOutputCallServer) error {
	for range req.GetResponseParameters() {
		if err := stream.Send(&testgrpc.StreamingOutputCallResponse{Payload: req.GetPayload()}); err != nil {
			return err
		}
	}
	return s.act(stream.Context())
}

func (s *service) FullDuplexCall(stream testgrpc.TestService_FullDuplexCallServer) error {
	if s.stream != nil {
		return s.stream(stream)
	}
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return s.act(stream.Context())
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&testgrpc.StreamingOutputCallResponse{Payload: req.GetPayload()}); err != nil {
			return err
		}
	}
}

// hang changes the service so that each gRPC call waits. The call waits until its context ends,
// for example because the client disconnects. Each time a call starts to wait, a value is sent on
// the returned channel.
func (s *service) hang() (hanging <-chan struct{}) {
	began := make(chan struct{}, 1)
	s.do = func(ctx context.Context) error {
		began <- struct{}{}
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	s.stream = func(stream testgrpc.TestService_FullDuplexCallServer) error {
		if err := stream.Send(&testgrpc.StreamingOutputCallResponse{}); err != nil {
			return err
		}
		return s.do(stream.Context())
	}
	return began
}

// failTimes makes the first n calls fail with the code UNAVAILABLE. Later calls succeed.
func (s *service) failTimes(n int) {
	left := make(chan struct{}, n)
	for range n {
		left <- struct{}{}
	}
	s.do = func(context.Context) error {
		select {
		case <-left:
			return status.Error(codes.Unavailable, "not yet")
		default:
			return nil
		}
	}
}

// The method panics changes the service so that each gRPC call panics.
func (s *service) panics() {
	s.do = func(context.Context) error { conformance.PanicOnPurpose(); return nil }
	s.stream = func(testgrpc.TestService_FullDuplexCallServer) error { conformance.PanicOnPurpose(); return nil }
}
