package httptrace_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	stdtrace "net/http/httptrace"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// TestPeerAddress checks that a client span has the address of the server that answered, over all
// versions of HTTP, and that the hooks of the caller are still called.
func TestPeerAddress(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){
		"http1": (*httptest.Server).Start,
		"TLS":   (*httptest.Server).StartTLS,
		"h2":    func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
	} {
		for mode, provider := range modes {
			for _, opts := range [][]httptrace.Option{nil, {httptrace.WithPhases()}} {
				t.Run(name+"/"+mode, func(t *testing.T) {
					server := httptest.NewUnstartedServer(http.HandlerFunc(ok))
					start(server)
					defer server.Close()
					sdk := oteltest.New(t)
					var connections, lookups atomic.Int32
					ctx := stdtrace.WithClientTrace(t.Context(), &stdtrace.ClientTrace{
						GetConn: func(string) { lookups.Add(1) },
						GotConn: func(stdtrace.GotConnInfo) { connections.Add(1) },
					})
					rt := httptrace.Transport(server.Client().Transport, options(sdk, append(opts, httptrace.WithTracerProvider(provider(sdk.TracerProvider)))...)...)
					for _, ctx := range []context.Context{t.Context(), ctx} {
						if err := exchange(t, rt, request(t, "GET", server.URL).WithContext(ctx)); err != nil {
							t.Fatal(err)
						}
					}
					if connections.Load() != 1 || lookups.Load() != 1 {
						t.Errorf("the hooks of the caller were called %d and %d times, want once", connections.Load(), lookups.Load())
					}
					host, port, err := net.SplitHostPort(server.Listener.Addr().String())
					if err != nil {
						t.Fatal(err)
					}
					for _, span := range sdk.Wait(t, 2) {
						attrs := oteltest.Map(span.Attributes())
						if attrs["network.peer.address"] != host || attrs["network.peer.port"] != port {
							t.Errorf("attributes %v, want %s and %s", attrs, host, port)
						}
					}
				})
			}
		}
	}
}

func TestPeerAddressOfUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(ok)}}
	server.Start()
	defer server.Close()
	sdk := oteltest.New(t)
	base := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	defer base.CloseIdleConnections()
	if err := exchange(t, httptrace.Transport(base, options(sdk)...), request(t, "GET", "http://docker/")); err != nil {
		t.Fatal(err)
	}
	attrs := oteltest.Map(sdk.Only(t).Attributes())
	if attrs["network.peer.address"] != path || attrs["network.peer.port"] != "" {
		t.Errorf("attributes %v", attrs)
	}
}

// TestHooksBelongToOneRequest checks a base that sends a request of its own, for a token, before and
// after the caller's request. Each span has the address of its own connection.
func TestHooksBelongToOneRequest(t *testing.T) {
	sdk := oteltest.New(t)
	tokens, users := serve(t, http.HandlerFunc(ok)), serve(t, http.HandlerFunc(ok))
	plain := httptrace.Transport(nil, options(sdk)...)
	var hooks atomic.Int32
	rt := httptrace.Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
		if err := exchange(t, plain, request(t, "GET", tokens+"/before").WithContext(r.Context())); err != nil {
			return nil, err
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err := exchange(t, plain, request(t, "GET", tokens+"/after").WithContext(r.Context())); err != nil {
			return nil, err
		}
		return res, err
	}), options(sdk)...)
	ctx := stdtrace.WithClientTrace(t.Context(), &stdtrace.ClientTrace{GotConn: func(stdtrace.GotConnInfo) { hooks.Add(1) }})
	if err := exchange(t, rt, request(t, "GET", users).WithContext(ctx)); err != nil {
		t.Fatal(err)
	}
	for i, span := range sdk.Wait(t, 3) {
		attrs := oteltest.Map(span.Attributes())
		want := []string{tokens, tokens, users}[i]
		if got := "http://" + attrs["network.peer.address"] + ":" + attrs["network.peer.port"]; got != want {
			t.Errorf("%s has the peer %s, want %s", attrs["url.full"], got, want)
		}
	}
	if hooks.Load() != 3 { // as without spor
		t.Errorf("the hook of the caller was called %d times, want 3", hooks.Load())
	}
}

