// Package httptrace traces and measures net/http servers and clients.
//
// Put [Handler] directly around the mux, and [Transport] into the client:
//
//	http.ListenAndServe(addr, httptrace.Handler(mux))
//	client := &http.Client{Transport: httptrace.Transport(nil)}
//
// Transport(nil) sends requests with [http.DefaultTransport]. http.Get and similar functions
// use http.DefaultClient, whose Transport can be set too. A client span is a child of the
// span in the context of the request. Therefore make requests with
// [http.NewRequestWithContext]. The context of a request of http.Get contains no span.
//
// Routers other than [http.ServeMux] have adapters in the packages below this one. For a
// router without an adapter, call [SetRoute].
//
// # Spans and metrics
//
// For each request, a server records a SERVER span and the metric
// http.server.request.duration. The span is named GET /users/{id}, or only GET if no route
// matched. A client records a CLIENT span, which is named GET, and the metric
// http.client.request.duration. Names and attributes follow
// https://opentelemetry.io/docs/specs/semconv/http/ (v1.43.0).
//
// A server span gets the status Error if the response has a status of 500 or above, or if the
// handler panics. The panic is recorded and continues. There is one exception: if the client
// has closed its connection or stream before a response of 500 or above, the span is not an
// error, and error.type is client_disconnected.
//
// A client span gets the status Error if the response has a status of 400 or above, or if no
// response arrives. It is not an error if the caller canceled the request.
//
// # Health checks
//
// GET and HEAD requests to the paths of health checks and metrics, and to favicon.ico, get no
// span and are not measured. Nothing that happens below them gets a span either. These are
// the paths that NAIS drops: */isalive, */isready, */metrics, */prometheus, */actuator/*,
// */internal/health* and similar paths, in upper or lower case.
//
// # Data that is not recorded
//
// Headers, the query of a request to a server, and the client's address behind a proxy are
// recorded only with an option. Bodies are never recorded. Credentials in URLs are replaced
// by REDACTED. Package setup masks personal numbers at export.
//
// # Traps
//
// Code between Handler and the mux must not copy the request, because the route is then not
// found. Most middleware that adds a value to the context copies it. Put such middleware
// outside Handler, or put a second Handler between it and the mux.
//
// If a response body is never closed, its span ends only when the context of the request
// ends.
//
// A Handler or Transport that is created before the SDK is installed starts to work when the
// SDK is installed. Until then, and with no-op providers, requests cost almost nothing, and
// the trace context is still passed on.
package httptrace
