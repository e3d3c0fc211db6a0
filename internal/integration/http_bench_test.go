package integration

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	ddhttp "github.com/DataDog/dd-trace-go/contrib/net/http/v2"
	"github.com/DataDog/dd-trace-go/v2/ddtrace/tracer"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"
	"github.com/riandyrn/otelchi"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho" //nolint:staticcheck // its successor is for echo v5
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/chitrace"
	"github.com/nais/spor/httptrace/echotrace"
	"github.com/nais/spor/httptrace/gintrace"
	"github.com/nais/spor/internal/oteltest"
)

// sdk is the SDK of the libraries under test. It drops spans when they end, so that the
// benchmarks measure the libraries and not an exporter.
type sdk struct {
	tp     trace.TracerProvider
	mp     metric.MeterProvider
	p      propagation.TextMapPropagator
	suffix string // the end of the name of the state
}

// withoutMetrics returns s, and s without metrics. If s has no-op providers, it returns only s.
func (s sdk) withoutMetrics() []sdk {
	if _, noop := s.tp.(tracenoop.TracerProvider); noop {
		return []sdk{s}
	}
	spans := s
	spans.mp, spans.suffix = metricnoop.NewMeterProvider(), ",spans"
	return []sdk{s, spans}
}

// late returns s with a provider like the provider of package setup. It permits to set attributes
// when a span ends.
func (s sdk) late() sdk {
	if p, ok := s.tp.(*sdktrace.TracerProvider); ok {
		s.tp = oteltest.AttributesAtEnd(p)
	}
	return s
}

type discardProcessor struct{}

func (discardProcessor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discardProcessor) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discardProcessor) Shutdown(context.Context) error                  { return nil }
func (discardProcessor) ForceFlush(context.Context) error                { return nil }

// newSDK returns an SDK with a sampler. A nil sampler means no-op providers.
func newSDK(tb testing.TB, sampler sdktrace.Sampler) sdk {
	tb.Helper()
	p := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	if sampler == nil {
		return sdk{tp: tracenoop.NewTracerProvider(), mp: metricnoop.NewMeterProvider(), p: p}
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(discardProcessor{}))
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	tb.Cleanup(func() {
		if err := errors.Join(tp.Shutdown(context.Background()), mp.Shutdown(context.Background())); err != nil {
			tb.Error(err)
		}
	})
	return sdk{tp: tp, mp: mp, p: p}
}

func (s sdk) options() []httptrace.Option {
	return []httptrace.Option{
		httptrace.WithTracerProvider(s.tp), httptrace.WithMeterProvider(s.mp), httptrace.WithPropagator(s.p),
	}
}

func (s sdk) otelhttpOptions() []otelhttp.Option {
	return []otelhttp.Option{
		otelhttp.WithTracerProvider(s.tp), otelhttp.WithMeterProvider(s.mp), otelhttp.WithPropagators(s.p),
	}
}

// The variable states lists the SDKs that the benchmarks use.
var states = []struct {
	name    string
	sampler sdktrace.Sampler
}{
	{"sampled", sdktrace.ParentBased(sdktrace.AlwaysSample())},
	{"unsampled", sdktrace.NeverSample()},
	{"noop", nil},
}

func hello(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) }

func mux() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /users/{id}", hello)
	m.HandleFunc("GET /isalive", hello)
	return m
}

func router(middleware ...func(http.Handler) http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware...)
	r.Get("/users/{id}", hello)
	return r
}

func ginRouter(middleware ...gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(middleware...)
	r.GET("/users/:id", func(c *gin.Context) { hello(c.Writer, c.Request) })
	return r
}

func echoRouter(middleware ...echo.MiddlewareFunc) http.Handler {
	e := echo.New()
	e.Use(middleware...)
	e.GET("/users/:id", func(c echo.Context) error {
		hello(c.Response(), c.Request())
		return nil
	})
	return e
}

