package httptrace

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/privacy"
)

// roundTrip contains all data about one request of a client, in one allocation. It is also the
// context of this request.
type roundTrip struct {
	transport *transport
	request   *http.Request   // the request of the caller
	parent    context.Context //nolint:containedctx // the context of the caller
	start     time.Time

	inside context.Context //nolint:containedctx // the context for base, with the span

	span     clientSpan
	labeler  otelhttp.Labeler
	ended    atomic.Bool
	empty    io.ReadCloser // the body of base, if the response has no body
	switched writeCloser   // the body of base, if the connection no longer uses HTTP
	stop     func() bool   // prevents that expire is called when parent ends; may be nil
}

// A writeCloser is a connection that can be closed for writing only.
type writeCloser interface{ CloseWrite() error }

// A switchedBody is the body of a response after which the connection no longer uses HTTP. The
// wrapper of otelhttp has no method CloseWrite, but [httputil.ReverseProxy] needs it.
type switchedBody struct {
	io.ReadWriteCloser
	writeCloser
}

type roundTripKey struct{}

// clientLabelerKey is the context key that otelhttp uses for the client's labeler.
var clientLabelerKey = otelutil.ContextKey(func(ctx context.Context) { otelhttp.ClientLabelerFromContext(ctx) })

func roundTripFrom(ctx context.Context) *roundTrip {
	e, _ := ctx.Value(roundTripKey{}).(*roundTrip)
	return e
}

// Value implements [context.Context]. For roundTripKey{} it returns e. For clientLabelerKey it
// returns a labeler. Without this labeler, otelhttp would allocate one.
func (e *roundTrip) Value(key any) any {
	switch key {
	case roundTripKey{}:
		return e
	case serverRequestKey{}, routing.Key:
		// In the parent context, these values belong to the request that the caller serves. If
		// base calls a handler in the same process, that handler serves a new request. It must not
		// find the values of the caller's request.
		return nil
	case clientLabelerKey:
		if l := e.parent.Value(key); l != nil {
			return l
		}
		return &e.labeler
	}
	return e.parent.Value(key)
}

func (e *roundTrip) Deadline() (time.Time, bool) { return e.parent.Deadline() }
func (e *roundTrip) Done() <-chan struct{}       { return e.parent.Done() }
func (e *roundTrip) Err() error                  { return e.parent.Err() }

// covers reports whether r is the request of e itself. The context of r must contain e. The result
// is true if the request passes through two Transports. The result is false for other requests,
// such as a request that fetches a token for e.
func (e *roundTrip) covers(r *http.Request) bool {
	own, other := e.request.URL, r.URL
	return !e.ended.Load() && r.Method == e.request.Method &&
		(own == other || own != nil && other != nil && own.Host == other.Host && own.Path == other.Path)
}

// canceled reports whether the caller canceled the request. This is not an error.
func (e *roundTrip) canceled() bool { return errors.Is(e.parent.Err(), context.Canceled) }

// answered records the metrics of the round trip. If there is a response, it also sets the
// attributes of the response on the span. If the response has no body, answered ends the span. If
// the response has a body, the span ends later.
func (e *roundTrip) answered(res *http.Response, err error) {
	if m, working := e.transport.meter.Get(); working {
		m.record(e, res, err)
	}
	if err != nil {
		return
	}
	e.span.answer(res)
	if body, ok := res.Body.(io.ReadWriteCloser); ok && e.switched != nil {
		res.Body = switchedBody{body, e.switched}
	}
	switch {
	case e.empty != nil:
		// The response has no body. It is possible that the caller neither reads nor closes the
		// empty body. Therefore the span is ended here, by closing the wrapper of otelhttp. The
		// caller gets the original body instead of the wrapper.
		_ = res.Body.Close() // closing an empty body never fails
		res.Body = e.empty
	case e.parent.Done() != nil && e.span.IsRecording():
		e.stop = context.AfterFunc(e.parent, e.expire)
	}
}

// expire ends the span if the body of the response was neither closed nor read to its end.
func (e *roundTrip) expire() {
	if err := context.Cause(e.parent); !e.canceled() {
		e.span.fail(err)
	}
	e.finish()
}

// finish ends the span. If finish is called again, it does nothing.
func (e *roundTrip) finish() {
	if e.ended.CompareAndSwap(false, true) {
		e.span.Span.End()
	}
}

// errorType returns the value of error.type for the round trip, or "" if the round trip is not an
// error.
func (e *roundTrip) errorType(res *http.Response, err error) string {
	switch {
	case err != nil && e.canceled():
		return ""
	case err != nil:
		return semconv.ErrorType(err).Value.AsString()
	case res.StatusCode >= http.StatusBadRequest || res.StatusCode < http.StatusContinue:
		return strconv.Itoa(res.StatusCode)
	}
	return ""
}

// resends returns the number of redirects that led to r.
func resends(r *http.Request) (n int) {
	for r.Response != nil && r.Response.Request != nil {
		r = r.Response.Request
		n++
	}
	return n
}

// serverOf returns the host and the port of u. If u contains no port, it returns the default port
// of the scheme.
func serverOf(u *url.URL) (host string, port int) {
	if u == nil {
		return "", 0
	}
	host = u.Hostname()
	// The empty text is checked first, because Atoi("") would allocate an error.
	if text := u.Port(); text != "" {
		if port, err := strconv.Atoi(text); err == nil {
			return host, port
		}
	}
	if u.Scheme == "https" {
		return host, 443
	}
	return host, 80
}

// requestAttributes corrects attrs, the attributes from otelhttp. It redacts the credentials in
// the URL, and adds attributes that otelhttp does not record.
func (e *roundTrip) requestAttributes(attrs []attribute.KeyValue) []attribute.KeyValue {
	for i, attr := range attrs {
		if attr.Key == semconv.URLFullKey {
			attrs[i] = semconv.URLFull(fullURL(e.request.URL, attr.Value.AsString()))
		}
	}
	if n := resends(e.request); n > 0 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(n))
	}
	return append(attrs, recorded(e.transport.requestHeaders, e.request.Header)...)
}

// fullURL returns u as text. In this text, the credentials are redacted. The parameter text must
// be u without user and password.
func fullURL(u *url.URL, text string) string {
	if u.User != nil {
		redacted := *u
		redacted.User = url.UserPassword(privacy.Redacted, privacy.Redacted)
		text = redacted.String()
	}
	return errinfo.Cut(privacy.URL(text))
}
