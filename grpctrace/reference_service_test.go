package grpctrace_test

import (
	"context"
	"errors"
	"io"
	"slices"

	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
)

// ending is a context that a test ends with an error. It does not need a timer for a deadline.
type ending struct {
	context.Context

	done chan struct{}
	err  error
}

func (e *ending) Done() <-chan struct{} { return e.done }

func (e *ending) end(err error) { e.err = err; close(e.done) }

func (e *ending) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

var (
	callUnary = invoke("/grpc.testing.TestService/UnaryCall")
	message   = &testgrpc.SimpleRequest{FillUsername: true} // has no field that the health check has
)

// invoke returns a caller of a unary method.
func invoke(method string) caller {
	return func(ctx context.Context, conn *grpc.ClientConn, say func(...any)) error {
		var header, trailer metadata.MD
		reply := new(testgrpc.SimpleResponse)
		err := conn.Invoke(ctx, method, message, reply, grpc.Header(&header), grpc.Trailer(&trailer))
		say(reply.GetUsername(), header, trailer)
		return err
	}
}

// callStream returns a caller of a method of streams. It sends one message and reads all replies.
func callStream(name string) caller {
	return func(ctx context.Context, conn *grpc.ClientConn, say func(...any)) error {
		i := slices.IndexFunc(streams.Streams, func(d grpc.StreamDesc) bool { return d.StreamName == name })
		stream, err := conn.NewStream(ctx, &streams.Streams[i], "/streams/"+name)
		if err != nil {
			return err
		}
		say(stream.SendMsg(message), stream.CloseSend())
		for {
			reply := new(testgrpc.SimpleResponse)
			if err := stream.RecvMsg(reply); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			say(reply.GetUsername(), stream.Trailer())
		}
	}
}

// scripted is a service. Each method calls do.
type scripted struct {
	testgrpc.UnimplementedTestServiceServer

	do func(context.Context) error
}

func (s scripted) UnaryCall(ctx context.Context, _ *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	if err := grpc.SetTrailer(ctx, metadata.Pairs("a", "b")); err != nil {
		return nil, err
	}
	return &testgrpc.SimpleResponse{Username: "Kari"}, s.do(ctx)
}

var streams = grpc.ServiceDesc{ServiceName: "streams", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
	{StreamName: "ClientStream", ClientStreams: true, Handler: reply(1)},
	{StreamName: "ServerStream", ServerStreams: true, Handler: reply(3)},
	{StreamName: "Duplex", ClientStreams: true, ServerStreams: true, Handler: reply(2)},
}}

// reply returns a handler that reads all messages, calls do, and sends n messages.
func reply(n int) grpc.StreamHandler {
	return func(srv any, stream grpc.ServerStream) error {
		var err error
		for err == nil {
			err = stream.RecvMsg(new(testgrpc.SimpleRequest))
		}
		err = srv.(scripted).do(stream.Context()) //nolint:forcetypeassert // connect has registered it
		for i := 0; i < n && stream.Context().Err() == nil; i++ {
			if err := stream.SendMsg(&testgrpc.SimpleResponse{Username: "Kari"}); err != nil {
				return err
			}
		}
		return err
	}
}
