// Package sporhttp puts package httptrace into every server and every client.
package sporhttp

import (
	"net/http"

	"github.com/nais/spor/httptrace"
	"github.com/nais/spor/internal/peers/probe"
)

// Install sets the hooks of package http. The words "handler" and "client" of the variant say
// which ones.
func Install() {
	opts := options()
	if probe.Has("handler") {
		http.SporHandler = httptrace.Middleware(opts...)
	}
	if probe.Has("client") {
		http.SporTransport = func(base http.RoundTripper) http.RoundTripper { return httptrace.Transport(base, opts...) }
	}
}

func options() []httptrace.Option {
	var opts []httptrace.Option
	if !probe.Has("timing") {
		opts = append(opts, httptrace.WithoutServerTiming())
	}
	if probe.Has("options") {
		opts = append(opts, httptrace.WithOptionalMetrics(), httptrace.WithQuery(), httptrace.WithPublicEndpoint(),
			httptrace.WithRequestHeaders("User-Agent", "Content-Type"), httptrace.WithResponseHeaders("Content-Type"),
			httptrace.WithExpectedStatus(http.StatusNotFound), httptrace.WithoutStreamDurations(), httptrace.WithPhases())
	}
	return opts
}
