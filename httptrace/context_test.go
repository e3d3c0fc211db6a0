package httptrace_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func TestNothingBelowHealthCheckMakesASpan(t *testing.T) {
	callee := oteltest.New(t, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
	other := serve(t, httptrace.Handler(http.HandlerFunc(ok), options(callee)...))

	for name, sampler := range map[string]sdktrace.Sampler{
		"parent based": sdktrace.ParentBased(sdktrace.AlwaysSample()),
		"always":       sdktrace.AlwaysSample(), // this sampler would record SELECT 1, so the handler does not start that span
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t, sdktrace.WithSampler(sampler))
			client := http.Client{Transport: httptrace.Transport(nil, options(sdk)...)}
			url := serve(t, httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if name == "parent based" {
					_, span := sdk.TracerProvider.Tracer("user").Start(r.Context(), "SELECT 1")
					span.End()
				}
				call, err := http.NewRequestWithContext(r.Context(), http.MethodGet, other, nil)
				if err != nil {
					t.Error(err)
					return
				}
				res, err := client.Do(call)
				if err != nil {
					t.Error(err)
					return
				}
				res.Body.Close()
			}), options(sdk)...))
			for _, path := range []string{
				"/isalive", "/isAlive", "/isready", "/ISREADY/", "/app/isAlive", "/metrics", "/prometheus", "/app/metrics",
				"/actuator/health/liveness", "/internal/health", "/internal/health/ready", "/internal/status", "/internal/alive",
				"/internal/ready", "/internal/isready", "/app/Internal/Health", "/favicon.ico", "/is_alive", "/is_ready", "/nais_is_ready",
			} {
				get(t, url+path, "Traceparent", traceparent)
			}
			if n := sdk.Started(); n != 0 {
				t.Errorf("%d spans were started", n)
			}
			if n := callee.Started(); n != 0 {
				t.Errorf("%d spans were started by the callee", n)
			}
		})
	}
}

func TestWhatLooksLikeAHealthCheckIsNone(t *testing.T) {
	for _, target := range []string{
		"GET /", "GET /users/isalive/1", "GET /isalives", "GET /metricsx", "GET /internal", "GET /internal/users",
		"GET /internals/health", "GET /actuator", "POST /isalive", "GET /health", "GET /xinternal/health",
	} {
		sdk := oteltest.New(t)
		method, path, _ := bytes.Cut([]byte(target), []byte(" "))
		spanOf(t, sdk, httptrace.Handler(http.HandlerFunc(ok), options(sdk)...), httptest.NewRequest(string(method), string(path), nil))
	}
}

func TestHandlerBuiltBeforeTheSDKWakesUp(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, httptrace.Handler(http.HandlerFunc(ok)))
	client := http.Client{Transport: httptrace.Transport(nil)}
	ask := func() {
		res, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	ask()
	if n := sdk.Started(); n != 0 {
		t.Errorf("%d spans without an SDK", n)
	}
	sdk.Install(t)
	ask()
	if spans := sdk.Wait(t, 2); len(spans) != 2 || spans[0].SpanContext().TraceID() != spans[1].SpanContext().TraceID() {
		t.Errorf("spans %v", spans)
	}
	oteltest.Eventually(t, func() bool { return len(sdk.Seconds(t, "http.server.request.duration")) == 1 })
	if n := len(sdk.Seconds(t, "http.client.request.duration")); n != 1 {
		t.Errorf("%d series of the client", n)
	}
}

func TestContextIsExtractedWithoutSDK(t *testing.T) {
	h := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, trace.SpanContextFromContext(r.Context()).TraceID().String())
	}), httptrace.WithTracerProvider(tracenoop.NewTracerProvider()), httptrace.WithPropagator(oteltest.W3C))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Traceparent", traceparent)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got, want := w.Body.String(), traceparent[3:35]; got != want {
		t.Errorf("trace %s, want %s", got, want)
	}
}

func TestMetricsWithoutTraces(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", ok)
	url := serve(t, httptrace.Handler(mux, options(sdk, httptrace.WithTracerProvider(tracenoop.NewTracerProvider()))...))
	_, h := get(t, url+"/users/1", "Traceparent", traceparent)
	if got := h.Get("Server-Timing"); got != "" {
		t.Errorf("Server-Timing %q without a span", got)
	}
	oteltest.Eventually(t, func() bool { return len(sdk.Seconds(t, "http.server.request.duration")) == 1 })
	measured := oteltest.Map(sdk.Seconds(t, "http.server.request.duration")[0].Attributes.ToSlice())
	if measured["http.route"] != "/users/{id}" {
		t.Errorf("measured %v", measured)
	}
}

