package httptrace

import (
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// serverSpan wraps the SDK's span. Only otelhttp gets the wrapper. At the end of a request,
// otelhttp sets the name, the status and several attributes. The wrapper ignores most of these
// values, because its method End sets the correct values.
type serverSpan struct {
	trace.Span

	request *serverRequest
	read    int64 // bytes of the request's body, as otelhttp counted them
}

// SetName does nothing, because the method End sets the name. otelhttp cannot set it, because it
// does not have the route.
func (s *serverSpan) SetName(string) {}

// SetStatus does nothing, because the method End sets the status. otelhttp cannot decide whether
// the request is an error of the server.
func (s *serverSpan) SetStatus(codes.Code, string) {}

// SetAttributes stores the size of the request's body, because only otelhttp measures it. It
// ignores all other attributes.
func (s *serverSpan) SetAttributes(attrs ...attribute.KeyValue) {
	for _, attr := range attrs {
		if attr.Key == semconv.HTTPRequestBodySizeKey {
			s.read = attr.Value.AsInt64()
		}
	}
}

// End sets the final values of the span, ends the span, and records the metrics. otelhttp defers
// this method. If it deferred the End method of the SDK, the SDK would record a panic a second
// time.
func (s *serverSpan) End(opts ...trace.SpanEndOption) {
	s.request.finish()
	s.Span.End(opts...)
}

func (c *serverRequest) finish() {
	c.finished.Store(true)
	o := c.outcome()
	if c.span.IsRecording() {
		c.complete(o)
	}
	if c.metrics != nil {
		c.metrics.record(c, o)
	}
}

type outcome struct {
	status    int    // 0 if no status was sent
	route     string // "" if no route matched
	errorType string // "" if there was no error
	failed    bool   // the request is an error of the server
}

func (c *serverRequest) outcome() outcome {
	o := outcome{status: c.status()}
	o.route = c.route.Resolve(o.status)
	switch {
	case c.failure != "":
		o.errorType, o.failed = c.failure, true
	case o.status < http.StatusInternalServerError:
	case disconnected(c.request.Context(), c.writer):
		o.errorType = "client_disconnected"
	default:
		o.errorType, o.failed = strconv.Itoa(o.status), true
	}
	return o
}

// status returns the status that the client got. If the handler panicked before it sent a
// response, status returns 500. This is the status that middleware usually sends when it recovers
// from a panic.
func (c *serverRequest) status() int {
	switch sent := c.response.sent(); {
	case sent != 0:
		return sent
	case c.failure != "":
		return http.StatusInternalServerError
	case c.response.hijacked.Load():
		return upgraded(c.request)
	case c.aborted:
		return 0
	}
	return http.StatusOK
}

// upgraded returns the status of a request whose connection was hijacked. If the status is
// unknown, it returns 0.
func upgraded(r *http.Request) int {
	if r.Header["Upgrade"] != nil {
		return http.StatusSwitchingProtocols
	}
	return 0
}

// complete sets the values of the span that are known only at the end: the name, the status and
// the remaining attributes.
func (c *serverRequest) complete(o outcome) {
	span := c.span.Span
	attrs := make([]attribute.KeyValue, 0, 3) // three attributes are enough for most GET requests
	if o.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(o.status))
	}
	if o.route != "" {
		span.SetName(spanName(c.request.Method, o.route))
		attrs = append(attrs, semconv.HTTPRoute(o.route))
	}
	if o.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(o.errorType))
	}
	if c.span.read > 0 {
		attrs = append(attrs, semconv.HTTPRequestBodySize(int(c.span.read)))
	}
	if written := c.response.written.Load(); written > 0 {
		attrs = append(attrs, semconv.HTTPResponseBodySize(int(written)))
	}
	if c.request.ProtoMajor > 1 { // otelhttp records 2.0, but the conventions require 2
		attrs = append(attrs, semconv.NetworkProtocolVersion(versionOf(c.request.Proto)))
	}
	span.SetAttributes(append(attrs, recorded(c.server.responseHeaders, c.answer)...)...)
	if o.failed {
		span.SetStatus(codes.Error, "")
	}
}
