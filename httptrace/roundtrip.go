package httptrace

import (
	"context"
	"errors"
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

// roundTrip is all that httptrace keeps of one request of a client, in one
// allocation. It is itself a node of the request's context.
type roundTrip struct {
	transport *transport
	request   *http.Request   // as the caller made it
	parent    context.Context //nolint:containedctx // the caller's
	start     time.Time

	inside context.Context //nolint:containedctx // the base's, with the span

	span     clientSpan
	labeler  otelhttp.Labeler
	ended    atomic.Bool
	bodyless bool
	stop     func() bool // ends the wait for the context
}

type roundTripKey struct{}

// clientLabelerKey is otelhttp's key of the client's labeler.
var clientLabelerKey = otelutil.ContextKey(func(ctx context.Context) { otelhttp.ClientLabelerFromContext(ctx) })

func roundTripFrom(ctx context.Context) *roundTrip {
	e, _ := ctx.Value(roundTripKey{}).(*roundTrip)
	return e
}

// Value makes roundTrip the node of a context that knows the round trip and the
// labeler that otelhttp would otherwise allocate.
func (e *roundTrip) Value(key any) any {
	switch key {
	case roundTripKey{}:
		return e
	case serverRequestKey{}, routing.Key: // of a handler; a base that serves e in the process serves another request
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

// covers reports whether r, sent under the context of e, is e's own request, on
// its way through a second Transport: not, say, one for the token it needs.
func (e *roundTrip) covers(r *http.Request) bool {
	own, other := e.request.URL, r.URL
	return !e.ended.Load() && r.Method == e.request.Method &&
		(own == other || own != nil && other != nil && own.Host == other.Host && own.Path == other.Path)
}

// canceled reports whether the caller lost interest, which is no error.
func (e *roundTrip) canceled() bool { return errors.Is(e.parent.Err(), context.Canceled) }

// answered measures the round trip once its response, or none, has come.
func (e *roundTrip) answered(res *http.Response, err error) {
	if m, working := e.transport.meter.Get(); working {
		m.record(e, res, err)
	}
	if err != nil {
		return
	}
	e.span.answer(res)
	switch {
	case e.bodyless:
		// There is nothing to read, so nobody may. Closing otelhttp's wrapper
		// ends the span, and the caller gets what net/http returned.
		_ = res.Body.Close() // of http.NoBody
		res.Body = http.NoBody
	case e.parent.Done() != nil && e.span.IsRecording():
		e.stop = context.AfterFunc(e.parent, e.expire)
	}
}

// expire ends the span of a response that nobody read to its end.
func (e *roundTrip) expire() {
	if err := context.Cause(e.parent); !e.canceled() {
		e.span.fail(err)
	}
	e.finish()
}

// finish ends the span, once.
func (e *roundTrip) finish() {
	if e.ended.CompareAndSwap(false, true) {
		e.span.Span.End()
	}
}

// errorType returns what error.type says of the end of the round trip, or "".
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

// resends returns how many requests were made before this one, on its behalf.
func resends(r *http.Request) (n int) {
	for r.Response != nil && r.Response.Request != nil {
		r = r.Response.Request
		n++
	}
	return n
}

// serverOf returns the host and the port that u names.
func serverOf(u *url.URL) (host string, port int) {
	if u == nil {
		return "", 0
	}
	host = u.Hostname()
	if text := u.Port(); text != "" { // Atoi would make an error of ""
		if port, err := strconv.Atoi(text); err == nil {
			return host, port
		}
	}
	if u.Scheme == "https" {
		return host, 443
	}
	return host, 80
}

// requestAttributes returns attrs, which otelhttp found, with what it leaves out
// and without what must not be recorded. The name of a sidecar behind a loopback
// address belongs here too, as peer.service.
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

// fullURL returns u, of which text is the form without user and password, with
// its credentials redacted.
func fullURL(u *url.URL, text string) string {
	if u.User != nil {
		redacted := *u
		redacted.User = url.UserPassword(privacy.Redacted, privacy.Redacted)
		text = redacted.String()
	}
	return errinfo.Cut(privacy.URL(text))
}
