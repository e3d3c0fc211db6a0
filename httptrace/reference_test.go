package httptrace_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/conformance/httpsuite"
	"github.com/nais/spor/internal/conformance/reference"
	"github.com/nais/spor/internal/oteltest"
)

// An engine records requests. The zero value is otelhttp.
type engine struct {
	spor  bool
	atEnd bool // the attributes are set when the span ends
}

var (
	stock   = engine{}
	atStart = engine{spor: true}
	atEnd   = engine{spor: true, atEnd: true}
)

// both contains the options of a row for otelhttp and for spor.
type both struct {
	spor     []httptrace.Option
	otelhttp []otelhttp.Option
}

func (e engine) handler(sdk *oteltest.SDK, row both, next http.Handler) http.Handler {
	if e.spor {
		return httptrace.Handler(next, e.sporOptions(sdk, row)...)
	}
	return otelhttp.NewHandler(next, "", e.otelhttpOptions(sdk, row)...)
}

func (e engine) transport(sdk *oteltest.SDK, row both, base http.RoundTripper) http.RoundTripper {
	if e.spor {
		return httptrace.Transport(base, e.sporOptions(sdk, row)...)
	}
	return otelhttp.NewTransport(base, e.otelhttpOptions(sdk, row)...)
}

func (e engine) sporOptions(sdk *oteltest.SDK, row both) []httptrace.Option {
	opts := options(sdk, httptrace.WithOptionalMetrics())
	if e.atEnd {
		opts = append(opts, httptrace.WithTracerProvider(oteltest.AttributesAtEnd(sdk.TracerProvider)))
	}
	return append(opts, row.spor...)
}

func (e engine) otelhttpOptions(sdk *oteltest.SDK, row both) []otelhttp.Option {
	return append([]otelhttp.Option{
		otelhttp.WithTracerProvider(sdk.TracerProvider),
		otelhttp.WithMeterProvider(sdk.MeterProvider),
		otelhttp.WithPropagators(sdk.Propagator),
	}, row.otelhttp...)
}

// referenceRoutes returns the routes of the suite and a few more. The handler of /hangs calls
// cancel, and then waits until the client has disconnected.
func referenceRoutes(cancel context.CancelFunc) http.Handler {
	more := map[string]http.HandlerFunc{
		"GET /internal/isAlive": ok,
		"GET /redirects":        func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/users/1", http.StatusFound) },
		"GET /600":              func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(600) },
		"GET /hints": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusCreated)
		},
		"GET /labels": func(_ http.ResponseWriter, r *http.Request) {
			l, _ := otelhttp.LabelerFromContext(r.Context())
			l.Add(attribute.String("tenant", "nav"))
		},
		"GET /own": func(_ http.ResponseWriter, r *http.Request) {
			span := trace.SpanFromContext(r.Context())
			span.SetAttributes(attribute.String("url.path", "/mine"), attribute.Int("answers", 42))
			span.AddEvent("work")
			span.SetName("my work")
		},
		"GET /hangs": func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		},
	}
	mux := muxOf(httpsuite.Routes(), func(h http.Handler) http.Handler { return h })
	for pattern, h := range more {
		mux.HandleFunc(pattern, h)
	}
	return mux
}

// factsOf returns the facts of all spans and metrics of sdk. port is the port of the server.
func factsOf(t *testing.T, sdk *oteltest.SDK, port string) reference.Facts {
	t.Helper()
	f := reference.FactsOf(t, sdk)
	for fact, value := range f {
		switch {
		case fact.Property == "network.peer.port", fact.Property == "server.port" && value == port:
			f[fact] = "PORT"
		default:
			f[fact] = strings.ReplaceAll(value, ":"+port, ":PORT")
		}
	}
	return f
}

// compare runs a row with each engine. It fails the test if otelhttp and spor differ in a way that
// is not in a table, or if spor records something else when it sets attributes at the end.
func compare(t *testing.T, j *reference.Judge, row string, run func(engine) reference.Facts) {
	t.Helper()
	got := run(atStart)
	got.CheckAgreement(t)
	j.Compare(t, row, run(stock), got)
	for _, found := range reference.Differences(row, got, run(atEnd)) {
		t.Errorf("at the start and at the end: %v", found)
	}
}