// BenchmarkServer measures how each library handles one request. The request has a traceparent.
// There is no network. The response writer has the same interfaces as the response writer of
// net/http.
func BenchmarkServer(b *testing.B) {
	run := func(name string, h http.Handler) {
		b.Run(name, func(b *testing.B) { benchmarkServer(b, h, "/users/1") })
	}
	run("router=mux/state=bare/lib=none", mux())
	run("router=chi/state=bare/lib=none", router())
	run("router=gin/state=bare/lib=none", ginRouter())
	run("router=echo/state=bare/lib=none", echoRouter())
	for _, state := range states {
		for _, s := range newSDK(b, state.sampler).withoutMetrics() {
			at := "/state=" + state.name + s.suffix + "/lib="
			run("router=mux"+at+"spor", httptrace.Handler(mux(), s.options()...))
			run("router=mux"+at+"spor-setup", httptrace.Handler(mux(), s.late().options()...))
			run("router=mux"+at+"otelhttp", otelhttp.NewHandler(mux(), "server", s.otelhttpOptions()...))
			run("router=chi"+at+"spor", router(chitrace.Middleware(s.options()...)))
			run("router=chi"+at+"spor-setup", router(chitrace.Middleware(s.late().options()...)))
			run("router=chi"+at+"otelchi", router(otelchi.Middleware("server",
				otelchi.WithTracerProvider(s.tp), otelchi.WithPropagators(s.p))))
			run("router=gin"+at+"spor", ginRouter(gintrace.Middleware(s.options()...)))
			run("router=gin"+at+"spor-setup", ginRouter(gintrace.Middleware(s.late().options()...)))
			run("router=gin"+at+"otelgin", ginRouter(otelgin.Middleware("server",
				otelgin.WithTracerProvider(s.tp), otelgin.WithMeterProvider(s.mp), otelgin.WithPropagators(s.p))))
			run("router=echo"+at+"spor", echoRouter(echotrace.Middleware(s.options()...)))
			run("router=echo"+at+"spor-setup", echoRouter(echotrace.Middleware(s.late().options()...)))
			run("router=echo"+at+"otelecho", echoRouter(otelecho.Middleware("server",
				otelecho.WithTracerProvider(s.tp), otelecho.WithMeterProvider(s.mp), otelecho.WithPropagators(s.p))))
		}
	}
	startDatadog(b)
	run("router=mux/state=sampled,spans/lib=dd-trace-go", ddhttp.WrapHandler(mux(), "server", ""))
	s := newSDK(b, states[0].sampler)
	b.Run("router=mux/state=healthcheck/lib=none", func(b *testing.B) { benchmarkServer(b, mux(), "/isalive") })
	b.Run("router=mux/state=healthcheck/lib=spor", func(b *testing.B) {
		benchmarkServer(b, httptrace.Handler(mux(), s.options()...), "/isalive")
	})
	b.Run("router=mux/state=healthcheck/lib=otelhttp", func(b *testing.B) {
		benchmarkServer(b, otelhttp.NewHandler(mux(), "server", append(s.otelhttpOptions(),
			otelhttp.WithFilter(func(r *http.Request) bool { return r.URL.Path != "/isalive" }))...), "/isalive")
	})
}

// startDatadog starts the tracer of dd-trace-go, and a fake agent that accepts all traces.
func startDatadog(b *testing.B) {
	b.Helper()
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Write([]byte("{}"))
	}))
	b.Cleanup(agent.Close)
	b.Setenv("DD_INSTRUMENTATION_TELEMETRY_ENABLED", "false")
	if err := tracer.Start(tracer.WithAgentURL(agent.URL), tracer.WithLogStartup(false), tracer.WithService("bench")); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(tracer.Stop)
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func benchmarkServer(b *testing.B, h http.Handler, path string) {
	b.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("User-Agent", "bench")
	r.Header.Set("Traceparent", traceparent)
	w := oteltest.NewWriter()
	b.ReportAllocs()
	for b.Loop() {
		clear(w.Headers)
		h.ServeHTTP(w, r)
	}
}

// BenchmarkListener measures one request over a loopback connection.
func BenchmarkListener(b *testing.B) {
	s := newSDK(b, states[0].sampler)
	for name, h := range map[string]http.Handler{
		"lib=none":     mux(),
		"lib=spor":     httptrace.Handler(mux(), s.options()...),
		"lib=otelhttp": otelhttp.NewHandler(mux(), "server", s.otelhttpOptions()...),
	} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(h)
			defer server.Close()
			b.ReportAllocs()
			for b.Loop() {
				ask(b, http.DefaultTransport, server.URL+"/users/1", context.Background())
			}
		})
	}
}

// BenchmarkClient measures how each library handles one call of a client. The response
// arrives immediately.
func BenchmarkClient(b *testing.B) {
	run := func(name string, rt http.RoundTripper, ctx context.Context) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(b, rt, "http://example.com/users/1?q=2", ctx)
			}
		})
	}
	background := context.Background()
	cancellable, cancel := context.WithCancel(background)
	b.Cleanup(cancel)
	run("context=background/state=bare/lib=none", base{}, background)
	for _, state := range states {
		for _, s := range newSDK(b, state.sampler).withoutMetrics() {
			at := "/state=" + state.name + s.suffix + "/lib="
			for name, ctx := range map[string]context.Context{"background": background, "cancellable": cancellable} {
				run("context="+name+at+"spor", httptrace.Transport(base{}, s.options()...), ctx)
				run("context="+name+at+"spor-setup", httptrace.Transport(base{}, s.late().options()...), ctx)
				run("context="+name+at+"otelhttp", otelhttp.NewTransport(base{}, s.otelhttpOptions()...), ctx)
			}
		}
	}
	startDatadog(b)
	run("context=background/state=sampled,spans/lib=dd-trace-go", ddhttp.WrapRoundTripper(base{}), background)
}

func ask(b *testing.B, rt http.RoundTripper, url string, ctx context.Context) { //nolint:revive // b is the first parameter
	b.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	res, err := rt.RoundTrip(r)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		b.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		b.Fatal(err)
	}
}

// The type base is a RoundTripper that answers without a network.
type base struct{}

func (base) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header),
		Body: io.NopCloser(strings.NewReader("hello")), Request: r,
	}, nil
}
