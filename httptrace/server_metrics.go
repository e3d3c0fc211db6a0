package httptrace

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"

	"github.com/nais/spor/internal/cache"
)

// seconds contains the bucket boundaries for durations that the conventions recommend.
var seconds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

// serverMetrics has the instruments of a server. The client cannot choose the attribute values of
// these metrics. In particular, no attribute contains the Host header.
type serverMetrics struct {
	duration   metric.Float64Histogram
	optional   *serverSizes // nil if WithOptionalMetrics is not used
	attributes []attribute.KeyValue
	series     cache.Map[serverSeries, []metric.RecordOption]
	busy       cache.Map[serverSeries, []metric.AddOption]
}

// serverSizes has the instruments that WithOptionalMetrics adds.
type serverSizes struct {
	active            metric.Int64UpDownCounter
	request, response metric.Int64Histogram
}

// serverSeries contains the attribute values that differ between time series of a server.
type serverSeries struct {
	method, scheme, version, route, errorType string
	status                                    int
}

func (s *server) newServerMetrics(meter metric.Meter) *serverMetrics {
	duration, err := httpconv.NewServerRequestDuration(meter, metric.WithExplicitBucketBoundaries(seconds...))
	report(err)
	m := &serverMetrics{duration: duration.Inst(), attributes: s.attributes}
	if s.optional {
		active, err := httpconv.NewServerActiveRequests(meter)
		report(err)
		request, err := httpconv.NewServerRequestBodySize(meter)
		report(err)
		response, err := httpconv.NewServerResponseBodySize(meter)
		report(err)
		m.optional = &serverSizes{active.Inst(), request.Inst(), response.Inst()}
	}
	return m
}

// active adds change to the number of active requests like c.
func (m *serverMetrics) active(c *serverRequest, change int64) {
	if m.optional == nil {
		return
	}
	key := serverSeries{method: knownMethod(c.request.Method, "_OTHER"), scheme: c.origin.scheme}
	opts := m.busy.Get(key, func(key serverSeries) []metric.AddOption {
		return []metric.AddOption{metric.WithAttributeSet(m.set(key))}
	})
	m.optional.active.Add(c, change, opts...)
}

func (m *serverMetrics) record(c *serverRequest, o outcome) {
	key := serverSeries{
		method:    knownMethod(c.request.Method, "_OTHER"),
		scheme:    c.origin.scheme,
		version:   versionOf(c.request.Proto),
		route:     o.route,
		errorType: o.errorType,
		status:    o.status,
	}
	opts := m.series.Get(key, func(key serverSeries) []metric.RecordOption {
		return []metric.RecordOption{metric.WithAttributeSet(m.set(key))}
	})
	if added := c.labels.Get(); len(added) > 0 {
		opts = append(slices.Clip(opts), metric.WithAttributes(added...))
	}
	ctx := c.inner.Context()
	if !c.server.noStreams || !c.response.isStream() {
		m.duration.Record(ctx, time.Since(c.start).Seconds(), opts...)
	}
	if m.optional != nil {
		m.optional.request.Record(ctx, c.body.read.Load(), opts...)
		m.optional.response.Record(ctx, c.response.size(), opts...)
	}
}

func (m *serverMetrics) set(key serverSeries) attribute.Set {
	attrs := append(slices.Clip(m.attributes),
		semconv.HTTPRequestMethodKey.String(key.method),
		semconv.URLScheme(key.scheme),
	)
	if key.version != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(key.version))
	}
	if key.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(key.status))
	}
	if key.route != "" {
		attrs = append(attrs, semconv.HTTPRoute(key.route))
	}
	if key.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(key.errorType))
	}
	return attribute.NewSet(attrs...)
}

// versionOf returns the HTTP version in the form that the conventions require. If the version is
// unknown, it returns "".
func versionOf(proto string) string {
	switch proto {
	case "HTTP/1.0":
		return "1.0"
	case "HTTP/1.1":
		return "1.1"
	case "HTTP/2.0":
		return "2"
	case "HTTP/3.0":
		return "3"
	}
	return ""
}

func report(err error) {
	if err != nil {
		otel.Handle(err)
	}
}
