package httptrace_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func TestWithAttributes(t *testing.T) {
	sdk := oteltest.New(t)
	opts := options(sdk, httptrace.WithAttributes(attribute.String("team", "a")))
	url := serve(t, httptrace.Handler(http.HandlerFunc(ok), opts...))
	if err := exchange(t, httptrace.Transport(nil, opts...), request(t, "GET", url)); err != nil {
		t.Fatal(err)
	}
	for _, span := range sdk.Wait(t, 2) {
		if got := oteltest.Map(span.Attributes())["team"]; got != "a" {
			t.Errorf("%v span has team %q", span.SpanKind(), got)
		}
	}
	for _, side := range []string{"server", "client"} {
		measured := oteltest.Map(sdk.Seconds(t, "http."+side+".request.duration")[0].Attributes.ToSlice())
		if measured["team"] != "a" {
			t.Errorf("%s measured %v", side, measured)
		}
	}
}

func TestWithHeaders(t *testing.T) {
	sdk := oteltest.New(t)
	h := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Answer", "42")
		w.Header().Set("Set-Cookie", "session=hush")
	}), options(sdk, httptrace.WithRequestHeaders("x-question", "authorization"), httptrace.WithResponseHeaders("X-Answer", "set-cookie", "X-Absent"))...)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Add("X-Question", "a")
	r.Header.Add("X-Question", "b")
	r.Header.Set("Authorization", "Bearer hush")
	r.Header.Set("Cookie", "hush")
	_, attrs := spanOf(t, sdk, h, r)
	for key, want := range map[string]string{
		"http.request.header.x-question":    `["a","b"]`,
		"http.request.header.authorization": `["REDACTED"]`,
		"http.response.header.x-answer":     `["42"]`,
		"http.response.header.set-cookie":   `["REDACTED"]`,
		"http.response.header.x-absent":     "",
		"http.request.header.cookie":        "",
	} {
		if got := attrs[key]; got != want {
			t.Errorf("%s %q, want %q", key, got, want)
		}
	}
}

func TestHeadersAndQueryAreNotRecordedByDefault(t *testing.T) {
	sdk := oteltest.New(t)
	r := httptest.NewRequest("POST", "/?name=hush", strings.NewReader("hush"))
	r.Header.Set("Authorization", "hush")
	r.Header.Set("Cookie", "hush")
	r.Header.Set("Baggage", "secret=hush")
	h := httptrace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "hush")
		w.Write([]byte("hush"))
	}), options(sdk)...)
	_, attrs := spanOf(t, sdk, h, r)
	for key, value := range attrs {
		if strings.Contains(value, "hush") {
			t.Errorf("%s %q", key, value)
		}
	}
}

// seeing is a sampler that stores the attributes of the latest span.
type seeing struct {
	sdktrace.Sampler

	attrs map[string]string
}

func (s *seeing) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.attrs = oteltest.Map(p.Attributes)
	return s.Sampler.ShouldSample(p)
}

func TestWithQuery(t *testing.T) {
	sampler := &seeing{Sampler: sdktrace.AlwaysSample()}
	sdk := oteltest.New(t, sdktrace.WithSampler(sampler))
	h := httptrace.Handler(http.HandlerFunc(ok), options(sdk, httptrace.WithQuery())...)
	_, attrs := spanOf(t, sdk, h, httptest.NewRequest("GET", "/?q=1&access_token=hush&sig=hush", nil))
	want := "q=1&access_token=REDACTED&sig=REDACTED"
	if attrs["url.query"] != want || sampler.attrs["url.query"] != want {
		t.Errorf("url.query %q, sampler saw %q, want %q", attrs["url.query"], sampler.attrs["url.query"], want)
	}
}

func TestSamplerSeesTheTrustworthyClient(t *testing.T) {
	sampler := &seeing{Sampler: sdktrace.AlwaysSample()}
	sdk := oteltest.New(t, sdktrace.WithSampler(sampler))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-For", "6.6.6.6")
	spanOf(t, sdk, httptrace.Handler(http.HandlerFunc(ok), options(sdk)...), r)
	if got := sampler.attrs["client.address"]; got != "192.0.2.1" {
		t.Errorf("client.address %q", got)
	}
}

func TestWithoutServerTiming(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, httptrace.Handler(http.HandlerFunc(ok), options(sdk, httptrace.WithoutServerTiming())...))
	if _, h := get(t, url, "Origin", "https://example.com"); h.Get("Server-Timing") != "" || h.Get("X-Trace-Id") != "" ||
		h.Get("Access-Control-Expose-Headers") != "" {
		t.Errorf("headers %v", h)
	}
}

func TestServerTimingIsExposedToOtherOrigins(t *testing.T) {
	sdk := oteltest.New(t)
	cors := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Expose-Headers", "X-Own")
			next.ServeHTTP(w, r)
		})
	}
	url := serve(t, cors(httptrace.Handler(http.HandlerFunc(ok), options(sdk)...)))
	_, h := get(t, url, "Origin", "https://example.com")
	if got := strings.Join(h.Values("Access-Control-Expose-Headers"), ","); got != "X-Own,Server-Timing, X-Trace-Id" {
		t.Errorf("exposed %q", got)
	}
}

func TestServerTimingTellsThatNothingWasSampled(t *testing.T) {
	sdk := oteltest.New(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	_, h := get(t, serve(t, httptrace.Handler(http.HandlerFunc(ok), options(sdk)...)))
	if got := h.Get("Server-Timing"); !strings.HasSuffix(got, `-00"`) {
		t.Errorf("Server-Timing %q", got)
	}
}

func TestNilOptionsAreTheDefaults(t *testing.T) {
	h := httptrace.Handler(http.HandlerFunc(ok), nil, httptrace.WithFilter(nil), httptrace.WithTracerProvider(nil),
		httptrace.WithMeterProvider(nil), httptrace.WithPropagator(nil))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

func TestWithOptionalMetrics(t *testing.T) {
	active := func(sdk *oteltest.SDK) (sum int64) {
		data, _ := sdk.Metric(t, "http.server.active_requests").(metricdata.Sum[int64])
		for _, point := range data.DataPoints {
			if oteltest.Map(point.Attributes.ToSlice())["http.request.method"] != "GET" {
				t.Errorf("attributes %v", point.Attributes)
			}
			sum += point.Value
		}
		return sum
	}
	sdk := oteltest.New(t)
	during := int64(-1)
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		during = active(sdk)
		panic("on the way")
	})
	recoverer(httptrace.Handler(h, options(sdk, httptrace.WithOptionalMetrics())...)).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if after := active(sdk); during != 1 || after != 0 {
		t.Errorf("%d requests during one, %d after it", during, after)
	}
	if n := len(sdk.Bytes(t, "http.server.response.body.size")); n != 1 {
		t.Errorf("%d series of sizes", n)
	}
}

func TestOnlyDurationsAreMeasuredByDefault(t *testing.T) {
	sdk := oteltest.New(t)
	url := serve(t, httptrace.Handler(http.HandlerFunc(ok), options(sdk)...))
	if err := exchange(t, httptrace.Transport(nil, options(sdk)...), request(t, "GET", url)); err != nil {
		t.Fatal(err)
	}
	sdk.Wait(t, 2)
	for _, name := range []string{"server.active_requests", "server.request.body.size", "server.response.body.size", "client.request.body.size"} {
		if data := sdk.Metric(t, "http."+name); data != nil {
			t.Errorf("measured %s", name)
		}
	}
}
