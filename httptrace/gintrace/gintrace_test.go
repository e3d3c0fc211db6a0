package gintrace_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/httptrace/gintrace"
	"github.com/nais/spor/internal/conformance/httpsuite"
	"github.com/nais/spor/internal/oteltest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Template: template,
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			r := gin.New()
			r.HandleMethodNotAllowed = true
			r.Use(gintrace.Middleware(opts...))
			register(r, routes)
			return r
		},
	})
}

// TestConformanceOfGroups checks that the routes of groups are found, even if other middleware
// replaces the request.
func TestConformanceOfGroups(t *testing.T) {
	httpsuite.Run(t, httpsuite.Router{
		Template: template,
		Handler: func(routes []httpsuite.Route, opts ...httptrace.Option) http.Handler {
			r := gin.New()
			r.HandleMethodNotAllowed = true
			r.Use(copying, gintrace.Middleware(opts...), copying)
			register(r.Group("", copying), routes)
			return r
		},
	})
}

func copying(c *gin.Context) { c.Request = c.Request.Clone(c.Request.Context()) }

func register(r gin.IRoutes, routes []httpsuite.Route) {
	for _, route := range routes {
		handle := gin.WrapF(route.Handler)
		if route.Fails {
			handle = func(c *gin.Context) { _ = c.AbortWithError(http.StatusServiceUnavailable, http.ErrServerClosed) }
		}
		r.Handle(route.Method, template(route.Pattern), handle)
	}
}

func template(pattern string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(pattern)
}

func ok(c *gin.Context) { c.String(http.StatusOK, "ok") }

