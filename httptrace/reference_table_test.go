package httptrace_test

import (
	"strings"

	"github.com/nais/spor/internal/conformance/reference"
)

// known contains the differences between otelhttp and spor that are right. A reason begins with
// the source of the rule: semconv (the semantic conventions, version 1.43), OTLP, Nais APM (a panel
// needs the data), privacy, or program (what the program sets is kept).
var known = []reference.Line{
	// Metrics of servers.
	{"server/*/*", "metric http.server.active_requests", reference.Exists, reference.Absent, "yes", "semconv: the metric is optional; WithOptionalMetrics records it"},
	{"server/*/*", "metric http.server.*", "server.address|server.port", "*", reference.Absent, "semconv: Opt-In, because an attacker who chooses the header Host can trigger cardinality limits"},
	{"server/http1/HTTP 1.0", "metric http.server.*", "server.address", "", reference.Absent, "semconv: Opt-In"},
	{"server/*/*|client/*/*", "metric http.*", "network.protocol.name", "http", reference.Absent, "semconv: Conditionally Required if it is not http"},
	{"server/*/panic*|server/*/abort", "metric http.server.*", reference.Exists, reference.Absent, "yes", "semconv: one measurement for each request; Nais APM: the panel of errors counts panics"},
	{"server/*/health check", "metric http.server.*", reference.Exists, "yes", reference.Absent, "Nais APM: health checks hide the requests of users"},

	// Versions of HTTP.
	{"server/h2*/*|client/h2*/*", "*", "network.protocol.version", "2.0", "2", "semconv: the version of HTTP/2 is 2"},
	{"client/*/no protocol", "*", "network.protocol.version", "1.1", reference.Absent, "semconv: if the actual version is not known, it SHOULD NOT be set"},

	// Errors of servers.
	{"server/*/503", "*", "error.type", reference.Absent, "503", "semconv: Conditionally Required if the request has ended with an error"},
	{"server/*/600", "*", "error.type", reference.Absent, "600", "semconv: Conditionally Required if the request has ended with an error"},
	{"server/*/600|client/*/600", "span", "description", "Invalid HTTP status code 600", reference.Absent, "semconv: no description if http.response.status_code contains the reason"},
	{"server/*/panic*", "span", "error.type", reference.Absent, "string", "semconv: Conditionally Required, the type of the exception"},
	{"server/*/abort", "span", "error.type", reference.Absent, "response_aborted", "semconv: Conditionally Required if the request has ended with an error"},
	{"server/*/panic*|server/*/abort", "span", "status", "Unset", "Error", "semconv: an exception that the handler throws is an error of the server"},
	{"server/*/panic", "span", "http.response.status_code", reference.Absent, "500", "semconv: an uncaught exception in the server is an error, as is a status of 500"},
	{"server/*/panic after the header", "span", "http.response.status_code", reference.Absent, "202", "semconv: Conditionally Required if a status was sent"},
	{"server/*/panic", "span", "name", "GET", "GET /panics/{id}", "semconv: the name is {method} {target} if a target is available"},
	{"server/*/panic after the header", "span", "name", "GET", "GET /panics-late", "semconv: the name is {method} {target} if a target is available"},
	{"server/*/abort", "span", "name", "GET", "GET /aborts", "semconv: the name is {method} {target} if a target is available"},
	{"server/*/panic*", "span", "event exception.stacktrace", reference.Absent, "STACK", "Nais APM: the page of an error shows the stack"},
	{"server/*/panic*", "span", "event exception.type", ".string", "string", "semconv: the fully-qualified name; string has no package"},
	{"server/*/abort", "span", "event", "exception", reference.Absent, "Nais APM: http.ErrAbortHandler is no exception; net/http does not log it either"},
	{"server/*/abort", "span", "event exception.message", "net/http: abort Handler", reference.Absent, "Nais APM: see the event"},
	{"server/*/abort", "span", "event exception.type", "*errors.errorString", reference.Absent, "Nais APM: see the event"},

	// Other data of server spans.
	{"server/*/*", "span", "http.route", reference.Absent, "/*", "semconv: Conditionally Required if it is available"},
	{"server/*/own data", "span", "name", "GET /own", "my work", "program: it has changed the name"},
	{"server/*/health check", "span", reference.Exists, "yes", reference.Absent, "Nais APM: the platform drops the spans of health checks"},
	{"server/http1/hijack", "*", "http.response.status_code", "200", "101", "semconv: the status that was sent"},
	{"server/http1/HTTP 1.0", "span", "server.address", "", reference.Absent, "semconv: Recommended; without the header Host it is unknown"},
	{"server/*/X-Forwarded-For", "span", "client.address", "198.51.100.7", "127.0.0.1", "privacy: clients can forge the header; see WithTrustedProxies"},
	{"server/*/HEAD", "span", "http.response.body.size", "5", reference.Absent, "semconv: the number of bytes that were transferred"},
	{"server/*/HEAD", "metric http.server.response.body.size", "sum", "5", "0", "semconv: the number of bytes that were transferred"},
	{"server/http1/copied file", "span", "http.response.body.size", reference.Absent, "100000", "semconv: the number of bytes that were transferred"},
	{"server/http1/copied file", "metric http.server.response.body.size", "sum", "0", "100000", "semconv: the number of bytes that were transferred"},
	{"server/*/public endpoint", "answer", "text", `200 "TRACEc=d" and 35 bytes`, `200 "TRACE" and 32 bytes`, "privacy: baggage of a stranger is not sent on"},
	{"server/*/public endpoint", "span", "http.response.body.size", "35", "32", "privacy: see the answer"},
	{"server/*/public endpoint", "metric http.server.response.body.size", "sum", "35", "32", "privacy: see the answer"},
	{"server/*/invalid agent", "span", "user_agent.original", "a\xff", "a\ufffd", "OTLP: text must be valid UTF-8"},
	{"server/*/invalid path", "span", "url.path", "/users/\xff", "/users/\ufffd", "OTLP: text must be valid UTF-8"},
	{"server/*/long agent", "span", "user_agent.original", ones("", "a", 2000), ones("", "a", 1024), "Nais APM: one request must not fill a batch"},
	{"server/*/long path", "span", "url.path", ones("/users/", "1", 2007), ones("/users/", "1", 1024), "Nais APM: one request must not fill a batch"},

	// Clients.
	{"client/*/*", "span*", "name", "HTTP GET", "GET", "semconv: the name is {method} without a target"},
	{"client/*/*", "span*", "name", "HTTP POST", "POST", "semconv: the name is {method} without a target"},
	{"client/*/204", "span", "name", "HTTP DELETE", "DELETE", "semconv: the name is {method} without a target"},
	{"client/*/HEAD", "span", "name", "HTTP HEAD", "HEAD", "semconv: the name is {method} without a target"},
	{"client/*/unknown method", "span", "name", "HTTP BREW", "HTTP", "semconv: {method} MUST be HTTP if the method is _OTHER"},
	{"client/*/lower-case method", "span", "name", "HTTP get", "GET", "semconv: {method} MUST be {http.request.method}"},
	{"client/*/*", "span*", "network.peer.address", reference.Absent, "127.0.0.1", "semconv: Recommended"},
	{"client/*/*", "span*", "network.peer.port", reference.Absent, "PORT", "semconv: Recommended if network.peer.address is set"},
	{"client/*/redirect", "span 2", "http.request.resend_count", reference.Absent, "1", "semconv: Recommended if the request was sent again, also after a redirect"},
	{"client/http1/default port|client/h2c/default port", "*", "server.port", reference.Absent, "80", "semconv: Required"},
	{"client/h2/default port", "*", "server.port", reference.Absent, "443", "semconv: Required"},
	{"client/*/userinfo", "span", "url.full", "*://127.0.0.1:PORT/users/1", "*://REDACTED:REDACTED@127.0.0.1:PORT/users/1", "semconv: the credentials SHOULD be REDACTED:REDACTED"},
	{"client/*/query with credentials", "span", "url.full", "*?q=1&access_token=hush#part", "*?q=1&access_token=REDACTED#part", "privacy: the query contains a credential"},
	{"client/*/long path", "span", "url.full", "*" + strings.Repeat("1", 2000), "*" + strings.Repeat("1", 900), "Nais APM: one request must not fill a batch"},

	{
		"client/*/refused with a body|client/*/body not sent", "metric http.client.request.body.size", "sum", "0", "5",
		"program: base gets the body of the caller, because net/http sends some types of bodies in another way; the announced length is recorded",
	},

	// Errors of clients.
	{"client/*/404", "metric http.client.*", "error.type", reference.Absent, "404", "semconv: Conditionally Required; the span has it"},
	{"client/*/503", "metric http.client.*", "error.type", reference.Absent, "503", "semconv: Conditionally Required; the span has it"},
	{"client/*/600", "metric http.client.*", "error.type", reference.Absent, "600", "semconv: Conditionally Required; the span has it"},
	{"client/*/unknown method|client/*/lower-case method", "metric http.client.*", "error.type", reference.Absent, "405", "semconv: Conditionally Required; the span has it"},
	{"client/*/body not sent", "metric http.client.*", "error.type", reference.Absent, "413", "semconv: Conditionally Required; the span has it"},
	{"client/*/refused*", "metric http.client.*", "error.type", "net.OpError", "*net.OpError", "semconv: the same error.type on spans and metrics"},
	{"client/http1/no response", "metric http.client.*", "error.type", "errors.errorString", "*errors.errorString", "semconv: the same error.type on spans and metrics"},
	{"client/*/canceled", "metric http.client.*", "error.type", "errors.errorString", reference.Absent, "Nais APM: a request that the program has canceled is no error"},
	{"client/*/canceled", "span", "error.type", "*errors.errorString", reference.Absent, "Nais APM: a request that the program has canceled is no error"},
	{"client/*/canceled", "span", "status", "Error", "Unset", "Nais APM: a request that the program has canceled is no error"},
	{"client/*/canceled", "span", "description", "context canceled", reference.Absent, "Nais APM: a request that the program has canceled is no error"},
	{"client/*/panic", "*", reference.Exists, reference.Absent, "yes", "semconv: one span and one measurement for each request"},
	{"client/*/body never closed", "span", reference.Exists, reference.Absent, "yes", "semconv: one span for each request"},
}

// ones returns prefix and as many letters as are needed for a text of size bytes.
func ones(prefix, letter string, size int) string {
	return prefix + strings.Repeat(letter, size-len(prefix))
}
