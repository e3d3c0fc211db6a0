package httptrace_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/nais/spor/internal/conformance/reference"
	"github.com/nais/spor/internal/oteltest"
)

var clientRows = []referenceRow{
	{name: "200", path: "/users/1"},
	{name: "201 after 103", path: "/hints"},
	{name: "204", method: "DELETE", path: "/users/1"},
	{name: "302", path: "/redirects"},
	{name: "404", path: "/nowhere"},
	{name: "503", path: "/fails"},
	{name: "600", path: "/600"},
	{name: "101", path: "/hijacked", header: "Connection: Upgrade\nUpgrade: echo", only1: true},
	{name: "HEAD", method: "HEAD", path: "/users/1"},
	{name: "unknown method", method: "BREW", path: "/users/1"},
	{name: "lower-case method", method: "get", path: "/users/1"},
	{name: "broken response", path: "/panics-late"},
	{name: "no response", path: "/aborts"},
	{name: "known length", method: "POST", path: "/echo", body: "hello"},
	{name: "unknown length", method: "POST", path: "/echo", body: "hello", chunked: true},
	{name: "empty body", method: "POST", path: "/echo"},
	{name: "canceled", path: "/hangs"},
	{name: "canceled while reading", path: "/events", events: true},
	{name: "userinfo", path: "//user:hush@HOST/users/1"},
	{name: "query", path: "/users/1?q=1&page=2"},
	{name: "query with credentials", path: "/users/1?q=1&access_token=hush#part"},
	{name: "long path", path: "/users/" + strings.Repeat("1", 2000)},
	{name: "invalid path", path: "/users/%ff"},
	{name: "Host", path: "/users/1", host: "other.example.com:8443"},
	{name: "default port", path: "//api.example.com/users/1"},
	{name: "other port", path: "//api.example.com:8443/users/1"},
	{name: "IPv6", path: "//[2001:db8::1]:8443/users/1"},
	{name: "context", path: "/context"},
	{name: "labeler", path: "/users/1", base: func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			l, _ := otelhttp.ClientLabelerFromContext(r.Context())
			l.Add(attribute.String("tenant", "nav"))
			return next.RoundTrip(r)
		})
	}},
	{name: "panic", path: "/users/1", leaks: true, base: func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { panic("on purpose") })
	}},
	{name: "no protocol", path: "/users/1", base: func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		})
	}},
	{name: "body not sent", method: "POST", path: "/echo", body: "hello", base: func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusRequestEntityTooLarge, Body: http.NoBody, Proto: "HTTP/1.1"}, r.Body.Close()
		})
	}},
	{name: "filter", path: "/users/1", both: nothing},
	{name: "attributes", path: "/users/1", both: team},
	{name: "redirect", path: "/redirects", follow: true},
	{name: "deadline", path: "/users/1", expired: true},
	{name: "refused", path: "/users/1", refused: true},
	{name: "refused with a body", method: "POST", path: "/echo", body: "hello", refused: true},
	{name: "refused with a chunked body", method: "POST", path: "/echo", body: "hello", chunked: true, refused: true},
	{name: "body never closed", path: "/file", unread: true, leaks: true},
}

// TestClientAgainstReference compares what Transport and otelhttp record.
func TestClientAgainstReference(t *testing.T) {
	againstReference(t, "client", clientRows, referenceRow.ask)
}

// ask sends the row from a client, and returns the facts about it.
func (row referenceRow) ask(t *testing.T, version referenceVersion, e engine) reference.Facts {
	t.Helper()
	sdk := oteltest.New(t)
	ctx, cancel := row.context(t)
	defer cancel()
	server, base := version.start(t, referenceRoutes(cancel))
	base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
	if base.TLSClientConfig != nil {
		base.TLSClientConfig.ServerName = "example.com"
	}
	if row.refused {
		server.Close()
	}
	var inner http.RoundTripper = base
	if row.base != nil {
		inner = row.base(base)
	}
	answer := row.answer(t, e.transport(sdk, row.both, inner), row.request(t, server).WithContext(ctx), cancel)
	if !row.leaks || e.spor {
		oteltest.Eventually(t, func() bool {
			return len(sdk.Ended()) == sdk.Started() && measured(t, sdk) == sdk.Started()
		})
	}
	f := factsOf(t, sdk, port(t, server))
	for _, span := range sdk.Ended() {
		answer = strings.ReplaceAll(answer, span.SpanContext().TraceID().String(), "TRACE")
	}
	f.Add("answer", map[string]string{"text": answer})
	return f
}

// context returns the context of the request. It contains the span of a caller and baggage.
func (row referenceRow) context(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx := oteltest.W3C.Extract(t.Context(), propagation.MapCarrier{"traceparent": traceparent, "tracestate": "a=b", "baggage": "c=d"})
	if row.expired {
		return context.WithDeadline(ctx, time.Unix(0, 0))
	}
	return context.WithCancel(ctx)
}

// answer sends r, which is the request of the row, and returns a description of the response.
func (row referenceRow) answer(t *testing.T, rt http.RoundTripper, r *http.Request, cancel context.CancelFunc) (answer string) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			answer = fmt.Sprintf("panic %v", v)
		}
	}()
	switch {
	case row.unread:
		res, err := rt.RoundTrip(r) //nolint:bodyclose // the test is about a body that is not closed
		cancel()
		return fmt.Sprint(res.StatusCode, err)
	case row.follow:
		return fmt.Sprint(exchange(t, rt, r))
	}
	return row.send(t, rt, r, cancel)
}

// measured returns the number of requests whose size is in the metrics.
func measured(t *testing.T, sdk *oteltest.SDK) (n int) {
	t.Helper()
	sizes, _ := sdk.Metric(t, "http.client.request.body.size").(metricdata.Histogram[int64])
	for _, point := range sizes.DataPoints {
		n += int(point.Count)
	}
	return n
}