func TestRoutes(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mux/v/{id}", func(http.ResponseWriter, *http.Request) {})
	for _, test := range []struct{ target, want, status string }{
		{"GET /", "GET /", "200"},
		{"GET /trail/", "GET /trail/", "200"},
		{"GET /trail", "GET", "301"},
		{"GET /teams/nais/users/1", "GET /teams/:team/users/:id", "200"},
		{"GET /teams/nais/nowhere", "GET", "404"},
		{"DELETE /teams/nais/users/1", "DELETE", "405"},
		{"GET /mux/v/1", "GET /mux/v/{id}", "200"},
		{"GET /mux/nowhere", "GET", "404"},
		{"GET /files/a/b", "GET /files/*path", "200"},
		{"GET /missing/a/b", "GET", "404"},
		{"GET /denied/1", "GET /denied/:id", "401"},
		{"GET /changed", "GET /changed", "409"},
		{"GET /elsewhere", "GET /teams/:team/users/:id", "200"},
	} {
		t.Run(test.target, func(t *testing.T) {
			sdk := oteltest.New(t)
			r := gin.New()
			r.HandleMethodNotAllowed = true
			r.Use(gintrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
			r.GET("/", ok)
			r.GET("/trail/", ok)
			r.Group("/teams/:team").GET("/users/:id", ok)
			r.Any("/mux/*rest", gin.WrapH(mux))
			r.GET("/files/*path", ok)
			r.GET("/missing/*path", func(c *gin.Context) { c.Status(http.StatusNotFound) })
			r.GET("/denied/:id", func(c *gin.Context) { c.AbortWithStatus(http.StatusUnauthorized) }, ok)
			r.GET("/changed", func(c *gin.Context) {
				c.Status(http.StatusAccepted)
				c.JSON(http.StatusConflict, nil)
			})
			r.GET("/elsewhere", func(c *gin.Context) {
				c.Request.URL.Path = "/teams/nais/users/1"
				r.HandleContext(c)
			})

			method, path, _ := strings.Cut(test.target, " ")
			r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
			if strings.HasPrefix(test.status, "3") { // gin does not run middleware for redirects
				if sdk.Started() != 0 {
					t.Error("a span was made")
				}
				return
			}
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

// TestWriter checks that a handler gets a writer with all methods of gin's writer. It also checks
// that a response is sent to the client if gin writes it after the Middleware has returned.
func TestWriter(t *testing.T) {
	sdk := oteltest.New(t)
	r := gin.New()
	r.Use(gintrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
	r.GET("/", func(c *gin.Context) {
		if err := http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		c.Status(http.StatusTeapot)
		if c.Writer.Written() || c.Writer.Size() != -1 {
			t.Error("the header was sent early")
		}
		_, _ = io.WriteString(c.Writer, "hello")
		if !c.Writer.Written() || c.Writer.Size() != 5 {
			t.Errorf("written %t, %d bytes", c.Writer.Written(), c.Writer.Size())
		}
	})
	server := httptest.NewServer(r)
	defer server.Close()
	for path, want := range map[string]struct {
		status int
		body   string
	}{"/": {http.StatusTeapot, "hello"}, "/nowhere": {http.StatusNotFound, "404 page not found"}} {
		res, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != want.status || string(body) != want.body {
			t.Errorf("%s: %d %q", path, res.StatusCode, body)
		}
	}
}

// TestPanicAfterAbort checks a handler that sends a status and then panics. The span has this
// status.
func TestPanicAfterAbort(t *testing.T) {
	sdk := oteltest.New(t)
	r := gin.New()
	r.Use(gin.RecoveryWithWriter(io.Discard), gintrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
	r.GET("/", func(c *gin.Context) {
		c.AbortWithStatus(http.StatusUnauthorized)
		panic("on purpose")
	})
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if got := oteltest.Map(sdk.Only(t).Attributes())["http.response.status_code"]; got != "401" {
		t.Errorf("status %q", got)
	}
}

// TestGoroutinesOutliveTheHandler checks that goroutines can read gin's context after the handler
// has returned. This is also possible without tracing.
func TestGoroutinesOutliveTheHandler(t *testing.T) {
	for _, path := range []string{"/", "/panics"} {
		r := gin.New() // this engine uses the same contexts again for other requests
		r.Use(gin.RecoveryWithWriter(io.Discard), gintrace.Middleware(httptrace.WithTracerProvider(oteltest.New(t).TracerProvider)))
		var group sync.WaitGroup
		answered := make(chan struct{})
		work := func(c *gin.Context) {
			group.Go(func() { // the race detector reports a later write to these values
				if c.Request.URL.Path == "" || c.Writer.Header() == nil {
					t.Error("the context is empty")
				}
			})
			span := trace.SpanContextFromContext(c.Request.Context())
			group.Go(func() {
				<-answered
				if got := trace.SpanContextFromContext(c.Request.Context()); !got.IsValid() || !got.Equal(span) {
					t.Errorf("%s: span %v, want %v", path, got, span)
				}
			})
		}
		r.GET("/", work)
		r.GET("/panics", work, func(*gin.Context) { panic("on purpose") })
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		close(answered)
		group.Wait()
	}
}

// TestRecovery checks gin.Recovery, once outside and once inside the Middleware of this package.
// In gin.Default, gin.Recovery is outside.
func TestRecovery(t *testing.T) {
	for name, use := range map[string]func(r *gin.Engine, traced gin.HandlerFunc){
		"outside": func(r *gin.Engine, traced gin.HandlerFunc) { r.Use(gin.RecoveryWithWriter(io.Discard), traced) },
		"inside":  func(r *gin.Engine, traced gin.HandlerFunc) { r.Use(traced, gin.RecoveryWithWriter(io.Discard)) },
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			r := gin.New()
			use(r, gintrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
			r.GET("/panics/:id", func(*gin.Context) { panic("on purpose") })
			w := httptest.NewRecorder()
			r.ServeHTTP(w, httptest.NewRequest("GET", "/panics/1", nil))
			span := sdk.Only(t)
			attrs := oteltest.Map(span.Attributes())
			if w.Code != 500 || span.Name() != "GET /panics/:id" || attrs["http.response.status_code"] != "500" {
				t.Errorf("answered %d, span %q with %v", w.Code, span.Name(), attrs)
			}
			if got := len(span.Events()); name == "outside" && got != 1 || name == "inside" && got != 0 {
				t.Errorf("%d events", got)
			}
		})
	}
}

// TestFilesOfFormAreRemoved checks that the temporary files of a form are removed. net/http
// removes them only if the form is set on the request that net/http created.
func TestFilesOfFormAreRemoved(t *testing.T) {
	var file string
	r := gin.New()
	r.Use(gintrace.Middleware(httptrace.WithTracerProvider(oteltest.New(t).TracerProvider)))
	r.POST("/", func(c *gin.Context) {
		if err := c.Request.ParseMultipartForm(1); err != nil {
			t.Error(err)
			return
		}
		f, err := c.Request.MultipartForm.File["f"][0].Open()
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		file = f.(*os.File).Name()
	})
	server := httptest.NewServer(r)
	oteltest.PostFile(t, server.URL)
	server.Close()
	if _, err := os.Stat(file); file == "" || !os.IsNotExist(err) {
		t.Errorf("file %q: %v", file, err)
	}
}

// TestRecordedErrors checks that the errors that a handler records are exception events, once, if
// the response is an error of the server.
func TestRecordedErrors(t *testing.T) {
	failure := errors.New("no rows for 01017012345")
	for name, test := range map[string]struct {
		handle gin.HandlerFunc
		want   []string // the messages of the events
	}{
		"AbortWithError": {func(c *gin.Context) { c.AbortWithError(http.StatusInternalServerError, failure) }, []string{"no rows for ***********"}},
		"two errors": {func(c *gin.Context) {
			c.Error(failure)
			c.Error(errors.New("rollback"))
			c.Status(http.StatusBadGateway)
		}, []string{"no rows for ***********", "rollback"}},
		"one error twice": {func(c *gin.Context) {
			c.Error(failure)
			c.AbortWithError(http.StatusInternalServerError, failure)
		}, []string{"no rows for ***********"}},
		"status 400": {func(c *gin.Context) { c.AbortWithError(http.StatusBadRequest, failure) }, nil},
		"status 200": {func(c *gin.Context) { c.Error(failure) }, nil},
		"no error":   {func(c *gin.Context) { c.Status(http.StatusInternalServerError) }, nil},
	} {
		for _, twice := range []bool{false, true} {
			sdk := oteltest.New(t)
			r := gin.New()
			r.Use(gintrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
			if twice {
				r.Use(gintrace.Middleware(httptrace.WithTracerProvider(sdk.TracerProvider)))
			}
			r.GET("/", test.handle)
			r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			var got []string
			for _, event := range sdk.Only(t).Events() {
				got = append(got, oteltest.Map(event.Attributes)["exception.message"])
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s: events %q, want %q", name, got, test.want)
			}
		}
	}
}

func TestMounted(t *testing.T) {
	httpsuite.RunMounted(t, func(prefix string, mounted http.Handler, opts ...httptrace.Option) http.Handler {
		r := gin.New()
		r.Use(gintrace.Middleware(opts...))
		r.Any(prefix+"/*path", gin.WrapH(mounted))
		return r
	})
}
