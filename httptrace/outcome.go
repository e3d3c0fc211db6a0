package httptrace

import (
	"net/http"
	"slices"
	"strconv"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/internal/otelutil"
)

// outcome describes how a request to a server ended.
type outcome struct {
	status    int    // 0 if no status was sent
	route     string // "" if no route matched
	errorType string // "" if there was no error
	failed    bool   // the request is an error of the server
}

func (c *serverRequest) outcome() outcome {
	gone := c.clientLeft()
	o := outcome{status: c.status(gone)}
	o.route = c.route.Resolve(o.status)
	switch {
	case c.failure != "":
		o.errorType, o.failed = c.failure, true
	case gone:
		o.errorType = "client_disconnected"
	case o.status >= http.StatusInternalServerError:
		if !slices.Contains(c.server.expected, o.status) {
			o.errorType, o.failed = strconv.Itoa(o.status), true
		}
	case c.aborted:
		o.errorType, o.failed = "response_aborted", true
	}
	return o
}

// clientLeft reports whether the client disconnected before it got a complete response. If the
// handler has sent a response with a status below 500 and has returned, clientLeft returns false,
// because the client may have got the whole response.
func (c *serverRequest) clientLeft() bool {
	mayBeComplete := c.returned && !c.response.isEmpty() && c.response.sent() < http.StatusInternalServerError
	if c.failure != "" || c.response.hijacked.Load() || mayBeComplete || timedOut(c.request.Context(), c.start) {
		return false
	}
	return c.response.broken.Load() || disconnected(c.request.Context(), c.writer)
}

// status returns the status that the client got, or 0 if the client got no status. gone is the
// result of clientLeft. If the handler panicked before it sent a response, status returns 500. This
// is the status that middleware usually sends when it recovers from a panic.
func (c *serverRequest) status(gone bool) int {
	switch sent := c.response.sent(); {
	case sent != 0 && (!gone || !c.response.isEmpty()):
		return sent
	case c.failure != "":
		return http.StatusInternalServerError
	case c.response.hijacked.Load():
		return c.upgraded()
	case c.aborted || gone:
		return 0
	}
	return http.StatusOK
}

// upgraded returns the status of a request whose connection was hijacked. If the status is
// unknown, it returns 0.
func (c *serverRequest) upgraded() int {
	if c.asked.upgrade {
		return http.StatusSwitchingProtocols
	}
	return 0
}

// describe adds the attributes of o.
func (o outcome) describe(attrs *otelutil.AttributeList) {
	if o.status != 0 {
		attrs.Add(semconv.HTTPResponseStatusCode(o.status))
	}
	if o.route != "" {
		attrs.Add(semconv.HTTPRoute(o.route))
	}
	if o.errorType != "" {
		attrs.Add(semconv.ErrorTypeKey.String(o.errorType))
	}
}
