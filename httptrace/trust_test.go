package httptrace_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func TestForwardingHeaders(t *testing.T) {
	type headers map[string][]string
	xff, proto, forwarded := "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"
	for _, test := range []struct {
		name           string
		peer           string
		headers        headers
		client, scheme string
	}{
		{"no headers", "10.0.0.1:80", nil, "10.0.0.1", "http"},
		{"headers of a stranger", "192.0.2.1:80", headers{xff: {"1.2.3.4"}, proto: {"https"}}, "192.0.2.1", "http"},
		{"headers of a proxy", "10.0.0.1:80", headers{xff: {"1.2.3.4"}, proto: {"https"}}, "1.2.3.4", "https"},
		{"client lies", "10.0.0.1:80", headers{xff: {"6.6.6.6, 1.2.3.4"}, proto: {"https"}}, "1.2.3.4", "https"},
		{"client lies on a line of its own", "10.0.0.1:80", headers{xff: {"6.6.6.6", "1.2.3.4"}}, "1.2.3.4", "http"},
		{"two proxies", "10.0.0.1:80", headers{xff: {"1.2.3.4, 10.0.0.2"}, proto: {"https, http"}}, "1.2.3.4", "https"},
		{"client lies about the scheme", "10.0.0.1:80", headers{xff: {"1.2.3.4"}, proto: {"https, http"}}, "1.2.3.4", "http"},
		{"only proxies", "10.0.0.1:80", headers{xff: {"10.0.0.3, 10.0.0.2"}}, "10.0.0.3", "http"},
		{"garbage", "10.0.0.1:80", headers{xff: {"1.2.3.4, unknown"}, proto: {"gopher"}}, "10.0.0.1", "http"},
		{"port", "10.0.0.1:80", headers{xff: {"1.2.3.4:5678"}}, "1.2.3.4", "http"},
		{"IPv6", "[fd00::1]:80", headers{xff: {"2001:db8::1"}}, "2001:db8::1", "http"},
		{"IPv6 with port", "[fd00::1]:80", headers{xff: {"[2001:db8::1]:80"}}, "2001:db8::1", "http"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:80", headers{xff: {"::ffff:1.2.3.4"}}, "1.2.3.4", "http"},
		{"scheme alone", "10.0.0.1:80", headers{proto: {"HTTPS"}}, "10.0.0.1", "https"},
		{"Forwarded", "10.0.0.1:80", headers{forwarded: {`for="[2001:db8::1]:80";proto=https;by=10.0.0.1`}}, "2001:db8::1", "https"},
		{"Forwarded, client lies", "10.0.0.1:80", headers{forwarded: {`for=6.6.6.6;proto=http, For=1.2.3.4;Proto=https`}}, "1.2.3.4", "https"},
		{"Forwarded beside a proxy's header", "10.0.0.1:80", headers{forwarded: {`for=6.6.6.6;proto=https`}, xff: {"1.2.3.4"}}, "1.2.3.4", "http"},
		{"no address", "@", headers{xff: {"1.2.3.4"}}, "@", "http"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sdk := oteltest.New(t)
			h := httptrace.Handler(http.HandlerFunc(ok), options(sdk, httptrace.WithTrustedProxies(
				netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")))...)
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = test.peer
			maps.Copy(r.Header, test.headers)
			_, attrs := spanOf(t, sdk, h, r)
			if attrs["client.address"] != test.client || attrs["url.scheme"] != test.scheme {
				t.Errorf("client %q, scheme %q, want %q, %q", attrs["client.address"], attrs["url.scheme"], test.client, test.scheme)
			}
			if got := oteltest.Map(sdk.Seconds(t, "http.server.request.duration")[0].Attributes.ToSlice())["url.scheme"]; got != test.scheme {
				t.Errorf("measured scheme %q", got)
			}
		})
	}
}

func TestForwardingHeadersAreNotBelievedByDefault(t *testing.T) {
	sdk := oteltest.New(t)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-For", "6.6.6.6")
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("Forwarded", "for=6.6.6.6;proto=https")
	_, attrs := spanOf(t, sdk, httptrace.Handler(http.HandlerFunc(ok), options(sdk)...), r)
	if attrs["client.address"] != "192.0.2.1" || attrs["url.scheme"] != "http" {
		t.Errorf("client %q, scheme %q", attrs["client.address"], attrs["url.scheme"])
	}
}

func TestAttributesOfSpanAreUniqueAtStart(t *testing.T) {
	sdk := oteltest.New(t)
	h := httptrace.Handler(http.HandlerFunc(ok), options(sdk, httptrace.WithAttributes(attribute.String("team", "a")),
		httptrace.WithQuery(), httptrace.WithRequestHeaders("X-Forwarded-For"))...)
	r := httptest.NewRequest("GET", "/?a=b", nil)
	r.Header.Set("X-Forwarded-For", "6.6.6.6")
	span, _ := spanOf(t, sdk, h, r)
	seen := map[attribute.Key]bool{}
	for _, attr := range span.Attributes() {
		if seen[attr.Key] {
			t.Errorf("%s twice", attr.Key)
		}
		seen[attr.Key] = true
	}
}

func TestLongAndBrokenText(t *testing.T) {
	for name, spoil := range map[string]func(*http.Request){
		"method":      func(r *http.Request) { r.Method = strings.Repeat("X", 5000) },
		"host":        func(r *http.Request) { r.Host = strings.Repeat("h", 5000) },
		"path":        func(r *http.Request) { r.URL.Path = "/" + strings.Repeat("æ", 3000) },
		"broken path": func(r *http.Request) { r.URL.Path = "/\xff" },
		"agent":       func(r *http.Request) { r.Header.Set("User-Agent", strings.Repeat("a", 5000)) },
		"broken":      func(r *http.Request) { r.Header.Set("User-Agent", "a\xff") },
		"peer":        func(r *http.Request) { r.RemoteAddr = strings.Repeat("p", 5000) },
	} {
		t.Run(name, func(t *testing.T) {
			sdk := oteltest.New(t)
			r := httptest.NewRequest("GET", "/", nil)
			spoil(r)
			_, attrs := spanOf(t, sdk, httptrace.Handler(http.HandlerFunc(ok), options(sdk)...), r)
			for key, value := range attrs {
				if len(value) > 1030 || !utf8.ValidString(value) {
					t.Errorf("%s has %d bytes, valid UTF-8: %v", key, len(value), utf8.ValidString(value))
				}
			}
			if path := attrs["url.path"]; name == "path" && !strings.HasSuffix(path, "æ") {
				t.Error("url.path was cut within a letter")
			}
		})
	}
}

// TestHostileTraffic checks that a client cannot cause new span names or new time series,
// whatever it sends.
func TestHostileTraffic(t *testing.T) {
	sdk := oteltest.New(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", ok)
	h := httptrace.Handler(mux, options(sdk, httptrace.WithOptionalMetrics())...)
	for i := range 1000 {
		number := fmt.Sprintf("%011d", 1_017_000_000+i)
		r := httptest.NewRequest(fmt.Sprintf("M%d", i), "/users/"+number, nil)
		switch i % 3 {
		case 1:
			r.Method = "GET"
		case 2:
			r.Method, r.URL.Path = "GET", "/"+number
		}
		r.Host = fmt.Sprintf("host%d.example:%d", i, 1000+i)
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("1.2.%d.%d", i/256, i%256))
		r.Header.Set("X-Forwarded-Host", r.Host)
		r.Header.Set("X-Forwarded-Proto", fmt.Sprintf("scheme%d", i))
		r.Header.Set("Forwarded", fmt.Sprintf("for=1.2.%d.%d;proto=scheme%d;host=%s", i/256, i%256, i, r.Host))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	names := map[string]int{}
	for _, span := range sdk.Ended() {
		names[span.Name()]++
		if got := oteltest.Map(span.Attributes()); got["client.address"] != "192.0.2.1" || got["url.scheme"] != "http" {
			t.Fatalf("attributes from headers of the client: %v", got)
		}
	}
	if len(names) != 3 || names["GET /users/{id}"] == 0 || names["GET"] == 0 || names["HTTP"] == 0 {
		t.Errorf("names %v", names)
	}
	if points := sdk.Seconds(t, "http.server.request.duration"); len(points) != 3 {
		t.Errorf("%d series of the duration", len(points))
	}
	for _, name := range []string{"request.body.size", "response.body.size"} {
		if points := sdk.Bytes(t, "http.server."+name); len(points) != 3 {
			t.Errorf("%d series of %s", len(points), name)
		}
	}
}

func FuzzForwardingHeaders(f *testing.F) {
	f.Add("1.2.3.4, 10.0.0.2", "https", "for=1.2.3.4;proto=https")
	f.Add(",", ",", ";=,=;")
	f.Add("[::1]:80, ]", "", `for="[::1`)
	f.Fuzz(func(t *testing.T, xff, proto, forwarded string) {
		for _, set := range []map[string]string{{"X-Forwarded-For": xff, "X-Forwarded-Proto": proto}, {"Forwarded": forwarded}} {
			sdk := oteltest.New(t)
			h := httptrace.Handler(http.HandlerFunc(ok), options(sdk, httptrace.WithTrustedProxies(netip.MustParsePrefix("192.0.2.0/24")))...)
			r := httptest.NewRequest("GET", "/", nil)
			for key, value := range set {
				r.Header[key] = []string{value}
			}
			_, attrs := spanOf(t, sdk, h, r)
			if _, err := netip.ParseAddr(attrs["client.address"]); err != nil {
				t.Errorf("client.address %q", attrs["client.address"])
			}
			if s := attrs["url.scheme"]; s != "http" && s != "https" {
				t.Errorf("url.scheme %q", s)
			}
		}
	})
}
