package httptrace

import (
	"context"
	"errors"
	"net/http"
	stdtrace "net/http/httptrace"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace/internal/handlererror"
	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
)

// roundTrip contains all data about one request of a client, in one allocation. It is also the
// context of this request.
type roundTrip struct {
	transport *transport
	metrics   *clientMetrics  // nil if nothing is measured
	request   *http.Request   // the request of the caller
	parent    context.Context //nolint:containedctx // the context of the caller
	inside    context.Context //nolint:containedctx // the context for base, with the span
	start     time.Time

	span  trace.Span
	late  bool // the span started without attributes
	ended atomic.Bool
	stop  func() bool // prevents that expire is called when parent ends; may be nil

	labeler    otelhttp.Labeler
	outgoing   outgoing
	upload     upload
	body       responseBody
	connection connection

	returned bool // base has returned
}

func newRoundTrip(t *transport, metrics *clientMetrics, r *http.Request) *roundTrip {
	return &roundTrip{transport: t, metrics: metrics, request: r, parent: r.Context(), start: time.Now()}
}

type roundTripKey struct{}

// clientLabelerKey is the context key that otelhttp uses for the client's labeler.
var clientLabelerKey = otelutil.ContextKey(func(ctx context.Context) { otelhttp.ClientLabelerFromContext(ctx) })

// clientTraceKey is the context key that net/http uses for the hooks of a client.
var clientTraceKey = otelutil.ContextKey(func(ctx context.Context) { stdtrace.ContextClientTrace(ctx) })

func roundTripFrom(ctx context.Context) *roundTrip {
	e, _ := ctx.Value(roundTripKey{}).(*roundTrip)
	return e
}

// Value implements [context.Context]. For roundTripKey{} it returns e. For clientLabelerKey it
// returns a labeler, to which base may add attributes.
func (e *roundTrip) Value(key any) any {
	switch key {
	case roundTripKey{}:
		return e
	case serverRequestKey{}, routing.Key, handlererror.Key:
		// In the parent context, these values belong to the request that the caller serves. If
		// base calls a handler in the same process, that handler serves a new request. It must not
		// find the values of the caller's request.
		return nil
	case clientLabelerKey:
		if l := e.parent.Value(key); l != nil {
			return l
		}
		return &e.labeler
	case clientTraceKey:
		if e.connection.watched {
			return &e.connection.hooks
		}
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

// do starts the span and sends the request. The span ends later if the response has a body.
func (e *roundTrip) do() (*http.Response, error) {
	e.startSpan()
	res, err := e.send()
	if !e.returned {
		errinfo.ContinueNilPanic()
	}
	e.conclude(res, e.outcomeOf(res, err))
	if err != nil || res == nil || !e.body.replace(e, res) { // http.Client ignores a response with an error
		e.finish()
	}
	return res, err
}

// startSpan starts the span. Its name contains no part of the URL, because every part of a URL can
// have many different values.
func (e *roundTrip) startSpan() {
	opts := clientStart
	if e.late = e.transport.tracer.Late(); !e.late {
		attrs := otelutil.NewAttributeList()
		defer attrs.Release()
		e.describe(attrs)
		opts = []trace.SpanStartOption{kindClient, trace.WithAttributes(*attrs...)}
	}
	e.inside, e.span = e.transport.tracer.Start(e, spanName(e.request.Method, ""), opts...)
	if e.span.IsRecording() {
		e.connection.watch(e)
	}
}

// send sends the request with base. It passes the caller's own body and trailers to base, because
// the caller may set trailers while base reads the body. If base panics, send ends the span.
func (e *roundTrip) send() (*http.Response, error) {
	defer func() {
		if e.returned {
			return
		}
		v := recover()
		kind := semconv.ErrorTypeOther.Value.AsString() // base called runtime.Goexit or panic(nil)
		if v != nil {
			kind = errinfo.Record(e.span, v)
		}
		e.conclude(nil, clientOutcome{version: versionOf(e.request.Proto), errorType: kind, failed: true})
		e.finish()
		if v != nil {
			panic(v) //nolint:forbidigo // continues the panic of base
		}
	}()
	e.outgoing.Request = e.request.WithContext(e.inside)
	if p, ok := e.transport.propagator.Get(); ok {
		p.Inject(e.inside, &e.outgoing)
	}
	if e.metrics != nil && e.metrics.requestSize != nil {
		e.upload.measure(e.outgoing.Request)
	}
	res, err := e.transport.base.RoundTrip(e.outgoing.Request)
	e.returned = true
	return res, err
}

// conclude records the attributes and the metrics that are known when the header of the response
// has arrived, or when the request has failed. res is nil if there is no response.
func (e *roundTrip) conclude(res *http.Response, o clientOutcome) {
	if e.span.IsRecording() {
		e.complete(res, o)
	}
	if e.metrics != nil {
		e.metrics.record(e, o)
	}
}

// expire ends the span if the body of the response was neither closed nor read to its end.
func (e *roundTrip) expire() {
	e.fail(context.Cause(e.parent))
	e.finish()
}

// fail records that the response ended with err before the caller had read the whole response. If
// the caller canceled the request, this is not an error. If the span already has an error.type, fail
// keeps it.
func (e *roundTrip) fail(err error) {
	if err == nil || e.canceled() || !e.span.IsRecording() {
		return
	}
	attrs := otelutil.NewAttributeList()
	defer attrs.Release()
	attrs.Add(semconv.ErrorTypeKey.String(errinfo.TypeOf(err)))
	attrs.SetMissingOn(e.span)
	e.span.SetStatus(codes.Error, errinfo.Text(errinfo.Describe(err).Message))
}

// finish ends the span. If finish is called again, it does nothing.
func (e *roundTrip) finish() {
	if e.ended.CompareAndSwap(false, true) {
		e.span.End()
	}
}
