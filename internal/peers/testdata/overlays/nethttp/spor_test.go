package http_test

import (
	"net/http"
	"testing"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/peers/probe"
)

func init() {
	var opts []httptrace.Option
	if !probe.Has("timing") {
		opts = append(opts, httptrace.WithoutServerTiming())
	}
	if probe.Has("options") {
		opts = append(opts, httptrace.WithOptionalMetrics(), httptrace.WithQuery(), httptrace.WithPublicEndpoint(),
			httptrace.WithRequestHeaders("User-Agent", "Content-Type"), httptrace.WithResponseHeaders("Content-Type"))
	}
	if probe.Has("handler") {
		http.SporHandler = httptrace.Middleware(opts...)
	}
	if probe.Has("client") {
		http.SporTransport = func(base http.RoundTripper) http.RoundTripper { return httptrace.Transport(base, opts...) }
	}
}

// sporRun takes the place of m.Run.
func sporRun(m *testing.M) int { return probe.Run(m) }
