package httptrace

import (
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/privacy"
)

// startOptions returns the options with which the server span of r starts. opts are the options
// from otelhttp. Their attributes may be wrong, because otelhttp trusts all proxies and does not
// check texts. startOptions corrects the attributes before the span starts, because samplers read
// them. Most requests need no correction.
func startOptions(c *config, r *http.Request, scheme string, opts []trace.SpanStartOption) []trace.SpanStartOption {
	if c.plain() && harmless(r) {
		return opts
	}
	given := trace.NewSpanStartConfig(opts...)
	attrs := slices.DeleteFunc(given.Attributes(), func(attr attribute.KeyValue) bool {
		// http.route is deleted if an outer mux has found only the beginning of the route.
		return attr.Key == semconv.HTTPRouteKey && routing.Known(r) == ""
	})
	for i, attr := range attrs {
		switch attr.Key {
		case semconv.ClientAddressKey:
			attrs[i] = semconv.ClientAddress(c.proxies.clientOf(r))
		case semconv.URLSchemeKey:
			attrs[i] = semconv.URLScheme(scheme)
		default:
			attrs[i] = tidy(attr)
		}
	}
	if c.query && r.URL.RawQuery != "" {
		attrs = append(attrs, tidy(semconv.URLQuery(privacy.Query(r.URL.RawQuery))))
	}
	attrs = append(attrs, recorded(c.requestHeaders, r.Header)...)
	return rebuild(given, attrs)
}

var kindServer = trace.WithSpanKind(trace.SpanKindServer)

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

// harmless reports whether the attributes from otelhttp need no correction for r. This is the
// case if all of these conditions are true:
//   - The client sent no X-Forwarded-For.
//   - The client sent no text that is too long or is not valid UTF-8.
//   - r has no incomplete route.
func harmless(r *http.Request) bool {
	return (r.Pattern == "" || routing.Known(r) != "") &&
		r.Header["X-Forwarded-For"] == nil && isTidy(r.Method) && isTidy(r.Host) &&
		isTidy(r.URL.Path) && isTidy(r.UserAgent()) && isTidy(r.RemoteAddr)
}

func isTidy(s string) bool { return errinfo.Cut(s) == s }

// tidy returns attr. If its value is a text that is too long or is not valid UTF-8, the returned
// attribute has a corrected value.
func tidy(attr attribute.KeyValue) attribute.KeyValue {
	if attr.Value.Type() != attribute.STRING || isTidy(attr.Value.AsString()) {
		return attr
	}
	return attr.Key.String(errinfo.Cut(attr.Value.AsString()))
}
