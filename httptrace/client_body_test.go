package httptrace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 100)); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		runtime.Gosched()
	}
}

func TestSpanEndsThoughBodyIsNeverClosed(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(context.CancelFunc) context.CancelFunc
		code codes.Code
		kind string
	}{
		"canceled": {func(cancel context.CancelFunc) context.CancelFunc { cancel(); return cancel }, codes.Unset, ""},
		"late":     {func(cancel context.CancelFunc) context.CancelFunc { return cancel }, codes.Error, "context.deadlineExceededError"},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			res, err := httptrace.Transport(nil, options(sdk)...).RoundTrip(request(t, "GET", serve(t, http.HandlerFunc(endless))).WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			if n := len(sdk.Ended()); n != 0 {
				t.Fatal("the span ended with the headers")
			}
			test.end(cancel)
			span := sdk.Only(t)
			if got := oteltest.Map(span.Attributes())["error.type"]; span.Status().Code != test.code || got != test.kind {
				t.Errorf("status %v, error.type %q", span.Status(), got)
			}
			res.Body.Close()
			sdk.Only(t)
		})
	}
}

func TestSpanEndsWithTheBody(t *testing.T) {
	sdk := oteltest.New(t)
	client := http.Client{Transport: httptrace.Transport(nil, options(sdk)...)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, consume := range map[string]func(io.ReadCloser){
		"closed": func(b io.ReadCloser) { b.Close() },
		"read":   func(b io.ReadCloser) { io.Copy(io.Discard, b) },
	} {
		t.Run(name, func(t *testing.T) {
			before := len(sdk.Ended())
			res, err := client.Do(request(t, "GET", serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "hello")
			}))).WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if len(sdk.Ended()) != before {
				t.Error("the span ended before the body")
			}
			consume(res.Body)
			if len(sdk.Ended()) != before+1 {
				t.Error("the span did not end with the body")
			}
		})
	}
}

func TestResponseWithoutBodyEndsSpanAtOnce(t *testing.T) {
	sdk := oteltest.New(t)
	rt := httptrace.Transport(nil, options(sdk)...)
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	for i, method := range []string{http.MethodHead, http.MethodGet} {
		res, err := rt.RoundTrip(request(t, method, url)) //nolint:bodyclose // the test is about such a body
		if err != nil {
			t.Fatal(err)
		}
		if len(sdk.Ended()) != i+1 || res.Body != http.NoBody {
			t.Errorf("%s: %d spans, body %T", method, len(sdk.Ended()), res.Body)
		}
	}
}

// TestResponseWithoutBodyOverHTTP2 checks the empty body of HTTP/2, which is not http.NoBody.
func TestResponseWithoutBodyOverHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/length":
			w.Header().Set("Content-Length", "7")
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	plain := server.Client().Transport
	for _, row := range []struct{ method, path string }{{"HEAD", "/"}, {"HEAD", "/length"}, {"GET", "/"}, {"GET", "/nothing"}, {"POST", "/"}} {
		sdk := oteltest.New(t)
		without, err := plain.RoundTrip(request(t, row.method, server.URL+row.path)) //nolint:bodyclose // the test is about such a body
		if err != nil {
			t.Fatal(err)
		}
		with, err := httptrace.Transport(plain, options(sdk)...).RoundTrip(request(t, row.method, server.URL+row.path)) //nolint:bodyclose // the test is about such a body
		if err != nil {
			t.Fatal(err)
		}
		if len(sdk.Ended()) != 1 || with.Body != without.Body {
			t.Errorf("%s %s over %s: %d spans ended, body %T, want %T", row.method, row.path, with.Proto, len(sdk.Ended()), with.Body, without.Body)
		}
	}
}

// nilError is an error whose method Error panics if it is a nil pointer.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// TestUnusualAnswers checks that Transport returns what base returned, although base breaks the
// rules of http.RoundTripper, and that the span ends.
func TestUnusualAnswers(t *testing.T) {
	answers := map[string]struct {
		res *http.Response
		err error
	}{
		"nil body":           {&http.Response{StatusCode: http.StatusOK}, nil},
		"nothing":            {nil, nil},
		"response and error": {&http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, io.ErrUnexpectedEOF},
		"body and error":     {&http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("x"))}, io.ErrUnexpectedEOF},
		"nil error":          {nil, (*nilError)(nil)},
	}
	for name, want := range answers {
		sdk := oteltest.New(t)
		rt := httptrace.Transport(roundTripper(func(*http.Request) (*http.Response, error) { return want.res, want.err }), options(sdk)...)
		res, err := rt.RoundTrip(request(t, "GET", "http://example.com")) //nolint:bodyclose // the test is about such bodies
		if res != want.res || !errors.Is(err, want.err) || res != nil && name == "nil body" && res.Body != nil {
			t.Errorf("%s: got %v, %v", name, res, err)
		}
		if span := sdk.Only(t); name != "nil body" && span.Status().Code != codes.Error {
			t.Errorf("%s: the span has status %v", name, span.Status())
		}
	}
}

