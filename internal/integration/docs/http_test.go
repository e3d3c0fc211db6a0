package docs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/oteltest"
)

func TestHTTPPage(t *testing.T) {
	sdk := oteltest.New(t)
	common := []httptrace.Option{
		httptrace.WithTracerProvider(sdk.TracerProvider), httptrace.WithMeterProvider(sdk.MeterProvider),
		httptrace.WithPropagator(sdk.Propagator), httptrace.WithOptionalMetrics(),
		httptrace.WithRequestHeaders("X-Request-Id"), httptrace.WithResponseHeaders("Cache-Control"),
	}
	site := httpSite(t, common)
	client := site.Client()
	client.Transport = httptrace.Transport(client.Transport, common...)

	visit := func(method, path string, body []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if path == "/slow" {
			context.AfterFunc(ctx, cancel)
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		request, err := http.NewRequestWithContext(ctx, method, site.URL+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Request-Id", "7")
		request.Header.Set("X-Forwarded-For", "192.0.2.7")
		response, err := client.Do(request)
		if err != nil {
			return
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil && !errors.Is(err, context.Canceled) {
			t.Log(err)
		}
	}
	visit(http.MethodGet, "/users/7?sort=name", nil)
	visit(http.MethodPost, "/users", []byte("{}"))
	visit("BREW", "/coffee", nil)
	visit(http.MethodGet, "/nowhere", nil)
	visit(http.MethodGet, "/old", nil)
	visit(http.MethodGet, "/boom", nil)
	visit(http.MethodGet, "/slow", nil)
	visitWithPhases(t, common)
	site.Close()
	oteltest.Eventually(t, func() bool { return len(sdk.Ended()) == sdk.Started() })
	compare(t, read(t, "../../../docs/http.md"), emitted(t, sdk, "github.com/nais/spor/httptrace"))
}

// visitWithPhases sends a request that records all phases: it looks up a name, opens a connection
// and makes a TLS handshake.
func visitWithPhases(t *testing.T, common []httptrace.Option) {
	t.Helper()
	site := httptest.NewTLSServer(http.NotFoundHandler())
	defer site.Close()
	client := site.Client()
	base, _ := client.Transport.(*http.Transport)
	base.TLSClientConfig.ServerName = "example.com"
	base.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp4", addr) // the site has no IPv6 address
	}
	client.Transport = httptrace.Transport(base, append(common, httptrace.WithPhases())...)
	address := strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}

// httpSite starts a traced server. The handler of the server has the option
// WithPublicEndpoint.
func httpSite(t *testing.T, common []httptrace.Option) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/users", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("/users/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, "Ada")
	})
	mux.Handle("/old", http.RedirectHandler("/users/7", http.StatusFound))
	mux.HandleFunc("/boom", func(http.ResponseWriter, *http.Request) { panic("boom") })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	site := httptest.NewUnstartedServer(httptrace.Handler(mux, append(common, httptrace.WithQuery(),
		httptrace.WithPublicEndpoint(), httptrace.WithTrustedProxies(netip.MustParsePrefix("127.0.0.0/8")))...))
	site.Config.ErrorLog = log.New(io.Discard, "", 0)
	site.Start()
	t.Cleanup(site.Close)
	return site
}
