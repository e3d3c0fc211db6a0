package grpctrace_test

import "github.com/nais/spor/internal/conformance/reference"

// knownDifferences contains the differences between otelgrpc and spor that are right. A reason begins
// with the source of the rule: semconv (the semantic conventions, version 1.43), A72 (gRPC's proposal
// for tracing), Nais APM (a panel needs the data), or privacy.
var knownDifferences = []reference.Line{
	// Addresses.
	{"client/bufconn/*", "*", "server.address", "bufconn", "backend", "semconv: the address of the server, from the target of the client; otelgrpc has it only with an interceptor"},
	{"client/tcp/*", "*", "server.address", "127.0.0.1", "backend", "semconv: the address of the server, from the target of the client"},
	{"client/*/no server", "*", "server.address", reference.Absent, "backend", "semconv: Required, also if there is no connection"},
	{"client/bufconn/*|client/tcp/no server", "*", "server.port", reference.Absent, "8080", "semconv: the port of the server, from the target of the client"},
	{"client/tcp/*", "*", "server.port", "PORT", "8080", "semconv: the port of the server, from the target of the client"},
	{"server/bufconn/*", "span*", "server.address", "bufconn", reference.Absent, "semconv: a domain name, an IP address or a Unix socket; bufconn is the network of the test"},
	{"client/tcp/*|server/tcp/*", "span*", "network.peer.address", reference.Absent, "127.0.0.1", "semconv: Recommended"},
	{"client/tcp/*|server/tcp/*", "span*", "network.peer.port", reference.Absent, "PORT", "semconv: Recommended if network.peer.address is set"},

	// Errors.
	{"client/*/*|server/*/*", "span*", "error.type", reference.Absent, "*", "semconv: Conditionally Required if the operation failed; the metric has it"},
	{"client/*/canceled*", "span", "status", "Error", "Unset", "semconv: a call that the caller has canceled is no error"},
	{"client/*/canceled*", "span", "description", "context canceled", reference.Absent, "semconv: a call that the caller has canceled is no error"},
	{"client/*/canceled*", "metric *", "error.type", "CANCELLED", reference.Absent, "semconv: a call that the caller has canceled is no error"},
	{"client/*/secret error|server/*/secret error", "span", "description", "no person 01017012345", "no person ***********", "privacy: the number of a person is masked"},
	{"server/*/recovered panic", "span", "event", reference.Absent, "exception", "semconv: an exception that the handler throws is recorded"},
	{"server/*/recovered panic", "span", "event exception.type|event exception.message|event exception.stacktrace", reference.Absent, "*", "semconv: see the event"},

	// One span and one measurement for each call.
	{"client/*/canceled before", "*", reference.Exists, reference.Absent, "yes", "semconv: the span and the duration of a client are for the call, also if it ends before an attempt"},
	{"server/*/unknown*", "*", reference.Exists, reference.Absent, "yes", "semconv: one span and one measurement for each call, with the method _OTHER"},
	{"client/*/retry*", "span 2", reference.Exists, "yes", reference.Absent, "semconv: the span and the duration of a client cover the whole call, with its attempts (semantic-conventions#2961)"},
	{"client/*/retry*", "span", "event", reference.Absent, "attempt", "semconv: see span 2; a further attempt is an event of the call"},
	{"client/*/retry*", "span", "event previous-rpc-attempts|event transparent-retry|event rpc.response.status_code", reference.Absent, "*", "A72: gRPC's attributes of an attempt"},
	{"client/*/retry", "metric * 2", reference.Exists, "yes", reference.Absent, "semconv: see span 2"},
	{"client/*/retry in vain", "metric *", "count", "2", "1", "semconv: see span 2"},
	{"client/*/retry", "span", "rpc.response.status_code", "UNAVAILABLE", "OK", "semconv: the status code that the call returned"},
	{"client/*/retry", "span", "status", "Error", "Unset", "semconv: the call has succeeded with its second attempt"},
	{"client/*/retry", "span", "description", "not yet", reference.Absent, "semconv: the call has succeeded with its second attempt"},
	{"client/*/retry in vain", "span", "description", "Kari Nordmann", "max retries exhausted: failed after 2 attempts: *", "semconv: the message of the status that the program gets"},
	{"server/*/retry*", "span 2", "parent", "CLIENT 2 *", "CLIENT 1 *", "semconv: the span of the call is the only span of the client"},
	{"server/*/retry*", "answer", "received", "*", "*", "semconv: the traceparent of each attempt is the span of the call"},

	// Calls that are not recorded, and callers that are not trusted.
	{"client/*/health check|server/*/health check", "*", reference.Exists, "yes", reference.Absent, "Nais APM: health checks hide the requests of users"},
	{"server/*/public endpoint", "answer", "received", "* c=d", "* ", "privacy: baggage of a stranger is not sent on"},
}
