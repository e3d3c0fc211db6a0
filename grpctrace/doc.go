// Package grpctrace traces and measures gRPC servers and clients, unary calls and
// streams alike. Change one word where they are made:
//
//	server := grpctrace.NewServer(opts...)               // for grpc.NewServer
//	conn, err := grpctrace.NewClient(target, opts...)    // for grpc.NewClient
//
// The options of gRPC are given as before; those of this package go among them by
// [ServerOptions] and [DialOptions].
//
// Each call that a server has a method for makes a SERVER span named
// pkg.Service/Method and is counted in rpc.server.call.duration; each call of a
// client makes a CLIENT span of that name and is counted in
// rpc.client.call.duration. Both have rpc.system.name, rpc.method,
// rpc.response.status_code and, when the call failed, error.type, in the words of
// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ (v1.43.0). A client's
// server.address and server.port are the target as it was dialled; addresses of
// the other end are network.peer.* on spans.
//
// The span of a client is the whole call. Attempts after the first, by gRPC's
// retry policy or an interceptor, are events named attempt; the server's span of
// each is below it.
//
// A server span is an Error for UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
// INTERNAL, UNAVAILABLE and DATA_LOSS, and for a panic of the handler, which it
// records and lets go on; with nobody to recover, the death of the process waits
// for the export of its last spans, a second at most. A client span is an Error
// for every code but OK, unless the caller canceled. [WithExpectedCodes] makes
// exceptions. Methods that a server does not have are grpc for short, and _OTHER.
//
// Health checks and reflection make no span, and nothing below them does either.
//
// Never recorded: messages, metadata, peers in measurements. In the text of errors
// personal numbers are masked and credentials redacted.
//
// Traps: a client's stream ends, and its span with it, when it is read to its end,
// fails, or its context ends. What an SDK does, it does from when it is installed;
// but where the providers are no-ops when a server or a client is made, and no
// propagator is set, it stays bare. Other stats.Handlers, such as otelgrpc's, make
// spans of their own: remove them.
package grpctrace
