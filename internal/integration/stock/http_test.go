package stock_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/labstack/echo/v4"
	"github.com/riandyrn/otelchi"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho" //nolint:staticcheck // its successor is for echo v5
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

const (
	server   = tracepb.Span_SPAN_KIND_SERVER
	client   = tracepb.Span_SPAN_KIND_CLIENT
	producer = tracepb.Span_SPAN_KIND_PRODUCER
	consumer = tracepb.Span_SPAN_KIND_CONSUMER
)

func nothing(http.ResponseWriter, *http.Request) {}

// TestServers checks the spans of requests with and without a route.
func TestServers(t *testing.T) {
	for name, tt := range map[string]struct {
		handler func() http.Handler
		route   string
	}{
		"otelhttp": {func() http.Handler {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /orders/{id}", nothing)
			return otelhttp.NewHandler(mux, "server")
		}, "/orders/{id}"},
		"otelhttp, without a method": {func() http.Handler {
			mux := http.NewServeMux()
			mux.HandleFunc("/orders/{rest...}", nothing)
			return otelhttp.NewHandler(mux, "server")
		}, "/orders/{rest...}"},
		"otelhttp, inside": {func() http.Handler {
			mux := http.NewServeMux()
			mux.Handle("GET /orders/{id}", otelhttp.NewHandler(http.HandlerFunc(nothing), "order"))
			mux.Handle("GET /", otelhttp.NewHandler(http.NotFoundHandler(), "none"))
			return mux
		}, "/orders/{id}"},
		"otelchi": {func() http.Handler {
			r := chi.NewRouter()
			r.Use(otelchi.Middleware("orders"))
			r.Get("/orders/{id}", nothing)
			return r
		}, "/orders/{id}"},
		"otelchi with routes": {func() http.Handler {
			r := chi.NewRouter()
			r.Use(otelchi.Middleware("orders", otelchi.WithChiRoutes(r)))
			r.Get("/orders/{id}", nothing)
			return r
		}, "/orders/{id}"},
		"otelchi with methods": {func() http.Handler {
			r := chi.NewRouter()
			r.Use(otelchi.Middleware("orders", otelchi.WithRequestMethodInSpanName(true)))
			r.Get("/orders/{id}", nothing)
			return r
		}, "/orders/{id}"},
		"otelgin": {func() http.Handler {
			gin.SetMode(gin.ReleaseMode)
			r := gin.New()
			r.Use(otelgin.Middleware("orders"))
			r.GET("/orders/:id", func(*gin.Context) {})
			return r
		}, "/orders/:id"},
		"otelecho": {func() http.Handler {
			r := echo.New()
			r.Use(otelecho.Middleware("orders"))
			r.GET("/orders/:id", func(echo.Context) error { return nil })
			return r
		}, "/orders/:id"},
	} {
		t.Run(name, func(t *testing.T) {
			e := export(t, func(context.Context) {
				s := httptest.NewServer(tt.handler())
				defer s.Close()
				get(t, http.DefaultClient, s.URL+"/orders/1")
				get(t, http.DefaultClient, s.URL+"/none")
			})
			e.mustHave(t, server, "GET "+tt.route, "http.route", tt.route, "http.method", "GET", "http.status_code", "200")
			e.mustLight(t, "Overview", "Attention", "Operations: HTTP", "Traces", "Trace breakdowns")
			e.mustDarken(t)
		})
	}
}

// TestClients checks the spans of otelhttp's transport.
func TestClients(t *testing.T) {
	e := export(t, func(ctx context.Context) {
		s := httptest.NewServer(http.HandlerFunc(nothing))
		defer s.Close()
		for _, method := range []string{http.MethodGet, http.MethodPost, "PURGE"} {
			c := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
			req, err := http.NewRequestWithContext(ctx, method, s.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		named := &http.Client{Transport: otelhttp.NewTransport(nil, otelhttp.WithSpanNameFormatter(func(string, *http.Request) string { return "HTTP GET twice" }))}
		get(t, named, s.URL)
	})
	e.mustHave(t, client, "GET", "http.method", "GET", "http.status_code", "200")
	e.mustHave(t, client, "POST")
	e.mustHave(t, client, "_OTHER")
	e.mustHave(t, client, "HTTP GET twice")
	e.mustDarken(t, "Operations: outbound")
}
