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

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// A clientRow is a request that a client sends with both engines.
type clientRow struct {
	referenceRow

	follow  bool // the client follows redirects
	expired bool // the deadline has passed before the request is sent
	refused bool // the server is closed before the request is sent
	// base changes the RoundTripper that sends the requests. Nil means no change.
	base func(http.RoundTripper) http.RoundTripper
	// unread means that the client neither reads nor closes the response before its context ends.
	unread bool
	// leaks means that otelhttp does not end the span.
	leaks bool
}

var clientRows = []clientRow{
	{referenceRow: referenceRow{name: "200", path: "/users/1"}},
	{referenceRow: referenceRow{name: "201 after 103", path: "/hints"}},
	{referenceRow: referenceRow{name: "204", method: "DELETE", path: "/users/1"}},
	{referenceRow: referenceRow{name: "302", path: "/redirects"}},
	{referenceRow: referenceRow{name: "404", path: "/nowhere"}},
	{referenceRow: referenceRow{name: "503", path: "/fails"}},
	{referenceRow: referenceRow{name: "600", path: "/600"}},
	{referenceRow: referenceRow{name: "101", path: "/hijacked", header: "Connection: Upgrade\nUpgrade: echo", only1: true}},
	{referenceRow: referenceRow{name: "HEAD", method: "HEAD", path: "/users/1"}},
	{referenceRow: referenceRow{name: "unknown method", method: "BREW", path: "/users/1"}},
	{referenceRow: referenceRow{name: "lower-case method", method: "get", path: "/users/1"}},
	{referenceRow: referenceRow{name: "broken response", path: "/panics-late"}},
	{referenceRow: referenceRow{name: "no response", path: "/aborts"}},
	{referenceRow: referenceRow{name: "known length", method: "POST", path: "/echo", body: "hello"}},
	{referenceRow: referenceRow{name: "unknown length", method: "POST", path: "/echo", body: "hello", chunked: true}},
	{referenceRow: referenceRow{name: "empty body", method: "POST", path: "/echo"}},
	{referenceRow: referenceRow{name: "canceled", path: "/hangs"}},
	{referenceRow: referenceRow{name: "canceled while reading", path: "/events", events: true}},
	{referenceRow: referenceRow{name: "userinfo", path: "//user:hush@HOST/users/1"}},
	{referenceRow: referenceRow{name: "query", path: "/users/1?q=1&page=2"}},
	{referenceRow: referenceRow{name: "query with credentials", path: "/users/1?q=1&access_token=hush#part"}},
	{referenceRow: referenceRow{name: "long path", path: "/users/" + strings.Repeat("1", 2000)}},
	{referenceRow: referenceRow{name: "invalid path", path: "/users/%ff"}},
	{referenceRow: referenceRow{name: "Host", path: "/users/1", host: "other.example.com:8443"}},
	{referenceRow: referenceRow{name: "default port", path: "//api.example.com/users/1"}},
	{referenceRow: referenceRow{name: "other port", path: "//api.example.com:8443/users/1"}},
	{referenceRow: referenceRow{name: "IPv6", path: "//[2001:db8::1]:8443/users/1"}},
	{referenceRow: referenceRow{name: "context", path: "/context"}},
	{referenceRow: referenceRow{name: "labeler", path: "/users/1"}, base: func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			l, _ := otelhttp.ClientLabelerFromContext(r.Context())
			l.Add(attribute.String("tenant", "nav"))
			return next.RoundTrip(r)
		})
	}},
	{referenceRow: referenceRow{name: "panic", path: "/users/1"}, leaks: true, base: func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { panic("on purpose") })
	}},
	{referenceRow: referenceRow{name: "no protocol", path: "/users/1"}, base: func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		})
	}},
	{referenceRow: referenceRow{name: "body not sent", method: "POST", path: "/echo", body: "hello"}, base: func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusRequestEntityTooLarge, Body: http.NoBody, Proto: "HTTP/1.1"}, r.Body.Close()
		})
	}},
	{referenceRow: referenceRow{name: "filter", path: "/users/1", both: both{
		[]httptrace.Option{httptrace.WithFilter(func(*http.Request) bool { return false })},
		[]otelhttp.Option{otelhttp.WithFilter(func(*http.Request) bool { return false })},
	}}},
	{referenceRow: referenceRow{name: "attributes", path: "/users/1", both: team}},
	{referenceRow: referenceRow{name: "redirect", path: "/redirects"}, follow: true},
	{referenceRow: referenceRow{name: "deadline", path: "/users/1"}, expired: true},
	{referenceRow: referenceRow{name: "refused", path: "/users/1"}, refused: true},
	{referenceRow: referenceRow{name: "refused with a body", method: "POST", path: "/echo", body: "hello"}, refused: true},
	{referenceRow: referenceRow{name: "refused with a chunked body", method: "POST", path: "/echo", body: "hello", chunked: true}, refused: true},
	{referenceRow: referenceRow{name: "body never closed", path: "/file"}, unread: true, leaks: true},
}

// TestClientAgainstReference compares the spans and the metrics of Transport with those of otelhttp.
func TestClientAgainstReference(t *testing.T) {
	j, ran := newJudge("client", known, faults), 0
	for _, version := range referenceVersions {
		for _, row := range clientRows {
			if row.only1 && version.major != 1 {
				ran++
				continue
			}
			name := version.name + "/" + row.name
			t.Run(name, func(t *testing.T) {
				ran++
				j.compare(t, "client/"+name, func(t *testing.T, e engine) facts { return row.ask(t, version, e) })
			})
		}
	}
	if ran == len(referenceVersions)*len(clientRows) { // otherwise the flag -run has selected some of the rows
		j.checkUsed(t)
	}
}

// ask sends the row from a client, and returns the facts about it.
func (row clientRow) ask(t *testing.T, version referenceVersion, e engine) facts {
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
	f.add("answer", map[string]string{"text": answer})
	return f
}

// context returns the context of the request. It contains the span of a caller and baggage.
func (row clientRow) context(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx := oteltest.W3C.Extract(t.Context(), propagation.MapCarrier{"traceparent": traceparent, "tracestate": "a=b", "baggage": "c=d"})
	if row.expired {
		return context.WithDeadline(ctx, time.Unix(0, 0))
	}
	return context.WithCancel(ctx)
}

// answer sends r, which is the request of the row, and returns a description of the response.
func (row clientRow) answer(t *testing.T, rt http.RoundTripper, r *http.Request, cancel context.CancelFunc) (answer string) {
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