func TestWorkThatOutlivesTheRequest(t *testing.T) {
	sdk := oteltest.New(t)
	answered := make(chan struct{})
	var group sync.WaitGroup
	h := httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		group.Go(func() {
			<-answered
			ctx := context.WithoutCancel(r.Context())
			httptrace.SetRoute(r.WithContext(ctx), "/late")
			trace.SpanFromContext(ctx).SetAttributes(attribute.Bool("late", true))
			_, span := sdk.TracerProvider.Tracer("user").Start(ctx, "late")
			span.End()
		})
	}), options(sdk)...)
	get(t, serve(t, h))
	server := sdk.Wait(t, 1)[0]
	close(answered)
	group.Wait()
	late := sdk.Wait(t, 2)[1]
	checkName(t, server, "GET")
	if oteltest.Map(server.Attributes())["late"] != "" || late.Parent().SpanID() != server.SpanContext().SpanID() {
		t.Errorf("server %v, late %v", server.Attributes(), late.Parent())
	}
}

// TestContextOfAnAnsweredRequest checks a request that has the context of another request. If the
// other request has already been answered, the new request gets its own span.
func TestContextOfAnAnsweredRequest(t *testing.T) {
	sdk := oteltest.New(t)
	contexts := make(chan context.Context, 2)
	h := httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { contexts <- r.Context() }), options(sdk)...)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(<-contexts))
	if n := len(sdk.Wait(t, 2)); n != 2 {
		t.Errorf("%d spans", n)
	}
}

// TestHandlerThatIsReachedTooLateMakesNoSpan checks a request that reaches the second Handler
// after the first Handler has returned. This happens with an http.TimeoutHandler whose timeout
// ends before its handler starts.
func TestHandlerThatIsReachedTooLateMakesNoSpan(t *testing.T) {
	sdk := oteltest.New(t)
	var late *http.Request
	h := httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		late = r.WithContext(context.WithoutCancel(r.Context()))
	}), options(sdk)...)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	served := false
	httptrace.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true }), options(sdk)...).
		ServeHTTP(httptest.NewRecorder(), late)
	if sdk.Only(t); !served {
		t.Error("the handler was not called")
	}
}

func TestFilesOfFormAreRemoved(t *testing.T) {
	for name, path := range map[string]string{"traced": "/", "filtered": "/isalive"} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			var file string
			h := httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if err := r.ParseMultipartForm(1); err != nil {
					t.Error(err)
					return
				}
				f, err := r.MultipartForm.File["f"][0].Open()
				if err != nil {
					t.Error(err)
					return
				}
				defer f.Close()
				file = f.(*os.File).Name()
			}), options(sdk, httptrace.WithFilter(func(r *http.Request) bool { return r.URL.Path == "/" }))...)
			server := httptest.NewServer(h)
			oteltest.PostFile(t, server.URL+path)
			server.Close()
			if _, err := os.Stat(file); file == "" || !os.IsNotExist(err) {
				t.Errorf("file %q: %v", file, err)
			}
		})
	}
}

func TestPatternReachesMiddlewareOutside(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", ok)
	mux.HandleFunc("GET /isalive", ok)
	for _, path := range []string{"/users/1", "/isalive"} {
		r := httptest.NewRequest("GET", path, nil)
		httptrace.Handler(mux, options(sdk)...).ServeHTTP(httptest.NewRecorder(), r)
		if r.Pattern == "" {
			t.Errorf("%s left no pattern", path)
		}
	}
}

// TestMiddlewareOutsideMayReadTheRequest checks that code outside Handler can read the request in
// another goroutine. This is possible because Handler writes to the request only if a mux inside
// Handler has set a pattern.
func TestMiddlewareOutsideMayReadTheRequest(t *testing.T) {
	sdk := oteltest.New(t)
	h := httptrace.Handler(http.HandlerFunc(ok), options(sdk)...)
	for _, path := range []string{"/", "/isalive"} {
		var group sync.WaitGroup
		r := httptest.NewRequest("GET", path, nil)
		group.Go(func() { // the race detector reports a later write to the request
			if r.Clone(t.Context()).Pattern != "" {
				t.Error("the request has a pattern")
			}
		})
		h.ServeHTTP(httptest.NewRecorder(), r)
		group.Wait()
	}
}

func TestClientThatWentAwayIsNotAnError(t *testing.T) {
	sdk := oteltest.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	h := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		http.Error(w, "query: context canceled", http.StatusInternalServerError)
	}), options(sdk)...)
	server := httptest.NewServer(h)
	defer server.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := http.DefaultClient.Do(r); err == nil {
		res.Body.Close()
		t.Fatal("the request was answered")
	}
	span := sdk.Only(t)
	checkUnset(t, span)
	if got := oteltest.Map(span.Attributes())["error.type"]; got != "client_disconnected" {
		t.Errorf("error.type %q", got)
	}
	oteltest.Eventually(t, func() bool { return len(sdk.Seconds(t, "http.server.request.duration")) == 1 })
	measured := oteltest.Map(sdk.Seconds(t, "http.server.request.duration")[0].Attributes.ToSlice())
	if got := measured["error.type"]; got != "client_disconnected" {
		t.Errorf("measured error.type %q", got)
	}
}
