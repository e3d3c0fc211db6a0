package echotrace_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/echotrace"
	"github.com/nais/spor/internal/conformance/httpsuite"
	"github.com/nais/spor/internal/oteltest"
)

func TestConformance(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Template: template,
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			e := echo.New()
			e.Use(echotrace.Middleware(opts...))
			register(e.Add, routes)
			return e
		},
	})
}

// TestConformanceOfGroups checks that the routes of groups are found, even if other middleware
// copies the request.
func TestConformanceOfGroups(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Template: template,
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			e := echo.New()
			e.Use(echotrace.Middleware(opts...), echo.WrapMiddleware(copying))
			register(e.Group("").Add, routes)
			return e
		},
	})
}

func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.Clone(r.Context())) })
}

func register(add func(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route, routes []httpsuite.Route) {
	for _, route := range routes {
		handle := echo.WrapHandler(route.Handler)
		if route.Fails {
			handle = func(echo.Context) error { return echo.NewHTTPError(http.StatusServiceUnavailable) }
		}
		add(route.Method, template(route.Pattern), handle)
	}
}

func template(pattern string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(pattern)
}

func TestRoutes(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mux/v/{id}", func(http.ResponseWriter, *http.Request) {})
	for _, test := range []struct{ target, want, status string }{
		{"GET /", "GET /", "200"},
		{"GET /teams/nais/users/1", "GET /teams/:team/users/:id", "200"},
		{"GET /teams/nais/nowhere", "GET", "404"},
		// A group with its own middleware sends 404 instead of 405.
		{"DELETE /teams/nais/users/1", "DELETE", "404"},
		{"DELETE /plain/1", "DELETE", "405"},
		{"OPTIONS /plain/1", "OPTIONS /plain/:id", "204"},
		{"GET /mux/v/1", "GET /mux/v/{id}", "200"},
		{"GET /mux/nowhere", "GET", "404"},
		{"GET /files/a/b", "GET /files/*", "200"},
		{"GET /missing/a/b", "GET", "404"},
		{"GET /denied/1", "GET /denied/:id", "401"},
		{"GET /fails", "GET /fails", "500"},
	} {
		t.Run(test.target, func(t *testing.T) {
			sdk := oteltest.New(t)
			e := echo.New()
			e.Use(echotrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
			e.GET("/", ok)
			e.Group("/teams/:team", pass).GET("/users/:id", ok)
			e.GET("/plain/:id", ok)
			e.Any("/mux/*", echo.WrapHandler(mux))
			e.GET("/files/*", ok)
			e.GET("/missing/*", func(c echo.Context) error { return c.NoContent(http.StatusNotFound) })
			e.GET("/denied/:id", ok, func(echo.HandlerFunc) echo.HandlerFunc {
				return func(echo.Context) error { return echo.ErrUnauthorized }
			})
			e.GET("/fails", func(echo.Context) error { return errors.New("on purpose") })

			method, path, _ := strings.Cut(test.target, " ")
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
			span := sdk.Only(t)
			if got := span.Name(); got != test.want {
				t.Errorf("span is named %q, want %q", got, test.want)
			}
			if got := oteltest.Map(span.Attributes())["http.response.status_code"]; got != test.status {
				t.Errorf("status %q, want %q", got, test.status)
			}
		})
	}
}

func ok(c echo.Context) error { return c.String(http.StatusOK, "ok") }

func pass(next echo.HandlerFunc) echo.HandlerFunc { return next }

// TestErrorIsHandledOnce checks that the program's own error handler decides the status. It must
// be called only once, because this error handler does not check whether a response was already
// sent.
func TestErrorIsHandledOnce(t *testing.T) {
	sdk := oteltest.New(t)
	e := echo.New()
	calls := 0
	e.HTTPErrorHandler = func(_ error, c echo.Context) {
		calls++
		_ = c.String(http.StatusServiceUnavailable, "later")
	}
	opts := httptrace.WithTracerProvider(sdk.TracerProvider)
	e.Use(echotrace.Middleware(opts))
	e.Group("", echotrace.Middleware(opts)).GET("/fails", func(echo.Context) error { return errors.New("on purpose") })
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/fails", nil))
	if calls != 1 || w.Code != http.StatusServiceUnavailable || w.Body.String() != "later" {
		t.Errorf("handled %d times, answered %d %q", calls, w.Code, w.Body)
	}
	span := sdk.Only(t)
	if got := oteltest.Map(span.Attributes())["http.response.status_code"]; got != "503" || span.Status().Code != codes.Error {
		t.Errorf("status %s, %v", got, span.Status())
	}
}

// recovering is a middleware that recovers from panics, as echo's middleware Recover does.
func recovering(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic: %v", v)
			}
		}()
		return next(c)
	}
}

