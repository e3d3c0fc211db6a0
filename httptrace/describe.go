package httptrace

import (
	"net"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/privacy"
)

// describe returns the options to start the server span with: otelhttp's own,
// with what it believes or takes in too readily put right, so that samplers see
// it right. As a rule there is nothing to do.
func (c *serverRequest) describe(opts []trace.SpanStartOption) []trace.SpanStartOption {
	s, r := c.server, c.request
	if s.plain() && harmless(r) {
		return opts
	}
	given := trace.NewSpanStartConfig(opts...)
	attrs := slices.DeleteFunc(given.Attributes(), func(attr attribute.KeyValue) bool {
		return attr.Key == semconv.HTTPRouteKey && routing.Known(r) == "" // a mux further out has not found all of it
	})
	for i, attr := range attrs {
		switch attr.Key {
		case semconv.ClientAddressKey:
			attrs[i] = semconv.ClientAddress(s.clientOf(r))
		case semconv.URLSchemeKey:
			attrs[i] = semconv.URLScheme(c.scheme)
		default:
			attrs[i] = tidy(attr)
		}
	}
	if s.query && r.URL.RawQuery != "" {
		attrs = append(attrs, tidy(semconv.URLQuery(privacy.Query(r.URL.RawQuery))))
	}
	attrs = append(attrs, recorded(s.requestHeaders, r.Header)...)
	return rebuild(given, attrs)
}

var kindServer = trace.WithSpanKind(trace.SpanKindServer)

// rebuild returns the options that given was made of, with other attributes.
func rebuild(given trace.SpanConfig, attrs []attribute.KeyValue) []trace.SpanStartOption {
	opts := append(make([]trace.SpanStartOption, 0, 4), kindServer, trace.WithAttributes(attrs...))
	if given.NewRoot() {
		opts = append(opts, trace.WithNewRoot())
	}
	if links := given.Links(); len(links) > 0 {
		opts = append(opts, trace.WithLinks(links...))
	}
	if at := given.Timestamp(); !at.IsZero() {
		opts = append(opts, trace.WithTimestamp(at))
	}
	return opts
}

// plain reports whether no option adds to the attributes at the start of a span.
func (c *config) plain() bool {
	return c.requestHeaders == nil && !c.query && len(c.proxies) == 0
}

// harmless reports whether the client sent nothing that otelhttp would take at
// its word, or that is too long or not text, and no mux left half a route.
func harmless(r *http.Request) bool {
	return (r.Pattern == "" || routing.Known(r) != "") &&
		r.Header["X-Forwarded-For"] == nil && isTidy(r.Method) && isTidy(r.Host) &&
		isTidy(r.URL.Path) && isTidy(r.UserAgent()) && isTidy(r.RemoteAddr)
}

// isTidy reports whether s may be recorded as the client sent it.
func isTidy(s string) bool { return errinfo.Cut(s) == s }

// tidy returns attr with a string value cut to a length and made valid UTF-8.
func tidy(attr attribute.KeyValue) attribute.KeyValue {
	if attr.Value.Type() != attribute.STRING || isTidy(attr.Value.AsString()) {
		return attr
	}
	return attr.Key.String(errinfo.Cut(attr.Value.AsString()))
}

// schemeOf returns the scheme that the client used, as far as is known.
func (c *config) schemeOf(r *http.Request) string {
	if scheme := c.forwarded(r).scheme; scheme != "" {
		return scheme
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// clientOf returns the address of the client, as far as is known.
func (c *config) clientOf(r *http.Request) string {
	if client := c.forwarded(r).client; client.IsValid() {
		return client.String()
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return errinfo.Cut(r.RemoteAddr)
	}
	return host
}
