package httptrace_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// departure describes a request whose context ends while the handler runs.
type departure struct {
	name string
	// prepare configures server, and sets cancel to a function that ends the context. It returns
	// a function that wraps the traced handler.
	prepare func(server *http.Server, cancel *context.CancelFunc) (around func(http.Handler) http.Handler)
	left    bool // the context ends because the client disconnects
	only1   bool // only for HTTP/1.1, because HTTP/2 does not show who closed the connection
	unseen  bool // the handler gets no notice that the client has disconnected
}

func bare(h http.Handler) http.Handler { return h }

func timeout(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "late") }

// ending returns a middleware. For each request, the middleware creates a new context with the
// function make, and sets cancel to the function that ends this context.
func ending(cancel *context.CancelFunc, make func(context.Context) (context.Context, context.CancelFunc)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, end := make(r.Context())
			defer end()
			*cancel = end
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func canceled(make func(context.Context) (context.Context, context.CancelFunc), around func(http.Handler) http.Handler) func(*http.Server, *context.CancelFunc) func(http.Handler) http.Handler {
	return func(server *http.Server, cancel *context.CancelFunc) func(http.Handler) http.Handler {
		ctx, end := make(context.Background())
		*cancel = end
		server.BaseContext = func(net.Listener) context.Context { return ctx }
		return around
	}
}

func withCause(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, func() { cancel(errors.New("terminated signal received")) }
}

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Millisecond)
}

// hanging returns a prepare function that does not change the server. While the handler waits, the
// test itself disconnects the client.
func hanging(around func(http.Handler) http.Handler) func(*http.Server, *context.CancelFunc) func(http.Handler) http.Handler {
	return func(*http.Server, *context.CancelFunc) func(http.Handler) http.Handler { return around }
}

var departures = []departure{
	{name: "BaseContext", prepare: canceled(context.WithCancel, bare)},
	{name: "BaseContext with a cause", prepare: canceled(withCause, bare)},
	{name: "BaseContext around TimeoutHandler", prepare: canceled(context.WithCancel, timeout)},
	{name: "ConnContext", prepare: func(server *http.Server, cancel *context.CancelFunc) func(http.Handler) http.Handler {
		ctx, end := context.WithCancel(context.Background())
		*cancel = end
		server.ConnContext = func(conn context.Context, _ net.Conn) context.Context {
			conn, stop := context.WithCancel(conn)
			context.AfterFunc(ctx, stop)
			return conn
		}
		return bare
	}},
	{name: "middleware", prepare: func(_ *http.Server, cancel *context.CancelFunc) func(http.Handler) http.Handler {
		return ending(cancel, context.WithCancel)
	}},
	{name: "deadline of middleware", prepare: func(_ *http.Server, cancel *context.CancelFunc) func(http.Handler) http.Handler {
		around := ending(cancel, withDeadline)
		return func(next http.Handler) http.Handler {
			return around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				*cancel = func() {} // nothing to cancel, because the deadline ends the context
				next.ServeHTTP(w, r)
			}))
		}
	}},
	{name: "Server.Close", only1: true, prepare: func(server *http.Server, cancel *context.CancelFunc) func(http.Handler) http.Handler {
		*cancel = func() { server.Close() }
		return bare
	}},
	{name: "client", left: true, prepare: hanging(bare)},
	{name: "client around TimeoutHandler", left: true, unseen: true, prepare: hanging(timeout)},
	{name: "client of a server with BaseContext", left: true, prepare: func(server *http.Server, _ *context.CancelFunc) func(http.Handler) http.Handler {
		server.BaseContext = func(net.Listener) context.Context { return context.Background() }
		return bare
	}},
}

// TestWhoCanceled checks that error.type is client_disconnected only if the client disconnected.
// Only the connection shows this, not the context.
func TestWhoCanceled(t *testing.T) {
	for _, test := range departures {
		for _, version := range []int{1, 2} {
			if test.only1 && version == 2 {
				continue
			}
			for _, silent := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/silent=%t", test.name, version, silent), func(t *testing.T) { test.run(t, version, silent) })
			}
		}
	}
}