// TestRecovery checks a middleware that recovers from panics, once outside and once inside the
// Middleware of this package.
func TestRecovery(t *testing.T) {
	for name, order := range map[string]func(recovering, traced echo.MiddlewareFunc) []echo.MiddlewareFunc{
		"outside": func(recovering, traced echo.MiddlewareFunc) []echo.MiddlewareFunc {
			return []echo.MiddlewareFunc{recovering, traced}
		},
		"inside": func(recovering, traced echo.MiddlewareFunc) []echo.MiddlewareFunc {
			return []echo.MiddlewareFunc{traced, recovering}
		},
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			e := echo.New()
			e.Use(order(recovering, echotrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))...)
			e.GET("/panics/:id", func(echo.Context) error { panic("on purpose") })
			w := httptest.NewRecorder()
			e.ServeHTTP(w, httptest.NewRequest("GET", "/panics/1", nil))
			span := sdk.Only(t)
			attrs := oteltest.Map(span.Attributes())
			if w.Code != 500 || span.Name() != "GET /panics/:id" || attrs["http.response.status_code"] != "500" {
				t.Errorf("answered %d, span %q with %v", w.Code, span.Name(), attrs)
			}
			if got := len(span.Events()); got != 1 { // the panic, or the error that the middleware returns
				t.Errorf("%s: %d events", name, got)
			}
		})
	}
}

// TestGoroutinesOutliveTheHandler checks that goroutines can read echo's context after the
// handler has returned. This is also possible without tracing.
func TestGoroutinesOutliveTheHandler(t *testing.T) {
	e := echo.New()
	e.Use(echotrace.Middleware(httptrace.WithTracerProvider(oteltest.New(t).TracerProvider)))
	var group sync.WaitGroup
	answered := make(chan struct{})
	e.GET("/", func(c echo.Context) error {
		group.Go(func() { // the race detector reports a later write to these values
			if c.Request().URL.Path == "" || c.Response().Writer.Header() == nil {
				t.Error("the context is empty")
			}
		})
		span := trace.SpanContextFromContext(c.Request().Context())
		group.Go(func() {
			<-answered
			if got := trace.SpanContextFromContext(c.Request().Context()); !got.IsValid() || !got.Equal(span) {
				t.Errorf("span %v, want %v", got, span)
			}
		})
		return nil
	})
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	close(answered)
	group.Wait()
}

// TestFilesOfFormAreRemoved checks that the temporary files of a form are removed. net/http
// removes them only if the form is set on the request that net/http created.
func TestFilesOfFormAreRemoved(t *testing.T) {
	var file string
	r := echo.New()
	r.Use(echotrace.Middleware(httptrace.WithTracerProvider(oteltest.New(t).TracerProvider)))
	r.POST("/", func(c echo.Context) error {
		if err := c.Request().ParseMultipartForm(1); err != nil {
			t.Error(err)
			return err
		}
		f, err := c.Request().MultipartForm.File["f"][0].Open()
		if err != nil {
			t.Error(err)
			return err
		}
		defer f.Close()
		file = f.(*os.File).Name()
		return nil
	})
	server := httptest.NewServer(r)
	oteltest.PostFile(t, server.URL)
	server.Close()
	if _, err := os.Stat(file); file == "" || !os.IsNotExist(err) {
		t.Errorf("file %q: %v", file, err)
	}
}

// TestReturnedErrors checks that an error that a handler returns is an exception event, once, if
// the response is an error of the server.
func TestReturnedErrors(t *testing.T) {
	failure := errors.New("no rows for 01017012345")
	for name, test := range map[string]struct {
		err  error
		want []string // the messages of the events
	}{
		"error":            {failure, []string{"no rows for ***********"}},
		"wrapped":          {fmt.Errorf("query: %w", failure), []string{"query: no rows for ***********"}},
		"status 503":       {echo.NewHTTPError(http.StatusServiceUnavailable, "later"), []string{"later"}},
		"status 404":       {echo.NewHTTPError(http.StatusNotFound, "no user 01017012345"), nil},
		"without an error": {nil, nil},
	} {
		for _, twice := range []bool{false, true} {
			sdk := oteltest.New(t)
			e := echo.New()
			e.Use(echotrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
			if twice {
				e.Use(echotrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
			}
			e.GET("/", func(echo.Context) error { return test.err })
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			events := sdk.Only(t).Events()
			if len(events) != len(test.want) {
				t.Errorf("%s: events %v", name, events)
			}
			for i, event := range events {
				if got := oteltest.Map(event.Attributes); event.Name != "exception" || i < len(test.want) && !strings.Contains(got["exception.message"], test.want[i]) {
					t.Errorf("%s: event %v", name, event)
				}
			}
		}
	}
}

func TestMounted(t *testing.T) {
	httpsuite.RunMounted(t, func(prefix string, mounted http.Handler, opts ...httptrace.Option) http.Handler {
		e := echo.New()
		e.Use(echotrace.Middleware(opts...))
		e.Any(prefix+"/*", echo.WrapHandler(mounted))
		return e
	})
}
