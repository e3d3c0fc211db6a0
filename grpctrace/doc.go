// Package grpctrace traces and measures gRPC servers and clients, for unary calls and for
// streams. Change one word where a server or a client is created:
//
//	server := grpctrace.NewServer(opts...)               // for grpc.NewServer
//	conn, err := grpctrace.NewClient(target, opts...)    // for grpc.NewClient
//
// The options of gRPC stay the same. [ServerOptions] and [DialOptions] turn the options of
// this package into options of gRPC.
//
// # Spans and metrics
//
// For each call, a server records a SERVER span and the metric rpc.server.call.duration, and
// a client records a CLIENT span and the metric rpc.client.call.duration. The spans are named
// pkg.Service/Method. Spans and metrics have rpc.system.name, rpc.method,
// rpc.response.status_code and, for an error, error.type. They follow
// https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ (v1.43.0). On the client,
// server.address and server.port are from the target of the connection. The address of the
// other end is in network.peer.*. It is recorded only on spans, never in metrics.
//
// The span of a client covers the whole call. gRPC's retry policy or an interceptor may make
// several attempts. Each attempt after the first one is recorded as an event named attempt.
// The server's span of each attempt is a child of the client's span.
//
// A call of a method that the server does not have gets the span name grpc and the method
// _OTHER.
//
// # Errors
//
// A server span gets the status Error for the codes UNKNOWN, DEADLINE_EXCEEDED,
// UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS, and if the handler panics. The panic is
// recorded and continues. If nothing recovers from it, the process ends after its last spans
// have been exported, or after one second at the latest.
//
// A client span gets the status Error for every code except OK, unless the caller canceled
// the call. [WithExpectedCodes] makes exceptions for servers and clients.
//
// # Data that is not recorded
//
// Health checks and reflection get no span and are not measured. Nothing that happens below
// them gets a span either.
//
// Messages and metadata are never recorded. In the text of errors, personal numbers are masked
// and credentials are redacted.
//
// # Traps
//
// The span of a client's stream ends when the stream is read to its end, when it fails, or
// when its context ends.
//
// A server or a client that is created before the SDK is installed starts to record when the
// SDK is installed. There is one exception: if it is created with no-op providers and without
// a propagator, it never records anything.
//
// Other stats.Handlers, such as those of otelgrpc, record their own spans. Remove them.
package grpctrace