// TestPhases checks the events of a new and of a reused connection, and of one that fails.
func TestPhases(t *testing.T) {
	sdk := oteltest.New(t)
	server := httptest.NewTLSServer(http.HandlerFunc(ok))
	defer server.Close()
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	base := server.Client().Transport.(*http.Transport)
	base.TLSClientConfig.ServerName = "example.com" // as in the certificate
	rt := httptrace.Transport(base, options(sdk, httptrace.WithPhases())...)
	for range 2 {
		if err := exchange(t, rt, request(t, "GET", url)); err != nil {
			t.Fatal(err)
		}
	}
	server.Close()
	_ = exchange(t, rt, request(t, "GET", url))
	if err := exchange(t, httptrace.Transport(base, options(sdk)...), request(t, "GET", url)); err == nil {
		t.Error("the server is closed, but there is no error")
	}
	want := [][]string{
		{"http.getconn.start", "http.dns.start", "http.dns.done", "http.connect.start", "http.connect.done", "http.tls.start", "http.tls.done", "http.getconn.done", "http.send.done", "http.receive.start"},
		{"http.getconn.start", "http.getconn.done", "http.send.done", "http.receive.start"},
		{"http.getconn.start", "http.dns.start", "http.dns.done", "http.connect.start", "http.connect.done"},
		nil,
	}
	for i, span := range sdk.Wait(t, 4) {
		var got []string
		for _, event := range span.Events() {
			if !slices.Contains(got, event.Name) { // localhost may have two addresses
				got = append(got, event.Name)
			}
		}
		if !slices.Equal(got, want[i]) {
			t.Errorf("request %d: events %q, want %q", i, got, want[i])
		}
	}
	failed := sdk.Ended()[2].Events()
	if got := oteltest.Map(failed[len(failed)-1].Attributes)["error.type"]; got != "*net.OpError" {
		t.Errorf("the failed connection has error.type %q", got)
	}
}

// badConn is a connection whose method RemoteAddr panics, or returns an address that panics.
type badConn struct {
	net.Conn

	addr net.Addr
}

func (c badConn) RemoteAddr() net.Addr {
	if c.addr == nil {
		panic("on purpose")
	}
	return c.addr
}

func TestConnectionsWithBadAddresses(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, http.HandlerFunc(ok))
	for _, addr := range []net.Addr{nil, (*net.UnixAddr)(nil), (*net.TCPAddr)(nil), badAddr{}} {
		base := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return badConn{conn, addr}, err
		}}
		if err := exchange(t, httptrace.Transport(base, options(sdk, httptrace.WithPhases())...), request(t, "GET", url)); err != nil {
			t.Errorf("%T: %v", addr, err)
		}
		base.CloseIdleConnections()
	}
	sdk.Wait(t, 4)
}

type badAddr struct{}

func (badAddr) Network() string { return "" }
func (badAddr) String() string  { panic("on purpose") }

func TestUnwrap(t *testing.T) {
	base := &http.Transport{}
	rt := httptrace.Transport(httptrace.Transport(base))
	for {
		wrapper, ok := rt.(interface{ Unwrap() http.RoundTripper })
		if !ok {
			break
		}
		rt = wrapper.Unwrap()
	}
	if rt != http.RoundTripper(base) {
		t.Errorf("got %v, want the base", rt)
	}
}

// countingConn counts the calls of Write.
type countingConn struct {
	net.Conn

	writes *atomic.Int32
}

func (c countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// TestRequestsAreWrittenAsWithoutSpor checks that a request needs the same number of writes with
// and without Transport. net/http sends small bodies together with the header, and it recognizes
// some types of bodies.
func TestRequestsAreWrittenAsWithoutSpor(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	for name, body := range map[string]func() io.Reader{
		"none":        func() io.Reader { return nil },
		"bytes":       func() io.Reader { return bytes.NewReader([]byte("hello")) },
		"text":        func() io.Reader { return strings.NewReader("hello") },
		"buffer":      func() io.Reader { return bytes.NewBufferString("hello") },
		"large":       func() io.Reader { return bytes.NewReader(make([]byte, 100_000)) },
		"unknown":     func() io.Reader { return io.MultiReader(strings.NewReader("hello")) },
		"closer":      func() io.Reader { return &reading{strings.NewReader("hello"), func() {}} },
		"http.NoBody": func() io.Reader { return http.NoBody },
	} {
		count := func(wrap func(http.RoundTripper) http.RoundTripper) int32 {
			var writes atomic.Int32
			base := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				return countingConn{conn, &writes}, err
			}}
			defer base.CloseIdleConnections()
			r, err := http.NewRequestWithContext(t.Context(), "POST", url, body())
			if err != nil {
				t.Fatal(err)
			}
			if err := exchange(t, wrap(base), r); err != nil {
				t.Fatal(err)
			}
			return writes.Load()
		}
		without := count(func(base http.RoundTripper) http.RoundTripper { return base })
		for _, opts := range [][]httptrace.Option{options(sdk), options(sdk, httptrace.WithOptionalMetrics(), httptrace.WithPhases())} {
			with := count(func(base http.RoundTripper) http.RoundTripper { return httptrace.Transport(base, opts...) })
			if with != without {
				t.Errorf("%s: %d writes, want %d", name, with, without)
			}
		}
	}
}
