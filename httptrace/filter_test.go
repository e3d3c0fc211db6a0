package httptrace_test

import (
	"net/http"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

// TestFilteredRequestsPassTheCallerOn checks which trace context the handler of a filtered request
// sends to another service. If the caller sent one, it continues. A health check has no caller whose
// trace is worth continuing.
func TestFilteredRequestsPassTheCallerOn(t *testing.T) {
	sdk := oteltest.New(t, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
	var got http.Header
	other := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	silent := "00-00000000000000000000000000000001-0000000000000001-00"
	clients := map[string]http.RoundTripper{
		"spor": httptrace.Transport(nil, options(sdk)...),
		"otelhttp": otelhttp.NewTransport(http.DefaultTransport, otelhttp.WithTracerProvider(sdk.TracerProvider),
			otelhttp.WithMeterProvider(sdk.MeterProvider), otelhttp.WithPropagators(sdk.Propagator)),
	}
	for name, test := range map[string]struct {
		path, caller string
		want         string // what spor sends
		same         bool   // otelhttp sends the trace of the caller, with a span of its own
	}{
		"sampled caller":   {"/quiet", traceparent, traceparent, true},
		"unsampled caller": {"/quiet", traceparent[:53] + "00", traceparent[:53] + "00", true},
		"no caller":        {"/quiet", "", silent, false},
		"health check":     {"/isalive", traceparent, silent, false},
	} {
		for client, rt := range clients {
			h := httptrace.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				call := request(t, "GET", other).WithContext(r.Context())
				if err := exchange(t, rt, call); err != nil {
					t.Error(err)
				}
			}), options(sdk, httptrace.WithFilter(func(r *http.Request) bool { return r.URL.Path != "/quiet" }))...)
			header := []string{"Baggage", "a=b"}
			if test.caller != "" {
				header = append(header, "Traceparent", test.caller)
			}
			get(t, serve(t, h)+test.path, header...)
			sent := got.Get("Traceparent")
			if client == "spor" && sent != test.want {
				t.Errorf("%s: sent %q, want %q", name, sent, test.want)
			}
			if client == "otelhttp" && (sent[:35] == traceparent[:35]) != test.same {
				t.Errorf("%s with otelhttp: sent %q", name, sent)
			}
			if want := map[bool]string{true: "a=b"}[test.path == "/quiet"]; got.Get("Baggage") != want {
				t.Errorf("%s: baggage %q, want %q", name, got.Get("Baggage"), want)
			}
		}
	}
	if n := len(sdk.Ended()); n != 0 {
		t.Errorf("%d spans ended, want none", n)
	}
}
