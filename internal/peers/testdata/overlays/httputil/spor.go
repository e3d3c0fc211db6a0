package httputil

import "net/http"

// sporTransport wraps the transport of a ReverseProxy.
func sporTransport(rt http.RoundTripper) http.RoundTripper {
	if http.SporTransport == nil {
		return rt
	}
	return http.SporTransport(rt)
}
