package httptrace_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/conformance/reference"
	"github.com/nais/spor/internal/oteltest"
)

// A referenceRow is a request that both engines record.
type referenceRow struct {
	name string
	both

	method string // the default is GET
	// path is the path and the query of the URL. If it begins with "//", it also contains the host.
	// HOST stands for the address of the server.
	path    string
	body    string
	chunked bool   // the length of the body is unknown
	header  string // lines of the form "Name: value"
	host    string
	from    string // the address of the client, if it is not the real one
	only1   bool   // only with HTTP/1.1
	events  bool   // the client cancels the request after it has read the first event
	raw     string // the whole request, as text

	// The other fields are for clients.

	follow  bool // the client follows redirects
	expired bool // the deadline has passed before the request is sent
	refused bool // the server is closed before the request is sent
	unread  bool // the client neither reads nor closes the response before its context ends
	leaks   bool // otelhttp does not end the span
	// base changes the RoundTripper that sends the requests. Nil means no change.
	base func(http.RoundTripper) http.RoundTripper
}

var serverRows = []referenceRow{
	{name: "route", path: "/users/01017012345?q=1"},
	{name: "no route", path: "/nowhere"},
	{name: "not found within route", path: "/teams/1/users/2"},
	{name: "wrong method", method: "PUT", path: "/users/1"},
	{name: "unknown method", method: "BREW", path: "/users/1"},
	{name: "lower-case method", method: "get", path: "/users/1"},
	{name: "HEAD", method: "HEAD", path: "/users/1"},
	{name: "status only", method: "DELETE", path: "/users/1"},
	{name: "empty body", method: "POST", path: "/echo"},
	{name: "body read", method: "POST", path: "/echo", body: "hello"},
	{name: "chunked body", method: "POST", path: "/echo", body: "hello", chunked: true},
	{name: "body unread", method: "POST", path: "/unread", body: "hello"},
	{name: "copied file", path: "/file"},
	{name: "flush", path: "/events", events: true},
	{name: "early hints", path: "/hints"},
	{name: "hijack", path: "/hijacked", header: "Connection: Upgrade\nUpgrade: echo", only1: true},
	{name: "panic", path: "/panics/1"},
	{name: "panic after the header", path: "/panics-late"},
	{name: "abort", path: "/aborts"},
	{name: "503", path: "/fails"},
	{name: "600", path: "/600"},
	{name: "redirect", path: "/redirects"},
	{name: "X-Forwarded-For", path: "/users/1", header: "X-Forwarded-For: 198.51.100.7, 10.0.0.1\nX-Forwarded-Proto: https"},
	{name: "long agent", path: "/users/1", header: "User-Agent: " + strings.Repeat("a", 2000)},
	{name: "invalid agent", path: "/users/1", header: "User-Agent: a\xff"},
	{name: "no agent", path: "/users/1", header: "User-Agent: "},
	{name: "long path", path: "/users/" + strings.Repeat("1", 2000)},
	{name: "invalid path", path: "/users/%ff"},
	{name: "Host with port", path: "/users/1", host: "api.example.com:8443"},
	{name: "Host with port 80", path: "/users/1", host: "api.example.com:80"},
	{name: "Host with port 443", path: "/users/1", host: "api.example.com:443"},
	{name: "Host without port", path: "/users/1", host: "api.example.com"},
	{name: "Host with IPv6", path: "/users/1", host: "[2001:db8::1]:8443"},
	{name: "Host with IPv6 without port", path: "/users/1", host: "[2001:db8::1]"},
	{name: "client with IPv6", path: "/users/1", from: "[2001:db8::7]:4711"},
	{name: "client without port", path: "/users/1", from: "192.0.2.7"},
	{name: "client of a socket", path: "/users/1", from: "@"},
	{name: "HTTP 1.0", raw: "GET /users/1 HTTP/1.0\r\n\r\n", only1: true},
	{name: "whole URL", raw: "GET http://api.example.com/users/1 HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n", only1: true},
	{name: "traceparent", path: "/context", header: "Traceparent: " + traceparent + "\nTracestate: a=b\nBaggage: c=d"},
	{name: "invalid traceparent", path: "/context", header: "Traceparent: 00-0-0-01\nBaggage: c=d"},
	{name: "labeler", path: "/labels"},
	{name: "own data", path: "/own"},
	{name: "health check", path: "/internal/isAlive"},
	{name: "public endpoint", path: "/context", header: "Traceparent: " + traceparent + "\nBaggage: c=d", both: both{
		[]httptrace.Option{httptrace.WithPublicEndpoint()},
		[]otelhttp.Option{otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return true })},
	}},
	{name: "filter", path: "/users/1", both: nothing},
	{name: "attributes", path: "/users/1", both: team},
}

// nothing contains the options with which no request is recorded.
var nothing = both{
	[]httptrace.Option{httptrace.WithFilter(func(*http.Request) bool { return false })},
	[]otelhttp.Option{otelhttp.WithFilter(func(*http.Request) bool { return false })},
}

