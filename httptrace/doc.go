// Package httptrace traces and measures net/http servers and clients.
//
// Put [Handler] directly around the mux, and use [Transport] in the client:
//
//	http.ListenAndServe(addr, httptrace.Handler(mux))
//	client := &http.Client{Transport: httptrace.Transport(nil)}
//
// Transport(nil) sends requests with [http.DefaultTransport]. http.Get and similar functions use
// http.DefaultClient. To trace them, set http.DefaultClient.Transport.
//
// Make requests with [http.NewRequestWithContext]. Then the client span is a child of the span in
// that context. A request of http.Get has a context without a span, so its client span has no
// parent.
//
// For routers other than [http.ServeMux], use the adapter in a subpackage, such as chitrace or
// gintrace. If there is no adapter for your router, call [SetRoute].
//
// # Spans and metrics
//
// For each request, a server records a SERVER span and the metric http.server.request.duration.
// The span has a name such as GET /users/{id}. If no route matched, the name is only GET.
//
// A client records a CLIENT span and the metric http.client.request.duration. The span has a name
// such as GET. Names and attributes follow https://opentelemetry.io/docs/specs/semconv/http/
// (v1.43.0).
//
// A server span gets the status Error if the response has a status of 500 or above, or if the
// handler panics. The panic is recorded and then continues. With gin and echo, the errors that
// caused a status of 500 or above are recorded too.
//
// If the handler panics with [http.ErrAbortHandler] or calls [runtime.Goexit], the response is
// incomplete. The span gets the status Error and the error.type response_aborted. The status code
// is the one that was sent, if any.
//
// If the client disconnects before it gets a complete response, and the handler sends a status of
// 500 or above, sends nothing, or aborts the response, the span is not an error. Its error.type is
// client_disconnected.
//
// A client span gets the status Error if the response has a status of 400 or above, if no response
// arrives, or if reading the body fails. If the caller canceled the request, no response and a
// failed read are not errors.
//
// [WithExpectedStatus] sets statuses that are not errors. If the program changes the name of a span
// or sets an attribute itself, the program's value stays.
//
// A response gets the header Server-Timing with the trace ID. Values that the program sets in this
// header are kept.
//
// # Health checks
//
// GET and HEAD requests for health checks, for metrics and for favicon.ico get no span and are
// not measured. The spans that the handler starts during such a request, for example for database
// queries, are not recorded either. The services that it calls do not get the trace context of the
// caller.
//
// These requests are recognized by their paths, in upper or lower case. The paths are the same as
// the paths that NAIS drops: */isalive, */isready, */metrics, */prometheus, */actuator/*,
// */internal/health* and similar paths.
//
// Requests to a server that [WithFilter] excludes are not recorded either. The services that are
// called during such a request get the trace context of the caller.
//
// # Data that is not recorded
//
// Some data is recorded only with an option: headers other than Host and User-Agent, the query of
// a request to a server, and the address of a client behind a proxy. Bodies are never recorded.
// Credentials in URLs are replaced by REDACTED. When package setup exports the data, it masks
// personal numbers.
//
// # Traps
//
// Code between Handler and the mux must not copy the request, because Handler then cannot find
// the route. Most middleware that adds a value to the context copies the request. Put such
// middleware outside Handler, or put a second Handler between the middleware and the mux.
//
// If a client neither closes the body of a response nor reads it to its end, the client span ends
// only when the context of the request ends.
//
// You can create a Handler or a Transport before the SDK is installed. It starts to record when
// the SDK is installed. Before that, and also with no-op providers, a request costs almost
// nothing, and the trace context is still passed on.
package httptrace
