package httptrace_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// modes contains the two ways in which a span gets its attributes.
var modes = map[string]func(*sdktrace.TracerProvider) trace.TracerProvider{
	"at the start": func(p *sdktrace.TracerProvider) trace.TracerProvider { return p },
	"at the end":   oteltest.AttributesAtEnd,
}

// limited returns an SDK whose spans have at most limit attributes.
func limited(t *testing.T, limit int) *oteltest.SDK {
	t.Helper()
	limits := sdktrace.NewSpanLimits()
	limits.AttributeCountLimit = limit
	return oteltest.New(t, sdktrace.WithRawSpanLimits(limits))
}

// own contains attributes that a program sets on the span itself.
var own = []attribute.KeyValue{
	attribute.String("url.path", "/redacted"),
	attribute.Int("http.response.status_code", 299),
	attribute.String("error.type", "validation"),
	attribute.String("http.request.method", "OWN"),
}

func checkOwn(t *testing.T, span sdktrace.ReadOnlySpan) {
	t.Helper()
	attrs := oteltest.Map(span.Attributes())
	for _, attr := range own {
		if got, want := attrs[string(attr.Key)], attr.Value.String(); got != want {
			t.Errorf("%s is %q, want %q", attr.Key, got, want)
		}
	}
}

// TestProgramsAttributesWin checks that a name and attributes that the program sets on the span
// itself are kept. This also applies if the span has as many attributes as it may have.
func TestProgramsAttributesWin(t *testing.T) {
	for mode, provider := range modes {
		for _, more := range []int{0, 18, 40} { // attributes that the program also sets
			t.Run(mode+"/"+strconv.Itoa(more), func(t *testing.T) {
				sdk := limited(t, 24)
				set := func(span trace.Span) {
					span.SetName("named by the program")
					span.SetAttributes(own...)
					for i := range more {
						span.SetAttributes(attribute.Int("n"+strconv.Itoa(i), i))
					}
				}
				opts := options(sdk, httptrace.WithTracerProvider(provider(sdk.TracerProvider)))
				server := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					set(trace.SpanFromContext(r.Context()))
					w.WriteHeader(http.StatusInternalServerError)
				}), opts...)
				span, _ := spanOf(t, sdk, server, httptest.NewRequest("GET", "/users/1", nil))
				checkName(t, span, "named by the program")
				checkOwn(t, span)

				client := httptrace.Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
					set(trace.SpanFromContext(r.Context()))
					return &http.Response{StatusCode: http.StatusInternalServerError, Body: http.NoBody, Request: r}, nil
				}), opts...)
				if err := exchange(t, client, request(t, "GET", "http://example.com/users/1")); err != nil {
					t.Fatal(err)
				}
				span = sdk.Wait(t, 2)[1]
				checkName(t, span, "named by the program")
				checkOwn(t, span)
			})
		}
	}
}

// TestRouteReplacesTheFirstRoute checks a request whose span starts with a route that is later
// replaced by the handler.
func TestRouteReplacesTheFirstRoute(t *testing.T) {
	for mode, provider := range modes {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			opts := options(sdk, httptrace.WithTracerProvider(provider(sdk.TracerProvider)))
			mux := http.NewServeMux()
			mux.Handle("POST /graphql", httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				httptrace.SetRoute(r, "/graphql/{operation}")
			}), opts...))
			span, attrs := spanOf(t, sdk, mux, httptest.NewRequest("POST", "/graphql", nil))
			checkName(t, span, "POST /graphql/{operation}")
			if attrs["http.route"] != "/graphql/{operation}" {
				t.Errorf("attributes %v", attrs)
			}
		})
	}
}

// TestSamplersSeeTheRequest checks that a span starts with the attributes of the request if a
// sampler may read them.
func TestSamplersSeeTheRequest(t *testing.T) {
	var seen []map[string]string
	sdk := oteltest.New(t, sdktrace.WithSampler(samplerFunc(func(p sdktrace.SamplingParameters) {
		seen = append(seen, oteltest.Map(p.Attributes))
	})))
	h := httptrace.Handler(http.HandlerFunc(ok), options(sdk)...)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/users/1", nil))
	rt := httptrace.Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	}), options(sdk)...)
	if err := exchange(t, rt, request(t, "GET", "http://example.com/users/1")); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || seen[0]["url.path"] != "/users/1" || seen[1]["url.full"] != "http://example.com/users/1" {
		t.Errorf("the sampler got %v", seen)
	}
}

type samplerFunc func(sdktrace.SamplingParameters)

func (f samplerFunc) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	f(p)
	return sdktrace.AlwaysSample().ShouldSample(p)
}

func (samplerFunc) Description() string { return "test" }

// TestLateAttributesAreThoseOfTheRequest checks that a handler which changes its request, even after a
// timeout, does not change what is recorded.
func TestLateAttributesAreThoseOfTheRequest(t *testing.T) {
	for mode, provider := range modes {
		t.Run(mode, func(t *testing.T) {
			sdk := oteltest.New(t)
			opts := options(sdk, httptrace.WithTracerProvider(provider(sdk.TracerProvider)), httptrace.WithRequestHeaders("X-User"), httptrace.WithQuery())
			stop, running := make(chan struct{}), make(chan struct{})
			h := httptrace.Handler(http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				for first := true; ; first = false {
					r.URL.Path, r.URL.RawQuery = "/other", "other=1"
					r.Header.Set("X-User", "other")
					r.Header.Del("User-Agent")
					if first {
						close(running)
					}
					select {
					case <-stop:
						return
					default:
						runtime.Gosched()
					}
				}
			}), time.Millisecond, "late"), opts...)
			r := httptest.NewRequest("GET", "/users/1?a=1", nil)
			r.Header.Set("User-Agent", "test")
			r.Header.Set("X-User", "kari")
			h.ServeHTTP(httptest.NewRecorder(), r)
			<-running
			attrs := oteltest.Map(sdk.Only(t).Attributes())
			close(stop)
			for key, want := range map[string]string{"url.path": "/users/1", "url.query": "a=1", "user_agent.original": "test", "http.request.header.x-user": `["kari"]`} {
				if attrs[key] != want {
					t.Errorf("%s is %q, want %q", key, attrs[key], want)
				}
			}
		})
	}
}

// TestRouteOfTheProgramWins checks http.route, which the span may have from its start.
func TestRouteOfTheProgramWins(t *testing.T) {
	for mode, provider := range modes {
		sdk := oteltest.New(t)
		opts := options(sdk, httptrace.WithTracerProvider(provider(sdk.TracerProvider)))
		mux := http.NewServeMux()
		mux.Handle("POST /graphql", httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("http.route", "/own"))
			httptrace.SetRoute(r, "/graphql/{operation}")
		}), opts...))
		if _, attrs := spanOf(t, sdk, mux, httptest.NewRequest("POST", "/graphql", nil)); attrs["http.route"] != "/own" {
			t.Errorf("%s: attributes %v", mode, attrs)
		}
	}
}