// team contains the options that add an attribute to spans and metrics.
var team = both{
	[]httptrace.Option{httptrace.WithAttributes(attribute.String("team", "a"))},
	[]otelhttp.Option{
		otelhttp.WithSpanOptions(trace.WithAttributes(attribute.String("team", "a"))),
		otelhttp.WithMetricAttributesFn(func(*http.Request) []attribute.KeyValue { //nolint:staticcheck // its successor is the labeler
			return []attribute.KeyValue{attribute.String("team", "a")}
		}),
	},
}

// referenceVersion is a version of HTTP.
type referenceVersion struct {
	name  string
	major int
	tls   bool
}

var referenceVersions = []referenceVersion{{"http1", 1, false}, {"h2c", 2, false}, {"h2", 2, true}}

// TestServerAgainstReference compares what Handler and otelhttp record.
func TestServerAgainstReference(t *testing.T) {
	againstReference(t, "server", serverRows, referenceRow.serve)
}

// againstReference compares, for all rows and versions, what record returns for spor and for otelhttp.
func againstReference(t *testing.T, side string, rows []referenceRow, record func(referenceRow, *testing.T, referenceVersion, engine) reference.Facts) {
	t.Helper()
	j, ran := reference.NewJudge(side, known), 0
	for _, version := range referenceVersions {
		for _, row := range rows {
			if row.only1 && version.major != 1 {
				ran++
				continue
			}
			name := version.name + "/" + row.name
			t.Run(name, func(t *testing.T) {
				ran++
				compare(t, j, side+"/"+name, func(e engine) reference.Facts { return record(row, t, version, e) })
			})
		}
	}
	if ran == len(referenceVersions)*len(rows) { // the flag -run has selected no part of the rows
		j.CheckUsed(t)
	}
}

// serve sends the row to a server, and returns the facts about it.
func (row referenceRow) serve(t *testing.T, version referenceVersion, e engine) reference.Facts {
	t.Helper()
	sdk := oteltest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := e.handler(sdk, row.both, referenceRoutes(cancel))
	server, base := version.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if row.from != "" {
			r.RemoteAddr = row.from
		}
		h.ServeHTTP(w, r)
	}))
	answer := row.send(t, base, row.request(t, server).WithContext(ctx), cancel)
	oteltest.Eventually(t, func() bool { return len(sdk.Ended()) == sdk.Started() })
	f := factsOf(t, sdk, port(t, server))
	for _, span := range sdk.Ended() {
		answer = strings.ReplaceAll(answer, span.SpanContext().TraceID().String(), "TRACE")
	}
	f.Add("answer", map[string]string{"text": answer})
	return f
}

// start starts a server, and returns it and a transport for this version of HTTP.
func (v referenceVersion) start(t *testing.T, h http.Handler) (*httptest.Server, *http.Transport) {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(v.major == 1)
	protocols.SetHTTP2(v.major == 2 && v.tls)
	protocols.SetUnencryptedHTTP2(v.major == 2 && !v.tls)
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Config.Protocols = protocols
	server.EnableHTTP2 = v.major == 2 && v.tls
	base := new(http.Transport)
	if v.tls {
		server.StartTLS()
		base = server.Client().Transport.(*http.Transport)
	} else {
		server.Start()
	}
	base.Protocols = protocols
	t.Cleanup(server.Close)
	t.Cleanup(base.CloseIdleConnections)
	return server, base
}

func port(t *testing.T, server *httptest.Server) string {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// send sends r, which is the request of the row, and returns a description of the response.
func (row referenceRow) send(t *testing.T, rt http.RoundTripper, r *http.Request, cancel context.CancelFunc) string {
	t.Helper()
	if row.raw != "" {
		return row.sendRaw(t, r.URL.Host)
	}
	client := http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		return "no response"
	}
	defer res.Body.Close()
	if row.events {
		first := make([]byte, len("data: 1\n\n"))
		_, err := io.ReadFull(res.Body, first)
		cancel()
		return fmt.Sprintf("%d %q %v", res.StatusCode, first, err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Sprintf("%d, then broken", res.StatusCode)
	}
	return fmt.Sprintf("%d %.60q and %d bytes", res.StatusCode, body, len(body))
}

func (row referenceRow) request(t *testing.T, server *httptest.Server) *http.Request {
	t.Helper()
	var body io.Reader
	if row.body != "" {
		body = strings.NewReader(row.body)
	}
	if row.chunked {
		body = struct{ io.Reader }{body}
	}
	target := server.URL + row.path
	if scheme, host, _ := strings.Cut(server.URL, "//"); strings.HasPrefix(row.path, "//") {
		target = scheme + strings.Replace(row.path, "HOST", host, 1)
	}
	r, err := http.NewRequestWithContext(t.Context(), row.method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = row.host
	for line := range strings.SplitSeq(row.header, "\n") {
		if name, value, found := strings.Cut(line, ": "); found {
			r.Header.Set(name, value)
		}
	}
	return r
}

func (row referenceRow) sendRaw(t *testing.T, address string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, row.raw)
	answer, _ := io.ReadAll(conn)
	status, _, _ := strings.Cut(string(answer), "\r\n")
	return status
}
