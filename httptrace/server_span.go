package httptrace

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/nais/spor/httptrace/internal/routing"
	"github.com/nais/spor/internal/errinfo"
	"github.com/nais/spor/internal/otelutil"
	"github.com/nais/spor/internal/privacy"
)

var (
	kindServer  = trace.WithSpanKind(trace.SpanKindServer)
	kindClient  = trace.WithSpanKind(trace.SpanKindClient)
	serverStart = []trace.SpanStartOption{kindServer}
	clientStart = []trace.SpanStartOption{kindClient}
)

// startSpan starts the span and returns the context that contains it. If no sampler or processor
// reads the attributes before the span has ended, the span starts without attributes, because it
// is cheaper to set all of them at the end.
func (c *serverRequest) startSpan() (ctx context.Context) {
	tracer := c.server.tracer
	c.startRoute = routing.Known(c.request)
	c.name = spanName(c.request.Method, c.startRoute)
	opts := serverStart
	if c.late = tracer.Late(); !c.late {
		attrs := otelutil.NewAttributeList()
		defer attrs.Release()
		c.describe(attrs)
		if c.startRoute != "" {
			attrs.Add(semconv.HTTPRoute(c.startRoute))
		}
		opts = []trace.SpanStartOption{kindServer, trace.WithAttributes(*attrs...)}
	}
	if c.root {
		opts = append(slices.Clip(opts), trace.WithNewRoot())
		if c.caller.IsValid() {
			opts = append(opts, trace.WithLinks(trace.Link{SpanContext: c.caller}))
		}
	}
	ctx, c.span = tracer.Start(c, c.name, opts...)
	return ctx
}

// describe adds the attributes that are known before the handler is called, except the route.
func (c *serverRequest) describe(attrs *otelutil.AttributeList) {
	r := c.request
	attrs.Add(c.server.attributes...)
	addMethod(attrs, r.Method)
	attrs.Add(semconv.URLScheme(c.origin.scheme))
	if host, port := hostPort(r.Host); host != "" {
		attrs.Add(semconv.ServerAddress(errinfo.Cut(host)))
		if port > 0 && port != defaultPort(r.TLS != nil) {
			attrs.Add(semconv.ServerPort(port))
		}
	}
	if host, port := hostPort(r.RemoteAddr); host != "" {
		attrs.Add(semconv.NetworkPeerAddress(errinfo.Cut(host)))
		if port > 0 {
			attrs.Add(semconv.NetworkPeerPort(port))
		}
	}
	if c.origin.client != "" {
		attrs.Add(semconv.ClientAddress(c.origin.client))
	}
	if c.asked.agent != "" {
		attrs.Add(semconv.UserAgentOriginal(errinfo.Cut(c.asked.agent)))
	}
	if c.asked.path != "" {
		attrs.Add(semconv.URLPath(errinfo.Cut(c.asked.path)))
	}
	if c.asked.query != "" {
		attrs.Add(semconv.URLQuery(errinfo.Cut(privacy.Query(c.asked.query))))
	}
	if version := versionOf(r.Proto); version != "" {
		attrs.Add(semconv.NetworkProtocolVersion(version))
	}
	attrs.Add(c.asked.headers...)
}

// addMethod adds the method of a request. If it is not one of the standard methods in upper case,
// addMethod also adds the text that was sent.
func addMethod(attrs *otelutil.AttributeList, method string) {
	known := knownMethod(method, "_OTHER")
	attrs.Add(semconv.HTTPRequestMethodKey.String(known))
	if method != "" && method != known {
		attrs.Add(semconv.HTTPRequestMethodOriginal(errinfo.Cut(method)))
	}
}

// complete sets the name, the status and the attributes that are known only at the end. It keeps a
// name and attributes that the program has set.
func (c *serverRequest) complete(o outcome) {
	attrs := otelutil.NewAttributeList()
	defer attrs.Release()
	if c.late {
		c.describe(attrs)
	}
	o.describe(attrs)
	c.addSizes(attrs)
	addHeaders(attrs, c.server.responseHeaders, c.response.header)
	if first := semconv.HTTPRoute(c.startRoute); !c.late && c.startRoute != "" && o.route != "" && o.route != c.startRoute && otelutil.Has(c.span, first) {
		c.span.SetAttributes(semconv.HTTPRoute(o.route))
	}
	attrs.SetMissingOn(c.span)
	c.rename(spanName(c.request.Method, o.route))
	if o.failed {
		for _, err := range c.errors.All() {
			errinfo.RecordError(c.span, err)
		}
		c.span.SetStatus(codes.Error, "")
	}
}

// rename changes the name of the span. If the program has changed it, rename does nothing.
func (c *serverRequest) rename(name string) {
	if s, ok := c.span.(interface{ Name() string }); ok && s.Name() != c.name || name == c.name {
		return
	}
	c.span.SetName(name)
}

func (c *serverRequest) addSizes(attrs *otelutil.AttributeList) {
	if read := c.body.read.Load(); read > 0 {
		attrs.Add(semconv.HTTPRequestBodySize(int(read)))
	}
	if sent := c.response.size(); sent > 0 {
		attrs.Add(semconv.HTTPResponseBodySize(int(sent)))
	}
}
