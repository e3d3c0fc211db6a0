// Package grpctrace traces and measures gRPC servers and clients, for unary calls and for
// streams. Create servers and clients with [NewServer] and [NewClient], instead of grpc.NewServer
// and grpc.NewClient:
//
//	server := grpctrace.NewServer(opts...)               // instead of grpc.NewServer
//	conn, err := grpctrace.NewClient(target, opts...)    // instead of grpc.NewClient
//
// NewServer and NewClient accept the same options as in package grpc. To add options of this
// package, use [ServerOptions] and [DialOptions].
//
// # Spans and metrics
//
// For each call, a server records a SERVER span and the metric rpc.server.call.duration. A client
// records a CLIENT span and the metric rpc.client.call.duration. The name of a span is
// pkg.Service/Method. Spans and metrics have the attributes rpc.system.name, rpc.method and
// rpc.response.status_code. If the call failed, they also have error.type. Names and attributes
// follow https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ (v1.43.0).
//
// On the client, server.address and server.port are from the target of the connection. The
// address of the other end is in network.peer.address and network.peer.port. These two attributes
// are recorded only on spans, never in metrics.
//
// The client span covers the whole call. If gRPC's retry policy or an interceptor repeats the
// call, the call has several attempts. Each attempt after the first one is recorded as an event
// with the name attempt. The server records a span for each attempt. These server spans are
// children of the client span.
//
// If the server does not have the called method, the server span has the name grpc, and
// rpc.method is _OTHER.
//
// # Errors
//
// A server span gets the status Error for the codes UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
// INTERNAL, UNAVAILABLE and DATA_LOSS. It also gets the status Error if the handler panics. The
// panic is recorded and then continues. If no code recovers from the panic, the process first
// exports its last spans, for at most one second, and then ends.
//
// A client span gets the status Error for every code except OK. If the caller canceled the call,
// the client span is not an error. Use [WithExpectedCodes] for codes that are not errors in your
// program, on a server or a client.
//
// # Data that is not recorded
//
// Health checks and reflection get no span and are not measured. The spans that the handler
// starts during such a call, for example for database queries, are not recorded either.
//
// Messages and metadata are never recorded. The text of an error is recorded. Personal numbers in
// the text are masked, and credentials are redacted.
//
// # Traps
//
// The client span of a stream ends when the stream is read to its end, when the stream fails, or
// when the context of the stream ends.
//
// You can create a server or a client before the SDK is installed. It starts to record when the
// SDK is installed. There is one exception: a server or a client with no-op providers and without
// a propagator never records anything.
//
// Remove other stats.Handlers that trace, such as the handlers of otelgrpc. They would record a
// second span for each call.
package grpctrace