func TestSwitchedProtocolsCanStillBeWritten(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		got, _ := io.ReadAll(rw) // ends when the client closes its half
		conn.Write(append(got, "lo"...))
	}))
	r := request(t, "GET", url)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	res, err := httptrace.Transport(nil, options(sdk)...).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.WriteString(res.Body.(io.Writer), "hel"); err != nil {
		t.Fatal(err)
	}
	half, ok := res.Body.(interface{ CloseWrite() error })
	if !ok {
		t.Fatalf("%T has no method CloseWrite", res.Body)
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(res.Body); string(got) != "hello" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if got := oteltest.Map(sdk.Only(t).Attributes())["http.response.status_code"]; got != "101" {
		t.Errorf("status %q", got)
	}
}

func TestRequestBodies(t *testing.T) {
	sdk := oteltest.New(t)
	rt := httptrace.Transport(nil, options(sdk, httptrace.WithOptionalMetrics())...)
	var got string
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
	})
	mux.Handle("/again", http.RedirectHandler("/", http.StatusTemporaryRedirect)) // the client then calls GetBody
	url := serve(t, mux)
	for path, header := range map[string]string{"/": "", "/again": "", "/continue": "100-continue"} {
		r, err := http.NewRequest(http.MethodPost, url+path, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			r.Header.Set("Expect", header)
		}
		if err := exchange(t, rt, r); err != nil || got != "hello" {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	sdk.Wait(t, 4)
	var sum int64
	for _, point := range sdk.Bytes(t, "http.client.request.body.size") {
		sum += point.Sum
	}
	if sum != 20 {
		t.Errorf("measured %d bytes, want 20", sum)
	}
	if r := request(t, "GET", url); exchange(t, rt, r) != nil || r.Body != nil {
		t.Error("the caller's request was changed")
	}
}

func TestBodiesThatAreNeverClosedLeakNothing(t *testing.T) {
	sdk := oteltest.New(t)
	server := httptest.NewServer(http.HandlerFunc(endless))
	base := &http.Transport{}
	rt := httptrace.Transport(base, options(sdk)...)
	before := runtime.NumGoroutine()
	const n = 20
	for range n {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := rt.RoundTrip(request(t, "GET", server.URL).WithContext(ctx)); err != nil { //nolint:bodyclose // the test is about such a body
			t.Fatal(err)
		}
		cancel()
	}
	sdk.Wait(t, n)
	server.Close()
	base.CloseIdleConnections()
	oteltest.Eventually(t, func() bool { return runtime.NumGoroutine() <= before })
}

func TestBodyIsUntouched(t *testing.T) {
	sdk := oteltest.New(t)
	want := bytes.Repeat([]byte("0123456789"), 10_000)
	res, err := httptrace.Transport(nil, options(sdk)...).RoundTrip(request(t, "GET", serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(want)
	}))))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// The type reading is a body. When the body has been read to its end, it calls the function done.
type reading struct {
	io.Reader
	done func()
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.done()
	}
	return n, err
}

func (*reading) Close() error { return nil }

func TestTrailers(t *testing.T) {
	for name, serve := range map[string]func(*httptest.Server){
		"http1": (*httptest.Server).Start,
		"h2":    func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			got := make(http.Header)
			server := httptest.NewUnstartedServer(httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				got = r.Trailer
			}), options(sdk)...))
			serve(server)
			t.Cleanup(server.Close)
			for _, opts := range [][]httptrace.Option{
				options(sdk),
				options(sdk, httptrace.WithFilter(func(*http.Request) bool { return false })),
			} {
				r := request(t, "POST", server.URL)
				r.Trailer = http.Header{"Checksum": nil}
				r.Body = &reading{strings.NewReader("hello"), func() { r.Trailer.Set("Checksum", "5d41") }}
				if err := exchange(t, httptrace.Transport(server.Client().Transport, opts...), r); err != nil {
					t.Fatal(err)
				}
				if got.Get("Checksum") != "5d41" {
					t.Errorf("trailers %v", got)
				}
			}
		})
	}
}

// TestBaseSeesTheCallersRequest checks that a Transport does not change the body and the trailers
// that its base gets.
func TestBaseSeesTheCallersRequest(t *testing.T) {
	sdk := oteltest.New(t)
	for name, body := range map[string]io.Reader{
		"none": nil, "no body": http.NoBody, "text": strings.NewReader("hello"), "bytes": bytes.NewReader([]byte("hello")),
		"unknown length": io.MultiReader(strings.NewReader("hello")), "closer": &reading{strings.NewReader("hello"), func() {}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), "POST", "http://example.com/", body)
			if err != nil {
				t.Fatal(err)
			}
			r.Trailer = http.Header{"Checksum": nil}
			rt := httptrace.Transport(roundTripper(func(got *http.Request) (*http.Response, error) {
				got.Trailer["Checksum"] = []string{"5d41"}
				if got.Body != r.Body || (got.GetBody == nil) != (r.GetBody == nil) || got.ContentLength != r.ContentLength || r.Trailer.Get("Checksum") == "" {
					t.Errorf("the base got body %T of %d bytes, trailers %v", got.Body, got.ContentLength, got.Trailer)
				}
				if r.GetBody != nil {
					ours, _ := got.GetBody()
					if callers, _ := r.GetBody(); reflect.TypeOf(ours) != reflect.TypeOf(callers) {
						t.Errorf("GetBody returned %T, want %T", ours, callers)
					}
				}
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: got}, nil
			}), options(sdk)...)
			if _, err := rt.RoundTrip(r); err != nil { //nolint:bodyclose // the body is http.NoBody
				t.Fatal(err)
			}
		})
	}
}
