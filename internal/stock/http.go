package stock

import (
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

func (d *draft) method() string { return d.text(semconv.HTTPRequestMethodKey, "http.method") }

// methodOfClient renames a client span from HTTP GET to GET. Google's clients for Storage, BigQuery
// and others also have such spans, because they use otelhttp.
func methodOfClient(d *draft) {
	named, found := strings.CutPrefix(d.name, "HTTP ")
	if !found || d.SpanKind() != trace.SpanKindClient {
		return
	}
	method := d.method()
	if method != "" && (named == method || named == d.text(semconv.HTTPRequestMethodOriginalKey)) {
		d.name = method
	}
}

// routeInName adds http.route to a server span that is named after the pattern of net/http's mux,
// such as GET /orders/{id}. A path without a wildcard can be a pattern, but also the path of a
// request. Therefore it is not used.
func routeInName(d *draft) {
	method, route, _ := strings.Cut(d.name, " ")
	if strings.HasPrefix(route, "/") && strings.Contains(route, "{") && d.SpanKind() == trace.SpanKindServer && method == d.method() {
		d.add(route, semconv.HTTPRouteKey)
	}
}

// methodBeforeRoute renames a server span from /orders/{id} to GET /orders/{id}. otelchi names a
// span without a route "/".
func methodBeforeRoute(d *draft) {
	method, route := d.method(), d.text(semconv.HTTPRouteKey)
	switch {
	case d.SpanKind() != trace.SpanKindServer || method == "":
	case route != "" && d.name == route:
		d.name = method + " " + route
	case route == "" && d.name == "/":
		d.name = method
	}
}
