// Package httptrace traces and measures net/http servers and clients.
//
// Put [Handler] directly around the mux, and [Transport] into the client:
//
//	http.ListenAndServe(addr, httptrace.Handler(mux))
//	client := &http.Client{Transport: httptrace.Transport(nil)}
//
// Transport(nil) is around [http.DefaultTransport]; http.Get and the like use
// http.DefaultClient, which takes one too. A request belongs to the span in its
// context: make it with [http.NewRequestWithContext], since the one that http.Get
// makes has none.
//
// Routers other than [http.ServeMux] have adapters below this package, or call
// [SetRoute].
//
// Each request to a server makes a SERVER span named GET /users/{id}, or just GET
// where no route matched, and is measured in http.server.request.duration. Each
// request of a client makes a CLIENT span named GET, measured in
// http.client.request.duration. Names and attributes are those of
// https://opentelemetry.io/docs/specs/semconv/http/ (v1.43.0).
//
// A server span is an Error for a status of 500 and up or a panic, which it
// records and lets go on. It is not when the client closed its connection or stream
// first: error.type is then client_disconnected. A client span is an Error for a
// status of 400 and up or when no response came, but not when the caller canceled.
//
// GET requests to health checks, metrics and favicon.ico (the paths that NAIS
// drops: */isalive, */isready, */metrics, */prometheus, */actuator/*,
// */internal/health* and the like, in any case) make no span, and nothing below
// them does either.
//
// Never recorded unless asked for: headers, the query of a request to a server, the
// client's address behind a proxy. Never recorded at all: bodies, credentials in
// URLs. Personal numbers are masked at export, by package setup.
//
// Traps: what copies the request between Handler and mux, such as most middleware
// that adds to the context, hides the route; put it outside, or a Handler on
// either side. A body that is never closed keeps its span open until the context
// of the request ends.
//
// What was built before the SDK is installed wakes up with it. Until then, and with
// no-op providers, requests cost next to nothing and trace context still travels.
package httptrace
