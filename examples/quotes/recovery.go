package main

import (
	"context"
	"fmt"
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// recoverUnary recovers from a panic of a handler. Without recoverUnary, the panic
// would end the process, because gRPC itself does not recover.
func recoverUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (reply any, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(ctx, info.FullMethod, v)
		}
	}()
	return handler(ctx, req)
}

// recoverStream does for streams what recoverUnary does for unary calls.
func recoverStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(stream.Context(), info.FullMethod, v)
		}
	}()
	return handler(srv, stream)
}

// panicked logs a panic. It returns an error for the caller, without details. The log line
// contains the stack of the panic, because panicked runs before the stack is unwound.
func panicked(ctx context.Context, method string, v any) error {
	slog.ErrorContext(ctx, "handler panicked", "method", method, "error", fmt.Sprint(v))
	return status.Error(codes.Internal, "internal error")
}