// run checks a handler that fails with the status 500 after its context has ended. If silent is
// true, the handler returns without a response.
func (d departure) run(t *testing.T, version int, silent bool) {
	t.Helper()
	sdk := oteltest.New(t)
	var cancel context.CancelFunc
	traced := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notify, known := w.(interface{ CloseNotify() <-chan bool })
		var notice <-chan bool
		if known {
			notice = notify.CloseNotify()
		}
		cancel()
		for <-r.Context().Done(); d.left && !d.unseen && len(notice) == 0; {
			runtime.Gosched()
		}
		if !silent {
			http.Error(w, "query: context canceled", http.StatusInternalServerError)
		}
	}), options(sdk)...)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(version == 1)
	protocols.SetUnencryptedHTTP2(version == 2)
	server := httptest.NewUnstartedServer(nil)
	server.Config.Protocols = protocols
	around := d.prepare(server.Config, &cancel)
	server.Config.Handler = around(traced)
	server.Start()
	t.Cleanup(server.Close)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	if d.left {
		cancel = leave
	}
	client := http.Client{Transport: &http.Transport{Protocols: protocols}}
	defer client.CloseIdleConnections()
	if res, err := client.Do(request(t, "GET", server.URL).WithContext(ctx)); err == nil {
		res.Body.Close()
	}
	span := sdk.Only(t)
	want, code, status := "500", codes.Error, "500"
	switch {
	case d.left:
		want, code = "client_disconnected", codes.Unset
		if silent { // nothing was sent
			status = ""
		}
	case silent:
		want, code, status = "", codes.Unset, "200"
	}
	attrs := oteltest.Map(span.Attributes())
	if got := attrs["error.type"]; got != want || span.Status().Code != code || attrs["http.response.status_code"] != status {
		t.Errorf("error.type %q, want %q; status %v; attributes %v", got, want, span.Status(), attrs)
	}
	measured := oteltest.Map(sdk.Seconds(t, "http.server.request.duration")[0].Attributes.ToSlice())
	if got := measured["error.type"]; got != want {
		t.Errorf("measured error.type %q, want %q", got, want)
	}
}

// TestBatchWhoseClientLeft checks the requests inside a batch. If the client of the batch
// disconnects, these requests also have the error.type client_disconnected.
func TestBatchWhoseClientLeft(t *testing.T) {
	sdk := oteltest.New(t)
	failing := httptrace.Handler(answer(http.StatusInternalServerError), options(sdk)...)
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notice := w.(interface{ CloseNotify() <-chan bool }).CloseNotify()
		cancel()
		for <-r.Context().Done(); len(notice) == 0; {
			runtime.Gosched()
		}
		failing.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(r.Context(), "GET", "/users/1", nil))
	}), options(sdk)...))
	if res, err := http.DefaultClient.Do(request(t, "POST", url).WithContext(ctx)); err == nil {
		res.Body.Close()
		t.Fatal("the request was answered")
	}
	inner := sdk.Wait(t, 2)[0]
	checkUnset(t, inner)
	if got := oteltest.Map(inner.Attributes())["error.type"]; got != "client_disconnected" {
		t.Errorf("error.type %q", got)
	}
}

// quiet is a writer that never reports that the client has disconnected.
type quiet struct{ http.ResponseWriter }

func (quiet) CloseNotify() <-chan bool { return make(chan bool) }

// TestNoTimerAfterTheHandler checks that a request whose context was canceled ends without a timer.
func TestNoTimerAfterTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sdk := oteltest.New(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		before := time.Now()
		httptrace.Handler(http.HandlerFunc(ok), options(sdk)...).ServeHTTP(quiet{httptest.NewRecorder()}, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		if took := time.Since(before); took != 0 { // time passes only while all goroutines wait
			t.Errorf("waited %v", took)
		}
	})
}

// TestWriteTimeoutIsNoDeparture checks a response that the server itself ends because of
// http.Server.WriteTimeout.
func TestWriteTimeoutIsNoDeparture(t *testing.T) {
	for _, version := range []int{1, 2} {
		sdk := oteltest.New(t)
		protocols := new(http.Protocols)
		protocols.SetHTTP1(version == 1)
		protocols.SetUnencryptedHTTP2(version == 2)
		server := httptest.NewUnstartedServer(httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for begin := time.Now(); time.Since(begin) < 100*time.Millisecond; {
				runtime.Gosched()
			}
			for range 1000 {
				if _, err := w.Write(make([]byte, 10_000)); err != nil {
					break
				}
			}
			panic(http.ErrAbortHandler)
		}), options(sdk)...))
		server.Config.Protocols = protocols
		server.Config.WriteTimeout = 50 * time.Millisecond
		server.Start()
		client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
		if res, err := client.Do(request(t, "GET", server.URL)); err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		if got := oteltest.Map(sdk.Only(t).Attributes())["error.type"]; got != "response_aborted" {
			t.Errorf("HTTP/%d: error.type %q", version, got)
		}
		client.CloseIdleConnections()
		server.Close()
	}
}
