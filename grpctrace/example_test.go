package grpctrace_test

import (
	"context"
	"fmt"
	"log"
	"net"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/nais/spor/grpctrace"
)

func Example() {
	// A program that uses setup.Run needs neither this provider nor the option
	// WithTracerProvider.
	recorder := tracetest.NewSpanRecorder()
	sdk := grpctrace.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)))

	server := grpctrace.NewServer(grpctrace.ServerOptions(sdk)...)
	testgrpc.RegisterTestServiceServer(server, echo{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(listener)

	conn, err := grpctrace.NewClient(listener.Addr().String(), append(grpctrace.DialOptions(sdk),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := testgrpc.NewTestServiceClient(conn).UnaryCall(context.Background(), &testgrpc.SimpleRequest{}); err != nil {
		log.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		log.Fatal(err)
	}
	server.GracefulStop()

	for _, span := range recorder.Ended() {
		fmt.Println(span.SpanKind(), span.Name())
	}
	// Unordered output:
	// server grpc.testing.TestService/UnaryCall
	// client grpc.testing.TestService/UnaryCall
}
