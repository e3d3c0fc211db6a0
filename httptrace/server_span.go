package httptrace

import (
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// serverSpan is the span as otelhttp sees it. What otelhttp finds out at the end
// is joined to what it leaves out; what it gets wrong is dropped.
type serverSpan struct {
	trace.Span

	call *serverRequest
	read int64 // bytes of the request's body, as otelhttp counted them
}

// SetName is left to End, which knows the route.
func (s *serverSpan) SetName(string) {}

// SetStatus is left to End, which knows who is to blame.
func (s *serverSpan) SetStatus(codes.Code, string) {}

// SetAttributes keeps what otelhttp knows better than the call does.
func (s *serverSpan) SetAttributes(attrs ...attribute.KeyValue) {
	for _, attr := range attrs {
		if attr.Key == semconv.HTTPRequestBodySizeKey {
			s.read = attr.Value.AsInt64()
		}
	}
}

// End completes the span and the measurements. That it is a function of its own
// also stops the SDK from recording a panic a second time.
func (s *serverSpan) End(opts ...trace.SpanEndOption) {
	s.call.finish()
	s.Span.End(opts...)
}

// finish records how the request ended.
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

// outcome is how a request to a server ended.
type outcome struct {
	status    int    // 0 when none was sent
	route     string // "" when none matched
	errorType string // "" when nothing went wrong
	failed    bool   // the server is to blame
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

// status is what the client saw or, after a panic, what a server that recovers
// makes of it.
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

// upgraded returns the status of a request whose connection was taken over.
func upgraded(r *http.Request) int {
	if r.Header["Upgrade"] != nil {
		return http.StatusSwitchingProtocols
	}
	return 0
}

// complete adds to the span what was not known at its start.
func (c *serverRequest) complete(o outcome) {
	span := c.span.Span
	attrs := make([]attribute.KeyValue, 0, 3) // enough for a plain GET
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
	if c.request.ProtoMajor > 1 { // otelhttp says 2.0
		attrs = append(attrs, semconv.NetworkProtocolVersion(versionOf(c.request.Proto)))
	}
	span.SetAttributes(append(attrs, recorded(c.server.responseHeaders, c.answer)...)...)
	if o.failed {
		span.SetStatus(codes.Error, "")
	}
}
